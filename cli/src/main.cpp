#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <exception>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <vector>

#include "commands.h"
#include "interrupt.h"
#include "mix/errors.h"
#include "mix/models/plugins.h"
#include "mix/version.h"
#include "text.h"

namespace {

// Wrong arguments, wrong data, a file that cannot be written.
constexpr int failure = 2;
// Interrupted, and the best so far given: what shells report of a program that SIGINT ended.
constexpr int ended_early = 130;

int complain(const std::string& message) {
  fmt::print(stderr, "mixture: {}\n", message);
  return failure;
}

std::string help_of_chosen(const CLI::App& app) {
  const auto chosen = app.get_subcommands();
  return chosen.empty() ? "mixture --help" : "mixture " + chosen.front()->get_name() + " --help";
}

// Descriptions in lines that fit a terminal, the example apart from the options.
void lay_out_help(CLI::App& command) {
  for (CLI::Option* option : command.get_options()) {
    option->description(mix::cli::wrapped(option->get_description(), 66));
  }
}

// Families of the user's own, known before anything else is read.
void add_plugins(CLI::App& command) {
  command
      .add_option_function<std::vector<std::string>>(
          "--plugin",
          [](const std::vector<std::string>& files) {
            for (const std::string& file : files) mix::load_plugin(file);
          },
          "shared libraries that bring families of your own")
      ->type_name("FILE,...")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->trigger_on_parse();
}

// The name by which other programs mean the streams.
void accept_dash(CLI::App& command) {
  const auto inputs = std::make_shared<int>(0);
  for (CLI::Option* option : command.get_options()) {
    const bool is_out = option->check_lname("out");
    if (!option->get_positional() && !is_out) continue;
    option->transform(
        [is_out, inputs](const std::string& text) -> std::string {
          if (text != "-") return text;
          if (is_out) return "/dev/stdout";
          if (++*inputs > 1) {
            throw std::invalid_argument(
                "standard input cannot be two files; say - for one and name the other");
          }
          return "/dev/stdin";
        },
        "");
  }
}

int run(int argc, char** argv) {
  CLI::App app("Fits mixture models to the rows of a table, and uses them.", "mixture");
  app.set_version_flag("--version", "mixture " + std::string(mix::version()));
  app.require_subcommand(1);
  app.footer(
      "Example: mixture fit faithful.csv --plot faithful.svg --out model.json\n"
      "Help on one of them: mixture fit --help");
  mix::cli::add_fit(app);
  mix::cli::add_compare(app);
  mix::cli::add_predict(app);
  mix::cli::add_sample(app);
  mix::cli::add_impute(app);
  mix::cli::add_kmeans(app);
  mix::cli::add_plot(app);
  mix::cli::add_info(app);
  mix::cli::add_describe(app);
  mix::cli::add_regress(app);
  mix::cli::add_score(app);
  mix::cli::add_merge(app);
  mix::cli::add_test(app);
  mix::cli::add_errors(app);
  mix::cli::add_bootstrap(app);
  for (CLI::App* command : app.get_subcommands({})) {
    if (command->get_name() != "kmeans") add_plugins(*command);
    accept_dash(*command);
    lay_out_help(*command);
  }
  if (argc > 1 && argv[1][0] != '-') {
    std::vector<std::string> names;
    for (const CLI::App* command : app.get_subcommands({})) names.push_back(command->get_name());
    if (std::find(names.begin(), names.end(), argv[1]) == names.end()) {
      return complain(
          fmt::format("there is no command \"{}\"; the commands are {}{}\ntry 'mixture --help'",
                      argv[1], mix::cli::join(names, ", "), mix::did_you_mean(argv[1], names)));
    }
  }
  try {
    app.parse(argc, argv);
    return mix::cli::interrupted() ? ended_early : 0;
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);  // help and version
    return complain(fmt::format("{}\ntry '{}'", error.what(), help_of_chosen(app)));
  }
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const std::bad_alloc&) {
    return complain("not enough memory");
  } catch (const std::exception& error) {
    return complain(error.what());
  }
}
