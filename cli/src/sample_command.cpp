#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <memory>

#include "commands.h"
#include "component_table.h"
#include "mix/csv.h"
#include "mix/distributions/deconvolved_gaussians.h"
#include "mix/errors.h"
#include "mix/models/model_file.h"
#include "model_columns.h"
#include "output.h"
#include "rows_for_model.h"
#include "text.h"
#include "validators.h"

namespace mix::cli {
namespace {

// Rows in memory at a time; the output does not depend on it.
constexpr Index drawn_at_once = 65536;

struct SampleCommand {
  std::string model{};
  std::string out{};
  std::string given{};
  Index rows = 0;
  std::uint64_t seed = 1;
  bool labels = false;
};

constexpr const char* drawn_label = "component";

Table to_table(const Sample& sample, std::vector<Column> columns, bool labels) {
  Matrix values = sample.x;
  for (Index j = 0; j < values.cols(); ++j) {
    Column& column = columns[static_cast<std::size_t>(j)];
    // A Gaussian that was fitted to whole numbers draws others.
    if (column.kind != ColumnKind::category) column.kind = numeric_kind(values.col(j));
  }
  if (labels) {
    values.conservativeResize(Eigen::NoChange, values.cols() + 1);
    for (Index i = 0; i < values.rows(); ++i) {
      const Index label = sample.labels[static_cast<std::size_t>(i)];
      values(i, values.cols() - 1) = label < 0 ? quiet_nan : static_cast<double>(label + 1);
    }
    columns.push_back({drawn_label, ColumnKind::count, {}});
  }
  return {std::move(columns), std::move(values)};
}

// The columns of the model that the file has.
std::vector<Index> given_columns(const SavedModel& saved, const Table& file) {
  const std::vector<Column> columns = columns_or_numbered(saved.columns, saved.model.dimension());
  const std::vector<std::string> names = file.names();
  std::vector<Index> places;
  for (std::size_t j = 0; j < columns.size(); ++j) {
    if (std::find(names.begin(), names.end(), columns[j].name) != names.end()) {
      places.push_back(static_cast<Index>(j));
    }
  }
  if (places.empty()) {
    std::vector<std::string> known;
    for (const Column& column : columns) known.push_back(column.name);
    throw DataError(fmt::format("{} has none of the model's columns, which are {}",
                                file.source_name(), join(known, ", ")));
  }
  if (places.size() == columns.size()) {
    throw DataError(fmt::format("{} has all columns of the model; leave out those to draw",
                                file.source_name()));
  }
  return places;
}

// Draws what the file does not have, row by row.
Sample sample_given(const SavedModel& saved, const SampleCommand& flags) {
  const std::vector<Index> known = given_columns(saved, read_any_text(flags.given));
  RowsForModel rows(flags.given, marginal_of(saved, known));
  Table given;
  if (!rows.next(std::numeric_limits<Index>::max(), given)) {
    throw DataError(fmt::format("{} has no rows", flags.given));
  }
  Sample sample = saved.model.sample_given(known, given.cells(), flags.seed);
  rows.say_what_is_missing("is left empty", "are left empty");
  return sample;
}

void run_sample(const SampleCommand& flags) {
  const SavedModel saved = load_model(flags.model);
  if (flags.given.empty() && !saved.model.family().samples()) {
    throw DataError(fmt::format(
        "{}: rows of the family {} cannot be drawn; give the columns without a distribution in a "
        "table: --given FILE",
        flags.model, saved.model.title()));
  }
  AtomicFile file = output_file(flags.out);
  const auto table_of = [&](const Sample& sample) {
    return to_table(sample, columns_or_numbered(saved.columns, saved.model.dimension()),
                    flags.labels);
  };
  if (!flags.given.empty()) file.write(format_csv(table_of(sample_given(saved, flags))));
  for (Index first = 0; first < flags.rows; first += drawn_at_once) {
    const Index count = std::min(drawn_at_once, flags.rows - first);
    const Table drawn = table_of(saved.model.sample(count, flags.seed, first));
    file.write(first == 0 ? format_csv(drawn) : csv_rows(drawn));
  }
  file.commit();
  if (flags.given.empty() && saved.model.family().as<DeconvolvedGaussians>() != nullptr) {
    note("drawn are values without errors of measurement; with errors: --given a table of them");
  }
}

}  // namespace

void add_sample(CLI::App& app) {
  const auto flags = std::make_shared<SampleCommand>();
  CLI::App& command = *app.add_subcommand("sample", "Draw rows from a fitted model, as CSV");
  command.add_option("MODEL", flags->model, "model file that fit wrote")
      ->required()
      ->type_name("FILE");
  CLI::Option* const rows =
      command.add_option("-n", flags->rows, "number of rows")->check(at_least(1))->type_name("N");
  CLI::Option* const given =
      command
          .add_option("--given", flags->given,
                      "table with some of the columns: the others are drawn for each of its rows")
          ->check(not_empty())
          ->type_name("FILE");
  given->excludes(rows);
  command.add_option("--seed", flags->seed, "seed of the random numbers (default: 1)")
      ->check(seed())
      ->type_name("N");
  command.add_option("--out", flags->out, "write to this file instead of standard output")
      ->type_name("FILE");
  command.add_flag("--labels", flags->labels,
                   "one more column, component: the component each row came from");
  command.footer("Example: mixture sample model.json -n 1000 --seed 7 --out sample.csv");
  command.callback([flags, rows, given] {
    if (rows->count() + given->count() == 0) throw CLI::RequiredError("-n or --given");
    run_sample(*flags);
  });
}

}  // namespace mix::cli
