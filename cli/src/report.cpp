#include "report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <limits>
#include <utility>

#include "component_table.h"
#include "text.h"

namespace mix::cli {
namespace {

constexpr std::size_t rows_shown = 10;
constexpr std::size_t failures_shown = 3;
// Of a parameter with many rows; `mixture info` and --json show all.
constexpr std::size_t parameter_rows_shown = 40;
constexpr std::size_t doubtful_shown = 3;
constexpr double sure = 0.95;
constexpr double unsure = 0.6;

std::string upper(std::string text) {
  for (char& c : text) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  std::replace(text.begin(), text.end(), '_', ' ');
  return text;
}

bool failed(const Ranked& row) { return !row.fit || std::isnan(row.value); }

std::string failures(const std::vector<Ranked>& table) {
  // The same reason often holds for many models: each reason once, with the first of them.
  std::vector<std::pair<std::string, std::vector<const Ranked*>>> reasons;
  long long count = 0;
  for (const Ranked& row : table) {
    if (!failed(row)) continue;
    ++count;
    std::string reason = row.fit ? "the criterion is undefined" : row.status;
    for (const char* prefix : {"failed: ", "fit: "}) {
      if (reason.starts_with(prefix)) reason.erase(0, std::string(prefix).size());
    }
    auto known = std::find_if(reasons.begin(), reasons.end(),
                              [&](const auto& r) { return r.first == reason; });
    if (known == reasons.end()) known = reasons.insert(known, {reason, {}});
    known->second.push_back(&row);
  }
  if (count == 0) return {};
  std::string text = fmt::format("{} without a result:\n", count_of(count, "model"));
  for (std::size_t i = 0; i < std::min(reasons.size(), failures_shown); ++i) {
    const auto& [reason, rows] = reasons[i];
    const std::string more =
        rows.size() > 1 ? fmt::format(" and {} more", rows.size() - 1) : std::string();
    text += "  " +
            wrapped(fmt::format("{} with {}{}: {}", rows[0]->name,
                                count_of(rows[0]->n_components, "component"), more, reason),
                    94, "  ") +
            "\n";
  }
  if (reasons.size() > failures_shown) {
    text +=
        fmt::format("  and {} other reasons; --json lists all\n", reasons.size() - failures_shown);
  }
  return text;
}

// Responsibilities of all rows are more than memory need hold.
constexpr Index rows_at_once = 1 << 16;

// How many rows each component holds, and how sure that is. A row counts as often as it weighs; of
// rows in groups it is the groups that are sure or not.
struct Certainty {
  std::vector<std::string> rows_of;
  std::string text;
};

std::string row_count(double count) { return fmt::format("{:.8g}", count); }

// What is labelled as a whole: a row or a group.
struct Labelled {
  Index row = 0;     // the first
  double rows = 0;   // sum of weights
  double count = 0;  // for how many it counts
  Index best = 0;    // component
  double top = 0;    // its probability
};

std::vector<Labelled> labelled_rows(const Data& data, const MixtureModel& model, const Vector& w) {
  std::vector<Labelled> all;
  for (Index first = 0; first < w.size(); first += rows_at_once) {
    const Index count = std::min(rows_at_once, w.size() - first);
    const Matrix r = model.responsibilities(data.table.cells().middleRows(first, count));
    for (Index i = first; i < first + count; ++i) {
      Labelled& one = all.emplace_back(Labelled{i, w[i], w[i]});
      one.top = r.row(i - first).maxCoeff(&one.best);
    }
  }
  return all;
}

std::vector<Labelled> labelled_groups(const Data& data, const MixtureModel& model,
                                      const Vector& w) {
  const Matrix r = posterior(model.state(), data.table.cells(), w, data.groups).responsibilities;
  const Vector rows = data.groups.sums(w);
  std::vector<Labelled> all;
  for (const Index row : data.groups.first_rows()) {
    const auto g = static_cast<Index>(all.size());
    Labelled& one = all.emplace_back(Labelled{row, rows[g], rows[g] > 0 ? 1.0 : 0.0});
    one.top = r.row(g).maxCoeff(&one.best);
  }
  return all;
}

Certainty certainty(const Problem& problem, const MixtureModel& model,
                    const std::vector<std::string>& titles) {
  const Data& data = problem.data;
  const Vector w = problem.counted_weights(model);
  const bool grouped = !data.groups.empty();
  const std::vector<Labelled> all =
      grouped ? labelled_groups(data, model, w) : labelled_rows(data, model, w);
  Vector held = Vector::Zero(model.n_components());
  std::vector<Labelled> doubtful;
  double n = 0;
  double mean = 0;
  double sure_rows = 0;
  double doubtful_rows = 0;
  for (const Labelled& one : all) {
    held[one.best] += one.rows;
    n += one.count;
    mean += one.count * one.top;
    if (one.top > sure) sure_rows += one.count;
    if (one.top < unsure && one.count > 0) {
      doubtful.push_back(one);
      doubtful_rows += one.count;
    }
  }
  Certainty result;
  for (const double count : held) result.rows_of.push_back(row_count(count));
  if (model.n_components() == 1) return result;
  result.text = fmt::format(
      "Sure (probability above {}): {} of {} {} ({:.1f} %); mean probability {:.3f}.\n"
      "Doubtful (below {}): {} ({:.1f} %)",
      sure, row_count(sure_rows), row_count(n), grouped ? "groups" : "rows", 100 * sure_rows / n,
      mean / n, unsure, row_count(doubtful_rows), 100 * doubtful_rows / n);
  std::stable_sort(doubtful.begin(), doubtful.end(),
                   [](const Labelled& a, const Labelled& b) { return a.top < b.top; });
  for (std::size_t i = 0; i < std::min(doubtful.size(), doubtful_shown); ++i) {
    const Labelled& one = doubtful[i];
    result.text += fmt::format("{}{} line {} ({}: {:.2f})", i == 0 ? "; least sure:" : ",",
                               grouped ? " the group of" : "", data.table.line_of(one.row),
                               titles[static_cast<std::size_t>(one.best)], one.top);
  }
  result.text += ".\n";
  return result;
}

// The optima that a search met beside the one that it kept: the best few.
std::string describe_other_optima(const Report& report) {
  constexpr std::size_t most = 4;
  std::vector<std::string> others;
  std::size_t more = 0;
  for (const Optimum& optimum : report.optima) {
    if (std::abs(optimum.objective - report.objective) < same_optimum) continue;
    if (others.size() == most) {
      ++more;
      continue;
    }
    others.push_back(fmt::format("{:.2f} ({}{})", optimum.objective, count_of(optimum.hits, "run"),
                                 optimum.flaw.empty() ? "" : ", spurious"));
  }
  if (others.empty()) return {};
  return fmt::format("Other optima: {}{}.\n", fmt::join(others, ", "),
                     more > 0 ? fmt::format(" and {} more", more) : "");
}

std::string describe_run(const Report& report) {
  std::string text;
  if (report.starts > 1) {
    const std::string moves =
        report.moves > 0 ? fmt::format(" and {} moves", report.moves) : std::string();
    text = fmt::format("Best of {} starts{} ({}); {} of {} completed runs reached it.",
                       report.starts, moves, report.start, report.hits, report.completed);
  } else {
    text = fmt::format("One start ({}).", report.start);
  }
  std::string stop = to_string(report.stop);
  std::replace(stop.begin(), stop.end(), '_', ' ');
  text +=
      fmt::format(" Stopped after {}: {}.\n",
                  report.n_iter == 1 ? "1 pass" : fmt::format("{} passes", report.n_iter), stop);
  text += describe_other_optima(report);
  if (report.truncation_gap) {
    text += fmt::format(
        "Truncated: what was maximized is {:.4g} nats below the log-likelihood of the model.\n",
        *report.truncation_gap);
  }
  return text;
}

// Which rows were left out.
std::string describe_trimmed(const Problem& problem, const MixtureModel& model) {
  constexpr std::size_t most = 10;
  const std::vector<Index> lines = problem.trimmed_lines(model);
  if (lines.empty()) return {};
  std::vector<std::string> named;
  for (std::size_t i = 0; i < std::min(lines.size(), most); ++i) {
    named.push_back(fmt::format("{}", lines[i]));
  }
  if (lines.size() > most) named.emplace_back("...");
  return wrapped(fmt::format("Trimmed: {} of {}, the least probable; log-likelihood and criteria "
                             "are those of the others. Lines {}.",
                             lines.size(), count_of(problem.data.table.rows(), "row"),
                             join(named, ", ")),
                 96, "  ") +
         "\n";
}

std::string describe_criteria(const Criteria& criteria) {
  std::vector<std::string> parts;
  for (const char* name : {"bic", "aic", "icl"}) {
    const double value = criteria.at(name);
    if (!std::isnan(value)) parts.push_back(fmt::format("{} {:.2f}", upper(name), value));
  }
  return join(parts, ", ");
}

// How the number of components came about, where it was one run.
std::string describe_path(const std::vector<AnnihilationStep>& path) {
  std::vector<std::string> steps;
  for (const AnnihilationStep& step : path) {
    steps.push_back(fmt::format("{}: {:.2f}{}", step.n_components, step.message_length,
                                step.flaw.empty() ? "" : " (spurious)"));
  }
  if (steps.empty()) return {};
  return wrapped("Message lengths on the way down: " + join(steps, ", "), 96, "  ") + "\n";
}

}  // namespace

std::string describe_data(const Data& data) {
  const std::vector<std::string> names = data.table.names();
  std::string text = fmt::format("{}: {}, {}", data.file, count_of(data.table.rows(), "row"),
                                 count_of(data.table.column_count(), "column"));
  if (data.weights.size() > 0) {
    text = fmt::format("{}: {} (weights sum to {:.8g}), {}", data.file,
                       count_of(data.table.rows(), "row"), data.weights.sum(),
                       count_of(data.table.column_count(), "column"));
  }
  if (!data.groups.empty()) text += fmt::format(", {}", count_of(data.groups.count(), "group"));
  const std::string listed = " (" + join(names, ", ") + ")";
  if (width_of(text) + width_of(listed) <= 100) return text + listed + "\n";
  return text + ":\n  " + wrapped(join(names, ", "), 96, "  ") + "\n";
}

std::string describe_search(const Comparison& comparison, RowsShown rows) {
  const std::vector<Ranked>& table = comparison.table;
  const auto fitted = static_cast<std::size_t>(
      std::count_if(table.begin(), table.end(), [](const Ranked& row) { return !failed(row); }));
  const std::string title = upper(comparison.criterion);
  std::string text = fmt::format("{} ranked by {}, smaller is better\n",
                                 count_of(static_cast<long long>(fitted), "model"), title);
  std::size_t width = 8;
  const std::size_t shown = rows == RowsShown::all ? fitted : std::min(fitted, rows_shown);
  for (std::size_t i = 0; i < shown; ++i) {
    width = std::max(width, std::min<std::size_t>(width_of(table[i].name), 40));
  }
  // How probable models are is a matter of all of them.
  const bool weighed = rows == RowsShown::all && comparison.criterion == "bic";
  text += fmt::format("      {}    K  log-likelihood  parameters  {:>12}  difference{}\n",
                      pad_right("model", width), title, weighed ? "  weight" : "");
  for (std::size_t i = 0; i < shown; ++i) {
    const Ranked& row = table[i];
    text +=
        fmt::format("{:>4}  {}  {:>3}  {:>14.3f}  {:>10}  {:>12.3f}  {:>10.3f}", i + 1,
                    pad_right(shortened(row.name, 40), width), row.n_components, row.log_likelihood,
                    row.parameter_count, row.value, row.value - table[0].value);
    if (weighed) text += fmt::format("  {:>6.4f}", row.bic_weight);
    if (row.status != "ok") text += "  " + row.status.substr(0, row.status.find(':'));
    text += "\n";
  }
  if (fitted > shown) text += fmt::format("      and {} more\n", fitted - shown);
  if (fitted > 0 && !std::isnan(table.front().standard_error)) {
    const Ranked& simplest = comparison.simplest_within_error();
    text += fmt::format("Simplest within one standard error ({:.3f}) of the best: {} with {}\n",
                        table.front().standard_error, simplest.name,
                        count_of(simplest.n_components, "component"));
  }
  if (fitted > 0) text += describe_path(table.front().path);
  return text + failures(table);
}

std::string describe_fit(const Problem& problem, const Fit& fit) {
  const Report& report = fit.report;
  const MixtureModel& model = fit.model;
  const std::vector<std::string> titles =
      component_titles(model, problem.component_names(model.n_components()));
  std::string text = fmt::format("{} with {}: log-likelihood {:.3f}, {}\n{}\n", model.title(),
                                 count_of(model.n_components(), "component"), report.log_likelihood,
                                 count_of(report.parameter_count, "parameter"),
                                 describe_criteria(report.criteria));
  text += describe_run(report) + describe_trimmed(problem, model);
  for (const std::string& warning : report.warnings) {
    text += wrapped("Warning: " + warning, 96, "  ") + "\n";
  }
  const Certainty sureness = certainty(problem, model, titles);
  std::vector<ComponentRow> rows =
      component_rows(model, problem.data.table.columns(), parameter_rows_shown);
  const bool weighted = !rows.empty() && rows.front().label == "weight";
  rows.insert(rows.begin() + (weighted ? 1 : 0), {"rows", sureness.rows_of});
  return text + "\n" + format_components(titles, rows) +
         (sureness.text.empty() ? "" : "\n" + sureness.text);
}

std::string describe_model(const SavedModel& saved) {
  const MixtureModel& model = saved.model;
  const std::vector<Column> columns = columns_or_numbered(saved.columns, model.dimension());
  std::vector<std::string> names;
  for (const Column& column : columns) names.push_back(column.name);
  return fmt::format("{} with {}, {}\n{}: {}\n\n", model.title(),
                     count_of(model.n_components(), "component"),
                     count_of(model.parameter_count(), "parameter"),
                     count_of(static_cast<long long>(names.size()), "column"),
                     wrapped(join(names, ", "), 90, "  ")) +
         format_components(component_titles(model, saved.component_names),
                           component_rows(model, columns, std::numeric_limits<std::size_t>::max()));
}

}  // namespace mix::cli
