#include <memory>

#include "commands.h"
#include "fit_flags.h"
#include "json_report.h"
#include "mix/models/model_file.h"
#include "output.h"
#include "picture.h"
#include "problem.h"
#include "report.h"

namespace mix::cli {
namespace {

struct CompareCommand {
  FitFlags fit{};
  std::string model{};
  std::string picture{};
  bool json = false;
};

// The columns that the best model describes.
std::vector<Column> columns_of_best(const Problem& problem, const Comparison& comparison) {
  const std::vector<Index>& chosen = comparison.table.front().columns;
  if (chosen.empty()) return problem.data.table.columns();
  std::vector<Column> columns;
  for (const Index j : chosen) columns.push_back(problem.data.table.column(j));
  return columns;
}

void run_compare(const CompareCommand& flags) {
  const FamilyChoice choice = parse_families(flags.fit.family_or_default());
  if (!flags.model.empty()) check_writable(flags.model);
  if (!flags.picture.empty()) check_picture(flags.picture);
  const Problem problem = make_problem(flags.fit, choice);
  const Comparison comparison = run_search(problem);
  const Fit& best = comparison.best();  // throws when there is none, before anything is written

  if (!flags.picture.empty()) plot_comparison(comparison, flags.picture);
  // The last file: where the picture fails, the old model stands.
  if (!flags.model.empty()) {
    save_model(flags.model, {best.model, columns_of_best(problem, comparison),
                             problem.component_names(best.model.n_components()), problem.schema});
  }
  if (flags.json) {
    Json object{{"n", problem.data.table.rows()},
                {"d", problem.data.table.column_count()},
                {"columns", problem.data.table.names()},
                {"criterion", comparison.criterion},
                {"table", table_array(comparison)}};
    if (!problem.data.groups.empty()) object["groups"] = problem.data.groups.count();
    print_out(to_line(object));
    end_checkpoint(problem);
    return;
  }
  print_out(describe_data(problem.data) + "\n" + describe_search(comparison, RowsShown::all));
  end_checkpoint(problem);
}

}  // namespace

void add_compare(CLI::App& app) {
  const auto flags = std::make_shared<CompareCommand>();
  CLI::App& command = *app.add_subcommand("compare", "Rank families and numbers of components");
  flags->fit.default_family = "auto";
  add_fit_flags(command, flags->fit);
  command
      .add_option("--families", flags->fit.family,
                  "distributions to compare, such as normal,poisson, or auto: those that suit the "
                  "columns (default: auto)")
      ->type_name("A,B,...");
  command.add_option("--out", flags->model, "write the best model to this file (JSON)")
      ->type_name("FILE");
  command.add_option("--plot", flags->picture, "draw the criterion into this file, .svg or .png")
      ->type_name("FILE");
  command.add_flag("--json", flags->json, "print one JSON object instead of text");
  command.footer("Example: mixture compare counts.csv --families normal,poisson --components 1-6");
  command.callback([flags] { run_compare(*flags); });
}

}  // namespace mix::cli
