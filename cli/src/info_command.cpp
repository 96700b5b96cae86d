#include <memory>

#include "commands.h"
#include "json_report.h"
#include "mix/models/model_file.h"
#include "output.h"
#include "report.h"

namespace mix::cli {
namespace {

struct InfoCommand {
  std::string model{};
  bool json = false;
};

void run_info(const InfoCommand& flags) {
  const SavedModel saved = load_model(flags.model);
  print_out(flags.json ? to_line(model_object(saved)) : flags.model + ": " + describe_model(saved));
}

}  // namespace

void add_info(CLI::App& app) {
  const auto flags = std::make_shared<InfoCommand>();
  CLI::App& command = *app.add_subcommand("info", "Describe a model file");
  command.add_option("MODEL", flags->model, "model file that fit wrote")
      ->required()
      ->type_name("FILE");
  command.add_flag("--json", flags->json, "print one JSON object instead of text");
  command.footer("Example: mixture info model.json");
  command.callback([flags] { run_info(*flags); });
}

}  // namespace mix::cli
