#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <memory>
#include <optional>

#include "commands.h"
#include "component_table.h"
#include "json_report.h"
#include "mix/errors.h"
#include "model_columns.h"
#include "output.h"
#include "text.h"
#include "validators.h"

namespace mix::cli {
namespace {

struct DescribeCommand {
  std::string model{};
  std::string given{};
  std::string columns{};
  std::string quantiles = "0.05,0.5,0.95";
  std::string divergence{};
  std::string out{};
  Index draws = 100000;
  std::uint64_t seed = 1;
  bool json = false;
};

// What a function gives, or nothing where the family does not offer it.
template <class F>
auto available(const F& function) -> std::optional<decltype(function())> {
  try {
    return function();
  } catch (const NotAvailable&) {
    return std::nullopt;
  }
}

// One column of the model by itself.
struct Summary {
  Column column;
  std::optional<Moments> moments;
  std::vector<double> quantiles;  // none where there is no cdf
  std::vector<double> levels;     // the probabilities of categories
};

Summary summary_of(const SavedModel& saved, Index j, const std::vector<double>& probabilities) {
  Summary summary{saved.columns[static_cast<std::size_t>(j)], {}, {}, {}};
  const std::optional<MixtureModel> alone = available([&] { return saved.model.marginal({j}); });
  if (!alone) return summary;
  summary.moments = available([&] { return alone->moments(); });
  for (const double p : probabilities) {
    const std::optional<double> x = available([&] { return alone->quantile(p); });
    if (x) summary.quantiles.push_back(*x);
  }
  for (std::size_t code = 0; code < summary.column.levels.size(); ++code) {
    summary.levels.push_back(
        std::exp(alone->log_density(Matrix::Constant(1, 1, static_cast<double>(code)))[0]));
  }
  return summary;
}

std::vector<std::string> cells_of(const Summary& summary, std::size_t quantiles) {
  std::vector<std::string> cells;
  if (!summary.levels.empty()) return cells;
  const auto cell = [](double value) { return std::isnan(value) ? "none" : brief(value); };
  if (summary.moments) {
    cells.push_back(cell(summary.moments->mean[0]));
    cells.push_back(cell(std::sqrt(summary.moments->covariance(0, 0))));
  } else {
    cells.insert(cells.end(), 2, "-");
  }
  for (std::size_t i = 0; i < quantiles; ++i) {
    cells.push_back(i < summary.quantiles.size() ? brief(summary.quantiles[i]) : "-");
  }
  return cells;
}

std::string text_of_columns(const std::vector<Summary>& summaries,
                            const std::vector<double>& probabilities) {
  constexpr std::size_t cell_width = 12;
  std::size_t name_width = 6;
  for (const Summary& summary : summaries) {
    name_width = std::max(name_width, width_of(summary.column.name));
  }
  std::string text = "  " + pad_right("column", name_width) + pad_left("mean", cell_width) +
                     pad_left("deviation", cell_width);
  for (const double p : probabilities) {
    text += pad_left(fmt::format("{:.4g} %", 100 * p), cell_width);
  }
  text += "\n";
  for (const Summary& summary : summaries) {
    text += "  " + pad_right(summary.column.name, name_width);
    for (const std::string& cell : cells_of(summary, probabilities.size())) {
      text += pad_left(cell, cell_width);
    }
    std::vector<std::string> levels;
    for (std::size_t i = 0; i < summary.levels.size(); ++i) {
      levels.push_back(
          fmt::format("{} {:.4f}", shortened(summary.column.levels[i], 20), summary.levels[i]));
    }
    if (!levels.empty()) text += "  " + join(levels, ", ");
    text += "\n";
  }
  return text;
}

Json object_of_columns(const std::vector<Summary>& summaries,
                       const std::vector<double>& probabilities) {
  Json columns = Json::array();
  for (const Summary& summary : summaries) {
    Json column{{"name", summary.column.name}};
    column["mean"] = summary.moments ? Json(summary.moments->mean[0]) : Json();
    column["standard_deviation"] =
        summary.moments ? Json(std::sqrt(summary.moments->covariance(0, 0))) : Json();
    column["quantiles"] = Json::array();
    for (std::size_t i = 0; i < summary.quantiles.size(); ++i) {
      column["quantiles"].push_back({{"p", probabilities[i]}, {"x", summary.quantiles[i]}});
    }
    for (std::size_t i = 0; i < summary.levels.size(); ++i) {
      column["probabilities"][summary.column.levels[i]] = summary.levels[i];
    }
    columns.push_back(std::move(column));
  }
  return columns;
}

Json json_of(const Matrix& m) {
  Json rows = Json::array();
  for (Index i = 0; i < m.rows(); ++i) {
    const Vector row = m.row(i);
    rows.push_back(std::vector<double>(row.begin(), row.end()));
  }
  return rows;
}

Json json_of(const std::optional<MonteCarlo>& estimate) {
  if (!estimate) return nullptr;
  return {{"value", estimate->value}, {"standard_error", estimate->standard_error}};
}

std::string text_of(const MonteCarlo& estimate) {
  if (std::isinf(estimate.value)) return "infinite";
  return fmt::format("{:.4f} nats (standard error {:.2g})", estimate.value,
                     estimate.standard_error);
}

std::vector<double> probabilities_of(const std::string& list) {
  std::vector<double> probabilities;
  for (const std::string& text : split(list, ',')) {
    double p = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), p);
    if (error != std::errc() || end != text.data() + text.size() || !(p > 0 && p < 1)) {
      throw DataError(fmt::format("--quantiles: {} is no number between 0 and 1, the ends excluded",
                                  in_quotes(text)));
    }
    probabilities.push_back(p);
  }
  return probabilities;
}

void run_describe(const DescribeCommand& flags) {
  SavedModel saved = load_model(flags.model);
  saved.columns = columns_or_numbered(saved.columns, saved.model.dimension());
  const std::vector<double> probabilities = probabilities_of(flags.quantiles);
  if (!flags.given.empty()) {
    const auto [columns, values] = values_named(saved, flags.given);
    saved = conditional_of(saved, columns, values);
  }
  if (!flags.columns.empty()) saved = marginal_of(saved, columns_named(saved, flags.columns));
  const MixtureModel& model = saved.model;

  std::vector<Summary> summaries;
  for (Index j = 0; j < model.dimension(); ++j) {
    summaries.push_back(summary_of(saved, j, probabilities));
  }
  std::optional<MonteCarlo> entropy;
  if (model.family().samples()) entropy = model.entropy(flags.draws, flags.seed);
  std::optional<MonteCarlo> divergence;
  if (!flags.divergence.empty()) {
    if (!entropy) {
      throw DataError(
          fmt::format("{}: rows of the family {} cannot be drawn", flags.model, model.title()));
    }
    divergence = model.divergence(load_model(flags.divergence).model, flags.draws, flags.seed);
  }
  if (!flags.out.empty()) save_model(flags.out, saved);

  const std::vector<double> weights(model.weights().begin(), model.weights().end());
  if (flags.json) {
    const std::optional<Moments> moments = available([&] { return model.moments(); });
    Json object{{"columns", object_of_columns(summaries, probabilities)},
                {"covariance", moments ? json_of(moments->covariance) : Json()},
                {"weights", weights},
                {"weight_entropy", model.weight_entropy()},
                {"entropy", json_of(entropy)}};
    if (divergence) object["divergence"] = json_of(divergence);
    print_out(to_line(object));
    return;
  }
  std::string text = fmt::format("{}: {} with {}{}\n\n", flags.model, model.title(),
                                 count_of(model.n_components(), "component"),
                                 flags.given.empty() ? "" : ", given " + flags.given);
  text += text_of_columns(summaries, probabilities);
  std::vector<std::string> shares;
  for (const double weight : weights) shares.push_back(fmt::format("{:.4f}", weight));
  text += fmt::format("\nWeights {}; their entropy is {:.4f} nats.\n",
                      wrapped(join(shares, ", "), 90, "  "), model.weight_entropy());
  if (entropy) text += fmt::format("Entropy of a row: {}.\n", text_of(*entropy));
  if (divergence) {
    text += fmt::format("Divergence to {}: {}.\n", flags.divergence, text_of(*divergence));
  }
  print_out(text);
}

}  // namespace

void add_describe(CLI::App& app) {
  const auto flags = std::make_shared<DescribeCommand>();
  CLI::App& command = *app.add_subcommand(
      "describe",
      "Moments, quantiles and entropy of a fitted model, also of some columns given "
      "others");
  command.add_option("MODEL", flags->model, "model file that fit wrote")
      ->required()
      ->type_name("FILE");
  command
      .add_option("--given", flags->given,
                  "values that some columns have: the model of the others is described")
      ->check(not_empty())
      ->type_name("COLUMN=VALUE,...");
  command.add_option("--columns", flags->columns, "describe these columns alone (default: all)")
      ->check(not_empty())
      ->type_name("A,B,...");
  command
      .add_option("--quantiles", flags->quantiles,
                  "probabilities of the quantiles (default: 0.05,0.5,0.95)")
      ->check(not_empty())
      ->type_name("P,...");
  command
      .add_option("--divergence", flags->divergence,
                  "also the Kullback-Leibler divergence to this model of the same columns")
      ->type_name("FILE");
  command.add_option("--out", flags->out, "write the described model to this file")
      ->type_name("FILE");
  command
      .add_option("--draws", flags->draws,
                  "random rows for entropy and divergence (default: 100000)")
      ->check(at_least(2))
      ->type_name("N");
  command.add_option("--seed", flags->seed, "seed of the random numbers (default: 1)")
      ->check(seed())
      ->type_name("N");
  command.add_flag("--json", flags->json, "print one JSON object instead of text");
  command.footer("Example: mixture describe model.json --given waiting=70");
  command.callback([flags] { run_describe(*flags); });
}

}  // namespace mix::cli
