#include <fmt/format.h>

#include <memory>

#include "commands.h"
#include "component_table.h"
#include "mix/csv.h"
#include "mix/errors.h"
#include "mix/models/model_file.h"
#include "output.h"
#include "validators.h"

namespace mix::cli {
namespace {

struct SampleCommand {
  std::string model{};
  std::string out{};
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
      values(i, values.cols() - 1) =
          static_cast<double>(sample.labels[static_cast<std::size_t>(i)] + 1);
    }
    columns.push_back({drawn_label, ColumnKind::count, {}});
  }
  return {std::move(columns), std::move(values)};
}

void run_sample(const SampleCommand& flags) {
  const SavedModel saved = load_model(flags.model);
  if (!saved.model.family().samples()) {
    throw DataError(
        fmt::format("{}: rows of the family {} cannot be drawn", flags.model, saved.model.title()));
  }
  AtomicFile file = output_file(flags.out);
  const Sample sample = saved.model.sample(flags.rows, flags.seed);
  file.write(format_csv(
      to_table(sample, columns_or_numbered(saved.columns, saved.model.dimension()), flags.labels)));
  file.commit();
}

}  // namespace

void add_sample(CLI::App& app) {
  const auto flags = std::make_shared<SampleCommand>();
  CLI::App& command = *app.add_subcommand("sample", "Draw rows from a fitted model, as CSV");
  command.add_option("MODEL", flags->model, "model file that fit wrote")
      ->required()
      ->type_name("FILE");
  command.add_option("-n", flags->rows, "number of rows")
      ->required()
      ->check(at_least(1))
      ->type_name("N");
  command.add_option("--seed", flags->seed, "seed of the random numbers (default: 1)")
      ->check(seed())
      ->type_name("N");
  command.add_option("--out", flags->out, "write to this file instead of standard output")
      ->type_name("FILE");
  command.add_flag("--labels", flags->labels,
                   "one more column, component: the component each row came from");
  command.footer("Example: mixture sample model.json -n 1000 --seed 7 --out sample.csv");
  command.callback([flags] { run_sample(*flags); });
}

}  // namespace mix::cli
