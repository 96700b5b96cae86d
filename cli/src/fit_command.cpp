#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <stdexcept>

#include "commands.h"
#include "component_table.h"
#include "data.h"
#include "fit_flags.h"
#include "json_report.h"
#include "mix/models/model_file.h"
#include "output.h"
#include "picture.h"
#include "problem.h"
#include "report.h"
#include "uncertainty_report.h"

namespace mix::cli {
namespace {

struct FitCommand {
  FitFlags fit{};
  std::string model{};
  std::string picture{};
  bool json = false;
  bool standard_errors = false;
};

StandardErrors errors_of(const Problem& problem, const Fit& fit) {
  StandardErrorOptions options;
  options.sample_weight = problem.data.weights;
  options.groups = problem.data.groups;
  options.threads = problem.options.fit.threads;
  return standard_errors(fit, problem.data.table.cells(), options);
}

void run_fit(const FitCommand& flags) {
  const auto begin = std::chrono::steady_clock::now();
  const FamilyChoice choice = parse_family(flags.fit.family_or_default());
  if (!flags.model.empty()) check_writable(flags.model);
  if (!flags.picture.empty()) check_picture(flags.picture);
  const Problem problem = make_problem(flags.fit, choice);

  std::optional<Comparison> search;
  std::optional<Fit> single;
  if (problem.is_search()) {
    search = run_search(problem);
  } else {
    single = run_single(problem);
  }
  const Fit& best = search ? search->best() : *single;
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;

  const std::vector<std::string> names = problem.component_names(best.model.n_components());
  if (!flags.picture.empty()) {
    const Table& table = problem.data.table;
    const CompleteRows drawn = table.drop_missing(columns_of_cells(table));
    Vector weights = problem.data.weights;
    if (weights.size() > 0) weights = Vector(weights(drawn.rows));
    plot_model(best.model, drawn.table, flags.picture,
               {.component_names = names, .weights = weights});
    // A single model is no curve.
    if (search && search->table.size() > 1) {
      plot_comparison(*search, criterion_picture(flags.picture));
    }
  }
  // The last file: where a picture fails, the old model stands.
  if (!flags.model.empty()) {
    save_model(flags.model, {best.model, problem.data.table.columns(), names, problem.schema});
  }
  if (flags.json) {
    Json object = fit_object(problem, best, seconds.count());
    if (search) object["table"] = table_array(*search);
    if (flags.standard_errors) {
      object["standard_errors"] = standard_errors_object(errors_of(problem, best));
    }
    print_out(to_line(object));
    end_checkpoint(problem);
    return;
  }
  print_out(describe_data(problem.data) + "\n" +
            (search ? describe_search(*search) + "\n" : std::string()) +
            describe_fit(problem, best));
  if (flags.standard_errors) {
    print_out("\n" + describe_standard_errors(errors_of(problem, best),
                                              component_titles(best.model, names),
                                              problem.data.table.columns()));
  }
  end_checkpoint(problem);
}

}  // namespace

void add_fit(CLI::App& app) {
  const auto flags = std::make_shared<FitCommand>();
  CLI::App& command =
      *app.add_subcommand("fit", "Fit a mixture model, or choose one, and describe it");
  flags->fit.default_family = "gaussian";
  add_fit_flags(command, flags->fit);
  command
      .add_option(
          "--family", flags->fit.family,
          "distribution of the components; for blocks of columns "
          "a+b=gaussian,c=poisson; or auto: those that suit the columns (default: gaussian)")
      ->type_name("NAME");
  command.add_option("--out", flags->model, "write the model to this file (JSON)")
      ->type_name("FILE");
  command
      .add_option("--plot", flags->picture,
                  "draw the model into this file, .svg or .png; of a search also the criterion, "
                  "into NAME-criterion")
      ->type_name("FILE");
  command.add_flag("--standard-errors", flags->standard_errors,
                   "also standard errors and 95 % intervals of the parameters, as errors gives");
  command.add_flag("--json", flags->json, "print one JSON object instead of text");
  command.footer(
      "Without options: every numeric column, all covariance structures, 1 to 9 components, "
      "chosen by BIC.\n"
      "Example: mixture fit faithful.csv --components 1-5 --out model.json --plot faithful.svg");
  command.callback([flags] { run_fit(*flags); });
}

}  // namespace mix::cli
