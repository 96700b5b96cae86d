#include <fmt/format.h>

#include <cmath>
#include <memory>

#include "commands.h"
#include "component_table.h"
#include "mix/csv.h"
#include "mix/errors.h"
#include "mix/parallel.h"
#include "model_columns.h"
#include "output.h"
#include "rows_for_model.h"
#include "text.h"
#include "validators.h"

namespace mix::cli {
namespace {

// Rows in memory at a time; the output does not depend on it.
constexpr Index rows_per_read = 65536;

struct RegressCommand {
  std::string model{};
  std::string data{};
  std::string predict{};
  std::string out{};
  Index threads = 0;
};

std::string header_of(const SavedModel& saved, const std::vector<Column>& columns,
                      const std::vector<Index>& known) {
  std::string header;
  // In the order of the model, as the conditional distribution has them.
  for (const Index j : other_columns(saved.model.dimension(), known)) {
    const Column& column = columns[static_cast<std::size_t>(j)];
    header += fmt::format("{}{},{}", header.empty() ? "" : ",", csv_cell(column.name + "_mean"),
                          csv_cell(column.name + "_standard_deviation"));
  }
  return header + "\n";
}

// The model has no moments of what is to be predicted.
[[noreturn]] void refuse_to_predict(const RegressCommand& flags, const std::vector<Column>& columns,
                                    const std::vector<Index>& predicted, const std::string& why) {
  std::string complaint = fmt::format("{}: --predict {}: {}", flags.model, flags.predict, why);
  for (const Index j : predicted) {
    const Column& column = columns[static_cast<std::size_t>(j)];
    if (column.kind != ColumnKind::category) continue;
    complaint += fmt::format(
        "; column {} holds categories: leave its cells empty, and impute fills in the most "
        "probable ones",
        in_quotes(column.name));
    break;
  }
  throw DataError(complaint);
}

std::string cell(double value) { return std::isfinite(value) ? fmt::format("{}", value) : "NA"; }

void run_regress(const RegressCommand& flags) {
  const SavedModel saved = load_model(flags.model);
  const std::vector<Index> predicted = columns_named(saved, flags.predict);
  const std::vector<Index> known = other_columns(saved.model.dimension(), predicted);
  if (known.empty()) {
    throw DataError("--predict names all columns of the model; leave one to predict from");
  }
  const std::vector<Column> columns = columns_or_numbered(saved.columns, saved.model.dimension());
  RowsForModel rows(flags.data, marginal_of(saved, known));
  AtomicFile file = output_file(flags.out);
  std::string text = header_of(saved, columns, known);
  Index impossible = 0;
  with_threads(flags.threads, [&] {
    Table block;
    while (rows.next(rows_per_read, block)) {
      const Regression found = [&] {
        try {
          return saved.model.regression(known, block.cells());
        } catch (const NotAvailable& error) {
          refuse_to_predict(flags, columns, predicted, error.what());
        }
      }();
      const std::vector<bool> complete = complete_rows(block);
      for (Index i = 0; i < block.rows(); ++i) {
        for (Index j = 0; j < found.mean.cols(); ++j) {
          text += fmt::format("{}{},{}", j == 0 ? "" : ",", cell(found.mean(i, j)),
                              cell(found.standard_deviation(i, j)));
        }
        text += "\n";
        if (complete[static_cast<std::size_t>(i)] && std::isnan(found.mean(i, 0))) ++impossible;
      }
      file.write(text);
      text.clear();
    }
  });
  file.commit();
  rows.say_what_is_missing("has no prediction", "have no prediction");
  if (impossible > 0) {
    note(
        fmt::format("without a prediction: {} that no component explains, or whose mean does not "
                    "exist",
                    count_of(impossible, "row")));
  }
}

}  // namespace

void add_regress(CLI::App& app) {
  const auto flags = std::make_shared<RegressCommand>();
  CLI::App& command = *app.add_subcommand(
      "regress", "Predict some columns of a fitted model from the others, row by row");
  command.add_option("MODEL", flags->model, "model file that fit wrote")
      ->required()
      ->type_name("FILE");
  command.add_option("DATA", flags->data, "table with the other columns: .csv, .tsv, .npy or .mtx")
      ->required()
      ->type_name("FILE");
  command.add_option("--predict", flags->predict, "the columns to predict")
      ->required()
      ->check(not_empty())
      ->type_name("A,B,...");
  command.add_option("--out", flags->out, "write to this file instead of standard output")
      ->type_name("FILE");
  command.add_option("--threads", flags->threads, "threads, 0 for one per core (default: 0)")
      ->check(at_least(0))
      ->type_name("N");
  command.footer(
      "CSV with mean and standard deviation of each predicted column given the row's other cells; "
      "NA "
      "where one of these is missing.\n"
      "Example: mixture regress model.json new.csv --predict waiting");
  command.callback([flags] { run_regress(*flags); });
}

}  // namespace mix::cli
