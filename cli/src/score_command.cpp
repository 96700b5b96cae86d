#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <stdexcept>

#include "commands.h"
#include "component_table.h"
#include "data.h"
#include "json_report.h"
#include "mix/errors.h"
#include "mix/models/compare_partitions.h"
#include "mix/models/model_file.h"
#include "mix/parallel.h"
#include "output.h"
#include "rows_for_model.h"
#include "text.h"
#include "validators.h"

namespace mix::cli {
namespace {

// Rows in memory at a time; the output does not depend on it.
constexpr Index rows_per_part = 65536;
// A wider table is in the JSON alone.
constexpr std::size_t most_shown_labels = 10;
constexpr std::size_t most_name_width = 14;

struct ScoreCommand {
  std::vector<std::string> files{};
  std::string truth{};
  std::string labels{};
  std::string weights{};
  bool json = false;
  Index threads = 0;
};

// One of the two partitions, and what it is called.
struct Partition {
  LabelColumn column;
  std::string name;
};

Partition predicted(const std::string& model_file, const std::string& data, Index threads) {
  const SavedModel saved = load_model(model_file);
  RowsForModel rows(data, saved);
  Partition result{{{}, component_titles(saved.model, saved.component_names)},
                   fmt::format("the components of {}", in_quotes(model_file))};
  const bool some = saved.model.takes_missing_cells();
  with_threads(threads, [&] {
    Table block;
    while (rows.next(rows_per_part, block)) {
      std::vector<Index> labels = saved.model.predict(block.cells());
      const std::vector<bool> known = some ? rows_with_cells(block) : complete_rows(block);
      for (std::size_t i = 0; i < labels.size(); ++i) {
        if (!known[i]) labels[i] = -1;
      }
      result.column.labels.insert(result.column.labels.end(), labels.begin(), labels.end());
    }
  });
  return result;
}

Partition named(const Table& table, const std::string& column) {
  return {label_column(table, column),
          fmt::format("{} of {}", in_quotes(column), in_quotes(table.source_name()))};
}

Partition first_partition(const ScoreCommand& flags, const Table& truth_table) {
  if (flags.labels.empty())
    return predicted(flags.files.front(), flags.files.back(), flags.threads);
  return named(flags.files.size() == 1 ? truth_table : read_any_text(flags.files.front()),
               flags.labels);
}

// The labels of the second partition, those that are matched in the order of the first.
std::vector<Index> matched_order(const PartitionComparison& scores) {
  std::vector<Index> order;
  for (const Index partner : scores.matching) {
    if (partner >= 0) order.push_back(partner);
  }
  for (Index j = 0; j < scores.counts.cols(); ++j) {
    if (std::find(order.begin(), order.end(), j) == order.end()) order.push_back(j);
  }
  return order;
}

std::string confusion(const Partition& first, const Partition& second,
                      const PartitionComparison& scores) {
  if (std::max(first.column.names.size(), second.column.names.size()) > most_shown_labels) {
    return fmt::format("(More than {} labels: --json has the confusion matrix.)\n",
                       most_shown_labels);
  }
  const std::vector<Index> order = matched_order(scores);
  const auto name_of = [](const Partition& partition, Index label) {
    return shortened(partition.column.names[static_cast<std::size_t>(label)], most_name_width);
  };
  const auto cell = [](double count) { return fmt::format("{:.8g}", count); };
  std::size_t side = 0;
  for (Index i = 0; i < scores.counts.rows(); ++i)
    side = std::max(side, width_of(name_of(first, i)));
  std::vector<std::size_t> widths;
  std::string text = "  " + pad_right("", side);
  for (const Index j : order) {
    std::size_t width = width_of(name_of(second, j));
    for (const double count : scores.counts.col(j)) width = std::max(width, cell(count).size());
    widths.push_back(width);
    text += "  " + pad_left(name_of(second, j), width);
  }
  text += "  matched with\n";
  for (Index i = 0; i < scores.counts.rows(); ++i) {
    text += "  " + pad_right(name_of(first, i), side);
    for (std::size_t j = 0; j < order.size(); ++j) {
      text += "  " + pad_left(cell(scores.counts(i, order[j])), widths[j]);
    }
    const Index partner = scores.matching[static_cast<std::size_t>(i)];
    text += "  " + (partner < 0 ? std::string("-") : name_of(second, partner)) + "\n";
  }
  return text;
}

std::string describe_scores(const Partition& first, const Partition& second,
                            const PartitionComparison& scores) {
  const NormalizedMutualInformation& nmi = scores.normalized_mutual_information;
  const double wrong = scores.n * (1 - scores.accuracy);
  return fmt::format(
      "{}, against {}: {:.8g} rows, {} and {}\n\n"
      "  adjusted Rand index           {:.4f}\n"
      "  Rand index                    {:.4f}\n"
      "  normalized mutual information {:.4f}  by the arithmetic mean of the entropies\n"
      "                                        (geometric {:.4f}, maximum {:.4f}, minimum {:.4f}, "
      "joint {:.4f})\n"
      "  variation of information      {:.4f}  nats\n"
      "  purity                        {:.4f}  (inverse {:.4f})\n"
      "  accuracy after matching       {:.4f}  ({:.8g} of {:.8g} rows differ)\n\n{}",
      first.name, second.name, scores.n, count_of(scores.counts.rows(), "label"),
      count_of(scores.counts.cols(), "label"), scores.adjusted_rand, scores.rand, nmi.arithmetic,
      nmi.geometric, nmi.maximum, nmi.minimum, nmi.joint, scores.variation_of_information,
      scores.purity, scores.inverse_purity, scores.accuracy, wrong, scores.n,
      confusion(first, second, scores));
}

Json score_object(const Partition& first, const Partition& second,
                  const PartitionComparison& scores) {
  const NormalizedMutualInformation& nmi = scores.normalized_mutual_information;
  Json counts = Json::array();
  Json matching = Json::array();
  for (Index i = 0; i < scores.counts.rows(); ++i) {
    const Vector row = scores.counts.row(i);
    counts.push_back(std::vector<double>(row.begin(), row.end()));
    const Index partner = scores.matching[static_cast<std::size_t>(i)];
    matching.push_back(partner < 0 ? Json()
                                   : Json(second.column.names[static_cast<std::size_t>(partner)]));
  }
  return {{"n", scores.n},
          {"left_out", scores.left_out},
          {"adjusted_rand", scores.adjusted_rand},
          {"rand", scores.rand},
          {"mutual_information", scores.mutual_information},
          {"normalized_mutual_information",
           {{"arithmetic", nmi.arithmetic},
            {"geometric", nmi.geometric},
            {"maximum", nmi.maximum},
            {"minimum", nmi.minimum},
            {"joint", nmi.joint}}},
          {"variation_of_information", scores.variation_of_information},
          {"purity", scores.purity},
          {"inverse_purity", scores.inverse_purity},
          {"accuracy", scores.accuracy},
          {"error", 1 - scores.accuracy},
          {"labels", first.column.names},
          {"truth", second.column.names},
          {"confusion", std::move(counts)},
          {"matching", std::move(matching)}};
}

void run_score(const ScoreCommand& flags) {
  if (flags.labels.empty() && flags.files.size() < 2) {
    throw std::invalid_argument(
        "score compares the components of a model with a column of labels: name MODEL and DATA, or "
        "another column with --labels");
  }
  if (flags.labels.empty()) check_read_twice(flags.files.back(), "score");
  const Table table = read_any_text(flags.files.back());
  const Partition truth = named(table, flags.truth);
  const Partition own = first_partition(flags, table);
  if (own.column.labels.size() != truth.column.labels.size()) {
    throw DataError(fmt::format("{} has {} rows, but {} has {}; both must label the same rows",
                                in_quotes(flags.files.front()), own.column.labels.size(),
                                in_quotes(flags.files.back()), truth.column.labels.size()));
  }
  Vector weights = weight_column(table, flags.weights);
  // A row whose weight is missing does not count.
  if (weights.size() > 0) weights = weights.array().isNaN().select(0, weights);
  const PartitionComparison scores =
      compare_partitions(own.column.labels, truth.column.labels, weights);
  print_out(flags.json ? to_line(score_object(own, truth, scores))
                       : describe_scores(own, truth, scores));
  if (scores.left_out > 0) {
    note(fmt::format("left out {} of {} without a label in one of the two", scores.left_out,
                     count_of(table.rows(), "row")));
  }
}

}  // namespace

void add_score(CLI::App& app) {
  const auto flags = std::make_shared<ScoreCommand>();
  CLI::App& command = *app.add_subcommand(
      "score", "Compare the components of a model, or a column of labels, with known labels");
  command
      .add_option("FILES", flags->files,
                  "MODEL DATA: a model file that fit wrote, and the table with the known labels; "
                  "with --labels the table alone, or two tables, the labels in the first")
      ->required()
      ->expected(1, 2)
      ->type_name("FILE");
  command.add_option("--truth", flags->truth, "column with the known labels, numbers or text")
      ->required()
      ->type_name("COLUMN");
  command
      .add_option("--labels", flags->labels,
                  "column with the labels to compare, instead of a model's")
      ->type_name("COLUMN");
  command
      .add_option("--weights", flags->weights,
                  "column with how often each row counts, beside the known labels")
      ->type_name("COLUMN");
  command.add_flag("--json", flags->json, "print one JSON object instead of text");
  command.add_option("--threads", flags->threads, "threads, 0 for one per core (default: 0)")
      ->check(at_least(0))
      ->type_name("N");
  command.footer(
      "Rows without a label in one of the two are left out.\n"
      "Example: mixture score model.json iris.csv --truth species");
  command.callback([flags] { run_score(*flags); });
}

}  // namespace mix::cli
