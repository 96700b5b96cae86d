#include <limits>
#include <memory>

#include "commands.h"
#include "mix/models/model_file.h"
#include "picture.h"
#include "rows_for_model.h"

namespace mix::cli {
namespace {

struct Flags {
  std::string model{};
  std::string data{};
  std::string picture{};
};

void run(const Flags& flags) {
  check_picture(flags.picture);
  const SavedModel saved = load_model(flags.model);
  RowsForModel rows(flags.data, saved);
  Table table;
  (void)rows.next(std::numeric_limits<Index>::max(), table);
  rows.say_what_is_missing("are left out");
  plot_model(saved.model, table.drop_missing().table, flags.picture);
}

}  // namespace

void add_plot(CLI::App& app) {
  const auto flags = std::make_shared<Flags>();
  CLI::App& command = *app.add_subcommand("plot", "Draw a fitted model with the rows of a table");
  command.add_option("MODEL", flags->model, "model file that fit wrote")
      ->required()
      ->type_name("FILE");
  command.add_option("DATA", flags->data, "table to read: .csv, .tsv or .npy")
      ->required()
      ->type_name("FILE");
  command.add_option("--out", flags->picture, "the picture, .svg or .png")
      ->required()
      ->type_name("FILE");
  command.footer("Example: mixture plot model.json faithful.csv --out picture.svg");
  command.callback([flags] { run(*flags); });
}

}  // namespace mix::cli
