#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <memory>
#include <optional>
#include <stdexcept>

#include "commands.h"
#include "component_table.h"
#include "data.h"
#include "json_report.h"
#include "merge_text.h"
#include "mix/csv.h"
#include "mix/errors.h"
#include "mix/models/merge.h"
#include "mix/models/model_file.h"
#include "output.h"
#include "picture.h"
#include "plot.h"
#include "rows_for_model.h"
#include "text.h"
#include "validators.h"

namespace mix::cli {
namespace {

// A larger tree is in the JSON and the picture alone.
constexpr Index most_drawn_components = 20;

struct MergeCommand {
  std::string model{};
  std::string data{};
  std::string method = "entropy";
  std::string weights{};
  std::string groups{};
  std::string out{};
  std::string picture{};
  Index clusters = 0;  // 0: as suggested
  std::optional<double> cutoff{};
  MergeOptions options{};
  bool json = false;
};

// The components of each cluster, `1+3`.
std::vector<std::string> joined_names(const MergeTree& tree,
                                      const std::vector<std::string>& titles) {
  std::vector<std::string> names = titles;
  for (const MergeStep& step : tree.steps) {
    names.push_back(names[static_cast<std::size_t>(step.first)] + "+" +
                    names[static_cast<std::size_t>(step.second)]);
  }
  return names;
}

std::string describe_merging(const MergeTree& tree, Index clusters,
                             const std::vector<std::string>& titles) {
  const bool by_entropy = tree.rule == MergeRule::entropy;
  std::string text = fmt::format(
      "{} joined by {}\n\n  clusters      entropy  {}        rows  joined\n  {:>8}  {:>11.3f}\n",
      count_of(tree.n_components, "component"),
      by_entropy ? "entropy (Baudry et al. 2010)"
                 : "misclassification probabilities (DEMP, Hennig 2010)",
      by_entropy ? "    removed" : "probability", tree.n_components, tree.entropy);
  const std::vector<std::string> names = joined_names(tree, titles);
  Index left = tree.n_components;
  for (const MergeStep& step : tree.steps) {
    text += fmt::format("  {:>8}  {:>11.3f}  {:>11.4g}  {:>10.8g}  {}, {}\n", --left, step.entropy,
                        step.value, step.rows,
                        shortened(names[static_cast<std::size_t>(step.first)], 24),
                        shortened(names[static_cast<std::size_t>(step.second)], 24));
  }
  if (tree.n_components > 1 && tree.n_components <= most_drawn_components) {
    text += "\n" + dendrogram(tree, titles);
  }
  text += fmt::format("\nSuggested: {} ({}).\n", count_of(tree.suggested, "cluster"),
                      by_entropy ? "the elbow of the entropy against the rows joined"
                                 : "no larger probability is left");
  const std::vector<Index> cluster = tree.clusters(clusters);
  for (Index c = 0; c < clusters; ++c) {
    std::vector<std::string> own;
    for (std::size_t k = 0; k < cluster.size(); ++k) {
      if (cluster[k] == c) own.push_back(titles[k]);
    }
    text += wrapped(fmt::format("cluster {}: {} {}", c + 1,
                                own.size() == 1 ? "component" : "components", join(own, ", ")),
                    94, "  ") +
            "\n";
  }
  return text;
}

Json merge_object(const MergeTree& tree, Index clusters) {
  Json steps = Json::array();
  Index left = tree.n_components;
  for (const MergeStep& step : tree.steps) {
    steps.push_back({{"n_clusters", --left},
                     {"first", step.first + 1},
                     {"second", step.second + 1},
                     {"value", step.value},
                     {"entropy", step.entropy},
                     {"rows", step.rows}});
  }
  Json cluster = Json::array();
  for (const Index c : tree.clusters(clusters)) cluster.push_back(c + 1);
  return {{"method", to_string(tree.rule)}, {"n_components", tree.n_components},
          {"entropy", tree.entropy},        {"steps", std::move(steps)},
          {"suggested", tree.suggested},    {"n_clusters", clusters},
          {"clusters", std::move(cluster)}};
}

// What the clusters are called where components have names.
std::vector<std::string> cluster_names(const SavedModel& saved, const std::vector<Index>& cluster,
                                       Index count) {
  if (saved.component_names.empty()) return {};
  const std::vector<std::string> titles = component_titles(saved.model, saved.component_names);
  std::vector<std::string> names(static_cast<std::size_t>(count));
  for (std::size_t k = 0; k < cluster.size(); ++k) {
    std::string& name = names[static_cast<std::size_t>(cluster[k])];
    name += (name.empty() ? "" : "+") + titles[k];
  }
  return names;
}

// All rows of the data that say something.
struct KnownRows {
  Matrix x;
  Vector weights;  // empty: one each
  Groups groups;   // none: each for itself
};

KnownRows known_rows(const MergeCommand& flags, const SavedModel& saved) {
  if (!flags.groups.empty()) check_read_twice(flags.data, "--groups");
  RowsForModel rows(flags.data, saved, flags.weights);
  Table table;
  if (!rows.next(std::numeric_limits<Index>::max(), table)) {
    throw DataError(fmt::format("{} has no row", in_quotes(flags.data)));
  }
  rows.say_what_is_missing("counts by its other cells, if it has any",
                           "count by their other cells, if they have any");
  Vector weights = weight_column(table, flags.weights);
  std::vector<std::string> names;
  for (const Column& column : columns_or_numbered(saved.columns, saved.model.dimension())) {
    names.push_back(column.name);
  }
  const Table described = table.select(names);
  const std::vector<bool> known =
      saved.model.takes_missing_cells() ? rows_with_cells(described) : complete_rows(described);
  std::vector<Index> kept;
  for (Index i = 0; i < described.rows(); ++i) {
    // A row whose weight is missing does not count.
    const bool counts = weights.size() == 0 || !std::isnan(weights[i]);
    if (known[static_cast<std::size_t>(i)] && counts) kept.push_back(i);
  }
  if (kept.empty()) {
    throw DataError(fmt::format("{} has no row that the model describes", in_quotes(flags.data)));
  }
  Matrix cells(described.rows(), described.column_count());
  described.cells().write_to(cells);
  if (weights.size() > 0) weights = Vector(weights(kept));
  Groups groups;
  if (!flags.groups.empty()) groups = group_column(read_any_text(flags.data), flags.groups);
  return {cells(kept, Eigen::all), std::move(weights), groups.of_rows(kept)};
}

void run_merge(MergeCommand flags) {
  flags.options.rule = parse_merge_rule(flags.method);
  if (flags.options.rule != MergeRule::misclassification && flags.cutoff) {
    throw std::invalid_argument("--cutoff is of the method demp; say --method demp too");
  }
  flags.options.cutoff = flags.cutoff.value_or(flags.options.cutoff);
  if (!flags.out.empty()) check_writable(flags.out);
  if (!flags.picture.empty()) check_picture(flags.picture);
  const SavedModel saved = load_model(flags.model);
  if (flags.clusters > saved.model.n_components()) {
    throw std::invalid_argument(
        fmt::format("--clusters {}: the model has {}; ask for at most as many", flags.clusters,
                    count_of(saved.model.n_components(), "component")));
  }
  const KnownRows rows = known_rows(flags, saved);
  flags.options.sample_weight = rows.weights;
  flags.options.groups = rows.groups;
  const MergeTree tree = merge_components(saved.model, rows.x, flags.options);
  const Index clusters = flags.clusters > 0 ? flags.clusters : tree.suggested;
  const std::vector<std::string> titles = component_titles(saved.model, saved.component_names);
  if (!flags.picture.empty()) plot_merging(tree, clusters, titles, flags.picture);
  if (!flags.out.empty()) {
    const std::vector<Index> cluster = tree.clusters(clusters);
    save_model(flags.out, {mixture_of_clusters(saved.model, cluster), saved.columns,
                           cluster_names(saved, cluster, clusters), saved.schema});
  }
  print_out(flags.json ? to_line(merge_object(tree, clusters))
                       : describe_merging(tree, clusters, titles));
}

}  // namespace

void add_merge(CLI::App& app) {
  const auto flags = std::make_shared<MergeCommand>();
  CLI::App& command = *app.add_subcommand(
      "merge", "Join components that together are one cluster; the density stays the same");
  add_model_and_data(command, flags->model, flags->data);
  command
      .add_option("--method", flags->method,
                  "which two clusters are joined next: entropy, those that overlap in most rows; "
                  "demp, those between which rows are misclassified most (default: entropy)")
      ->check(CLI::IsMember({"entropy", "demp"}).description(""))
      ->type_name("NAME");
  command
      .add_option("--clusters", flags->clusters,
                  "number of clusters (default: what the elbow, or the cutoff, suggests)")
      ->check(at_least(1))
      ->type_name("N");
  command
      .add_option("--cutoff", flags->cutoff,
                  "of demp: the probability of misclassification from which on clusters are joined "
                  "(default: 0.025)")
      ->check(CLI::Range(0.0, 1.0).description(""))
      ->type_name("P");
  command.add_option("--weights", flags->weights, "column with the weight of each row")
      ->type_name("COLUMN");
  command
      .add_option("--groups", flags->groups,
                  "column whose equal cells mark rows of one component: groups are clustered")
      ->type_name("COLUMN");
  command
      .add_option("--out", flags->out,
                  "write the model with clusters as components to this file (JSON): predict then "
                  "labels rows with clusters")
      ->type_name("FILE");
  command.add_option("--plot", flags->picture, "draw the dendrogram into this file, .svg or .png")
      ->type_name("FILE");
  command.add_flag("--json", flags->json, "print one JSON object instead of text");
  command
      .add_option("--threads", flags->options.threads, "threads, 0 for one per core (default: 0)")
      ->check(at_least(0))
      ->type_name("N");
  command.footer("Example: mixture merge model.json faithful.csv --clusters 2 --out clusters.json");
  command.callback([flags] { run_merge(*flags); });
}

}  // namespace mix::cli
