#include <fmt/format.h>

#include <cmath>
#include <memory>
#include <optional>
#include <stdexcept>

#include "commands.h"
#include "mix/csv.h"
#include "mix/errors.h"
#include "mix/models/impute.h"
#include "mix/models/model_file.h"
#include "mix/parallel.h"
#include "output.h"
#include "rows_for_model.h"
#include "text.h"
#include "validators.h"

namespace mix::cli {
namespace {

// Rows in memory at a time; the output does not depend on it.
constexpr Index imputed_block_size = 65536;

struct ImputeCommand {
  std::string model{};
  std::string data{};
  std::string out{};
  std::optional<std::uint64_t> draw{};
  Index threads = 0;
};

// Means of counts are no counts.
std::vector<Column> columns_of(const Table& block, const Matrix& values) {
  std::vector<Column> columns = block.columns();
  for (Index j = 0; j < values.cols(); ++j) {
    Column& column = columns[static_cast<std::size_t>(j)];
    if (column.kind != ColumnKind::category) column.kind = numeric_kind(values.col(j));
  }
  return columns;
}

// Cells that could not be filled for one reason.
struct CellsLeft {
  Index count = 0;
  std::string first;

  void add(const std::string& place) {
    if (count++ == 0) first = place;
  }
  void tell(std::string_view reason) const {
    if (count == 0) return;
    note(fmt::format("{} could not be filled, for {}; the first is {}", count_of(count, "cell"),
                     reason, first));
  }
};

void run_impute(const ImputeCommand& flags) {
  const SavedModel saved = load_model(flags.model);
  if (!saved.model.takes_missing_cells()) {
    throw DataError(fmt::format(
        "{}: family {} says nothing of some cells of a row given the others, so it imputes none",
        flags.model, in_quotes(saved.model.family().name())));
  }
  RowsForModel rows(flags.data, saved);
  AtomicFile file = output_file(flags.out);
  Index done = 0;
  Index cells = 0;
  CellsLeft unexplained;
  CellsLeft without_mean;
  with_threads(flags.threads, [&] {
    Table block;
    while (rows.next(imputed_block_size, block)) {
      const Matrix filled = [&] {
        try {
          return flags.draw ? impute_draws(saved.model, block.cells(), *flags.draw, done)
                            : impute(saved.model, block.cells());
        } catch (const std::logic_error& error) {
          throw DataError(fmt::format("{}: {}", flags.model, error.what()));
        }
      }();
      for (Index i = 0; i < block.rows(); ++i) {
        for (Index j = 0; j < filled.cols(); ++j) {
          if (!std::isnan(block.value(i, j))) continue;
          ++cells;
          if (!std::isnan(filled(i, j))) continue;
          const bool explained =
              saved.model.log_density(block.cells().middleRows(i, 1))[0] > -infinity;
          CellsLeft& left = explained ? without_mean : unexplained;
          left.add(
              fmt::format("{}, column {}", rows.place(block, i), in_quotes(block.column(j).name)));
        }
      }
      const Table imputed(columns_of(block, filled), filled);
      file.write(done == 0 ? format_csv(imputed) : csv_rows(imputed));
      done += block.rows();
    }
  });
  file.commit();
  note(fmt::format("filled {} of {}",
                   count_of(cells - unexplained.count - without_mean.count, "missing cell"),
                   count_of(done, "row")));
  unexplained.tell("no component explains the row");
  without_mean.tell(
      "under the model the mean there is infinite or does not exist: draw values instead (--draw "
      "SEED)");
}

}  // namespace

void add_impute(CLI::App& app) {
  const auto flags = std::make_shared<ImputeCommand>();
  CLI::App& command = *app.add_subcommand(
      "impute", "Fill the missing cells of a table by what a fitted model expects there");
  add_model_and_data(command, flags->model, flags->data);
  command.add_option("--out", flags->out, "write to this file instead of standard output")
      ->type_name("FILE");
  command
      .add_option("--draw", flags->draw,
                  "random draws with this seed instead of means and most probable categories")
      ->check(seed())
      ->type_name("SEED");
  command.add_option("--threads", flags->threads, "threads, 0 for one per core (default: 0)")
      ->check(at_least(0))
      ->type_name("N");
  command.footer(
      "The model's columns, as CSV: a missing cell becomes its mean given the other cells of the "
      "row, or its most probable category.\n"
      "Example: mixture impute model.json holes.csv --out filled.csv");
  command.callback([flags] { run_impute(*flags); });
}

}  // namespace mix::cli
