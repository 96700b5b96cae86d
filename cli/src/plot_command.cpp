#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "commands.h"
#include "component_table.h"
#include "data.h"
#include "mix/models/model_file.h"
#include "picture.h"
#include "rows_for_model.h"

namespace mix::cli {
namespace {

struct PlotCommand {
  std::string model{};
  std::string data{};
  std::string picture{};
  std::string weights{};
};

void run_plot(const PlotCommand& flags) {
  check_picture(flags.picture);
  const SavedModel saved = load_model(flags.model);
  RowsForModel rows(flags.data, saved, flags.weights);
  Table table;
  (void)rows.next(std::numeric_limits<Index>::max(), table);
  rows.say_what_is_missing("is left out", "are left out");
  table = table.drop_missing(columns_of_cells(table)).table;
  PlotOptions options{saved.component_names, weight_column(table, flags.weights)};
  std::vector<std::string> described;
  for (const Column& column : columns_or_numbered(saved.columns, saved.model.dimension())) {
    described.push_back(column.name);
  }
  plot_model(saved.model, table.select(described), flags.picture, options);
}

}  // namespace

void add_plot(CLI::App& app) {
  const auto flags = std::make_shared<PlotCommand>();
  CLI::App& command = *app.add_subcommand("plot", "Draw a fitted model with the rows of a table");
  add_model_and_data(command, flags->model, flags->data);
  command.add_option("--out", flags->picture, "the picture, .svg or .png")
      ->required()
      ->type_name("FILE");
  command
      .add_option("--weights", flags->weights,
                  "column with the weight of each row, for the histograms")
      ->type_name("COLUMN");
  command.footer("Example: mixture plot model.json faithful.csv --out picture.svg");
  command.callback([flags] { run_plot(*flags); });
}

}  // namespace mix::cli
