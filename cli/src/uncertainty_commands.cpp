#include <fmt/format.h>

#include <chrono>
#include <cmath>
#include <limits>
#include <memory>
#include <stdexcept>

#include "checkpoint_option.h"
#include "commands.h"
#include "component_table.h"
#include "data.h"
#include "interrupt.h"
#include "json_report.h"
#include "mix/csv.h"
#include "mix/errors.h"
#include "mix/models/model_file.h"
#include "output.h"
#include "progress.h"
#include "rows_for_model.h"
#include "text.h"
#include "uncertainty_report.h"
#include "validators.h"

namespace mix::cli {
namespace {

// What both commands are told.
struct ModelAndData {
  std::string model{};
  std::string data{};
  std::string weights{};
  std::string groups{};
  double confidence = 0.95;
  Index threads = 0;
  bool json = false;
};

struct ErrorsCommand {
  ModelAndData input{};
  std::string information = "observed";
};

struct BootstrapCommand {
  ModelAndData input{};
  std::string kind = "nonparametric";
  Index replicates = BootstrapOptions{}.replicates;
  std::uint64_t seed = 1;
  std::string checkpoint{};  // the file
  const CLI::App* command = nullptr;
};

// The rows that a model can describe.
struct DescribedRows {
  SavedModel saved;
  std::vector<Column> columns;
  Table table;
  Vector weights;
  Groups groups;
};

DescribedRows read_rows(const ModelAndData& input) {
  if (!input.groups.empty()) check_read_twice(input.data, "--groups");
  DescribedRows found;
  found.saved = load_model(input.model);
  RowsForModel rows(input.data, found.saved, input.weights);
  Table all;
  if (!rows.next(std::numeric_limits<Index>::max(), all)) {
    throw DataError(fmt::format("{} has no rows", input.data));
  }
  found.columns = columns_or_numbered(found.saved.columns, found.saved.model.dimension());
  std::vector<std::string> names;
  for (const Column& column : found.columns) names.push_back(column.name);
  found.table = all.select(names);
  found.weights = weight_column(all, input.weights);
  if (!input.groups.empty()) found.groups = group_column(read_any_text(input.data), input.groups);

  const bool some = found.saved.model.takes_missing_cells();
  const std::vector<bool> known = some ? rows_with_cells(found.table) : complete_rows(found.table);
  std::vector<Index> kept;
  for (Index i = 0; i < found.table.rows(); ++i) {
    const bool weighted = found.weights.size() == 0 || !std::isnan(found.weights[i]);
    if (known[static_cast<std::size_t>(i)] && weighted) kept.push_back(i);
  }
  if (kept.empty()) throw DataError(fmt::format("{} has no complete rows", input.data));
  if (some) {
    rows.say_what_is_missing("is described by its other cells", "are described by their others");
  } else {
    rows.say_what_is_missing("is left out", "are left out");
  }
  found.table = found.table.take(kept);
  if (found.weights.size() > 0) found.weights = Vector(found.weights(kept));
  found.groups = found.groups.of_rows(kept);
  return found;
}

std::string title_of(const ModelAndData& input, const DescribedRows& rows) {
  return fmt::format("{}, {} of {}\n", input.model, count_of(rows.table.rows(), "row"), input.data);
}

void run_errors(const ErrorsCommand& flags) {
  const ModelAndData& input = flags.input;
  StandardErrorOptions options;
  options.information = parse_information(flags.information);
  const DescribedRows rows = read_rows(input);
  options.confidence = input.confidence;
  options.threads = input.threads;
  options.sample_weight = rows.weights;
  options.groups = rows.groups;
  const StandardErrors errors = [&] {
    try {
      return standard_errors(rows.saved.model, rows.table.cells(), options);
    } catch (const std::logic_error& error) {
      throw DataError(with_places(error.what(), rows.table));
    }
  }();
  if (input.json) {
    print_out(to_line(standard_errors_object(errors)));
    return;
  }
  print_out(title_of(input, rows) +
            describe_standard_errors(errors,
                                     component_titles(rows.saved.model, rows.saved.component_names),
                                     rows.columns));
}

// `120 of 999 replicates, 34 s left`; `before` of them come from a checkpoint.
std::string progress_text(Index done, Index before, Index all, double seconds) {
  const double left =
      seconds * static_cast<double>(all - done) / static_cast<double>(done - before);
  return fmt::format("{} of {} replicates, {} left", done, all, duration(left));
}

void run_bootstrap(const BootstrapCommand& flags) {
  const ModelAndData& input = flags.input;
  BootstrapOptions options;
  options.kind = parse_resampling(flags.kind);
  if (!flags.checkpoint.empty()) check_read_twice(input.model, "--checkpoint");
  const DescribedRows rows = read_rows(input);
  options.replicates = flags.replicates;
  options.seed = flags.seed;
  options.confidence = input.confidence;
  options.threads = input.threads;
  options.sample_weight = rows.weights;
  options.groups = rows.groups;
  options.checkpoint =
      open_checkpoint(flags.checkpoint, *flags.command, rows.table, rows.weights, input.model);
  const auto begin = std::chrono::steady_clock::now();
  catch_interrupts();
  const Bootstrap found = [&] {
    ProgressLine line;
    Index before = -1;
    options.progress = [&](Index done, Index all) {
      const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
      if (before < 0) before = done - 1;
      line.show(progress_text(done, before, all, seconds.count()));
      return !interrupted();
    };
    try {
      Bootstrap result = bootstrap(rows.saved.model, rows.table.cells(), options);
      save_interrupted(options.checkpoint);
      return result;
    } catch (const std::logic_error& error) {
      throw DataError(with_places(error.what(), rows.table));
    } catch (const std::runtime_error&) {
      save_interrupted(options.checkpoint);  // too few replicates to tell anything
      throw;
    }
  }();
  if (input.json) {
    print_out(to_line(bootstrap_object(found, options)));
  } else {
    print_out(title_of(input, rows) +
              describe_bootstrap(found, options,
                                 component_titles(rows.saved.model, rows.saved.component_names),
                                 rows.columns));
  }
  end_checkpoint(options.checkpoint);
}

void add_input(CLI::App& command, ModelAndData& input) {
  command.add_option("MODEL", input.model, "model file that fit wrote")
      ->required()
      ->type_name("FILE");
  command.add_option("DATA", input.data, "the table it was fitted to: .csv, .tsv, .npy or .mtx")
      ->required()
      ->type_name("FILE");
  command.add_option("--weights", input.weights, "column with the weight of each row")
      ->type_name("COLUMN");
  command
      .add_option("--groups", input.groups, "column whose equal cells mark rows of one component")
      ->type_name("COLUMN");
  command.add_option("--confidence", input.confidence, "of the intervals (default: 0.95)")
      ->type_name("SHARE");
  command.add_option("--threads", input.threads, "threads, 0 for one per core (default: 0)")
      ->check(at_least(0))
      ->type_name("N");
  command.add_flag("--json", input.json, "print one JSON object instead of text");
}

}  // namespace

void add_errors(CLI::App& app) {
  const auto flags = std::make_shared<ErrorsCommand>();
  CLI::App& command = *app.add_subcommand(
      "errors", "Standard errors and confidence intervals of a fitted model's parameters");
  add_input(command, flags->input);
  command
      .add_option("--information", flags->information,
                  "what they come from: observed (the information matrix), scores, or sandwich, "
                  "which also serves where the model is not quite true (default: observed)")
      ->type_name("NAME");
  command.footer("Example: mixture errors model.json faithful.csv --confidence 0.9");
  command.callback([flags] { run_errors(*flags); });
}

void add_bootstrap(CLI::App& app) {
  const auto flags = std::make_shared<BootstrapCommand>();
  CLI::App& command = *app.add_subcommand(
      "bootstrap", "Standard errors and intervals from refits to resampled data");
  add_input(command, flags->input);
  command
      .add_option("--kind", flags->kind,
                  "nonparametric (rows drawn with replacement), parametric (drawn from the "
                  "model) or weighted (random weights; default: nonparametric)")
      ->type_name("NAME");
  command.add_option("--replicates", flags->replicates, "number of resampled data (default: 999)")
      ->check(at_least(2))
      ->type_name("N");
  command.add_option("--seed", flags->seed, "seed of the draws (default: 1)")
      ->check(seed())
      ->type_name("N");
  add_checkpoint(command, flags->checkpoint);
  flags->command = &command;
  command.footer(
      "Each refit begins at the model and, besides, at random rows.\n"
      "Example: mixture bootstrap model.json faithful.csv --kind weighted --replicates 499");
  command.callback([flags] { run_bootstrap(*flags); });
}

}  // namespace mix::cli
