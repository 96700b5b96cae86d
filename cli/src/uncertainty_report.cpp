#include "uncertainty_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "text.h"

namespace mix::cli {
namespace {

constexpr std::size_t number_width = 10;
constexpr double least_gain = 1e-3;
constexpr double least_step = 0.05;

struct NumberRow {
  Index component;
  std::string name;
  std::vector<double> numbers;
};

std::string number(double value) { return std::isnan(value) ? "-" : brief(value, 4); }

std::string percent(double share) { return fmt::format("{:.4g} %", 100 * share); }

std::vector<std::string> interval_titles(double confidence) {
  return {percent(0.5 * (1 - confidence)), percent(0.5 * (1 + confidence))};
}

// A table for each component, and what the numbers in brackets count.
std::string tables_of(const std::vector<NumberRow>& rows, const std::vector<std::string>& titles,
                      const std::vector<std::string>& components,
                      const std::vector<Column>& columns) {
  std::size_t label_width = width_of("parameter");
  for (const NumberRow& row : rows) label_width = std::max(label_width, width_of(row.name));
  std::string text;
  Index component = -1;
  for (const NumberRow& row : rows) {
    if (row.component != component) {
      component = row.component;
      const std::string& title = components[static_cast<std::size_t>(component)];
      text += fmt::format(
          "\n{}{}\n  {}",
          title.find_first_not_of("0123456789") == std::string::npos ? "component " : "", title,
          pad_right("parameter", label_width));
      for (const std::string& column : titles) text += "  " + pad_left(column, number_width);
      text += "\n";
    }
    text += "  " + pad_right(row.name, label_width);
    for (const double value : row.numbers) text += "  " + pad_left(number(value), number_width);
    text += "\n";
  }
  if (columns.size() > 1) {
    std::vector<std::string> names;
    for (std::size_t j = 0; j < columns.size(); ++j) {
      names.push_back(fmt::format("{} {}", j + 1, columns[j].name));
    }
    text += "\n" + wrapped("columns: " + join(names, ", "), 98) + "\n";
  }
  return text;
}

std::string lines_of(const std::vector<std::string>& warnings) {
  std::string text;
  for (const std::string& warning : warnings) {
    text += wrapped("warning: " + warning, 98, "  ") + "\n";
  }
  return text;
}

// What is smaller is nothing, and its digits are noise.
std::string or_less(double value, double least) {
  return value < least ? fmt::format("less than {:g}", least) : fmt::format("{:.2g}", value);
}

std::string two_digits(double value) {
  return std::isnan(value) ? "-" : fmt::format("{:.2g}", value);
}

std::string describe_convergence(const ConvergenceReport& report) {
  std::vector<std::string> mass;
  for (const double rows : report.mass) mass.push_back(brief(rows, 1));
  std::string text = "\nconvergence\n";
  const auto line = [&](const std::string& label, const std::string& value) {
    text += "  " + pad_right(label, 46) + "  " + value + "\n";
  };
  line("log-likelihood still to gain", or_less(report.gain, least_gain) + " nats");
  line("distance from the maximum", or_less(report.step, least_step) + " standard errors");
  line("least information, of known components' = 1", two_digits(report.least_information));
  line("condition number of the information", two_digits(report.condition));
  line("a maximum", report.maximum ? "yes" : "no");
  line("effective rows of the components", join(mass, ", "));
  if (report.search) {
    const SearchSummary& search = *report.search;
    line("completed runs that came to it", fmt::format("{} of {}", search.hits, search.completed));
    line("distance to the runner-up",
         search.runner_up ? fmt::format("{:.4g} nats (met by {})", search.runner_up->distance,
                                        count_of(search.runner_up->hits, "run"))
                          : "no other optimum met");
  }
  return text;
}

Json search_object(const std::optional<SearchSummary>& search) {
  if (!search) return nullptr;
  Json object{{"hits", search->hits}, {"completed", search->completed}, {"runner_up", nullptr}};
  if (search->runner_up) {
    object["runner_up"] = {{"distance", search->runner_up->distance},
                           {"hits", search->runner_up->hits}};
  }
  return object;
}

// NaN is null.
Json finite_or_null(double value) { return std::isfinite(value) ? Json(value) : Json(); }

Json array_of(const Vector& values) {
  Json array = Json::array();
  for (const double value : values) array.push_back(finite_or_null(value));
  return array;
}

}  // namespace

std::string describe_standard_errors(const StandardErrors& errors,
                                     const std::vector<std::string>& names,
                                     const std::vector<Column>& columns) {
  std::vector<NumberRow> rows;
  for (const ParameterEstimate& e : errors.parameters) {
    rows.push_back({e.component, e.name, {e.value, e.standard_error, e.lower, e.upper}});
  }
  std::vector<std::string> titles{"estimate", "std. error"};
  for (std::string& title : interval_titles(errors.confidence)) titles.push_back(std::move(title));
  const std::string source = errors.information == InformationKind::observed
                                 ? "observed information"
                             : errors.information == InformationKind::scores
                                 ? "information of the scores"
                                 : "sandwich of observed information and scores";
  return fmt::format("standard errors by the {}, intervals of {}\n", source,
                     percent(errors.confidence)) +
         tables_of(rows, titles, names, columns) + describe_convergence(errors.convergence) +
         lines_of(errors.warnings);
}

std::string describe_bootstrap(const Bootstrap& bootstrap, const BootstrapOptions& options,
                               const std::vector<std::string>& names,
                               const std::vector<Column>& columns) {
  std::vector<NumberRow> rows;
  for (const BootstrapEstimate& e : bootstrap.parameters) {
    rows.push_back(
        {e.component,
         e.name,
         {e.value, e.bias, e.standard_error, e.lower, e.upper, e.basic_lower, e.basic_upper}});
  }
  std::vector<std::string> titles{"estimate", "bias", "std. error"};
  const std::vector<std::string> ends = interval_titles(options.confidence);
  titles.insert(titles.end(), {ends[0], ends[1], "basic low", "basic high"});
  std::string text =
      fmt::format("{} bootstrap, {} of {} replicates, percentile and basic intervals of {}\n",
                  to_string(options.kind), bootstrap.replicates.rows(), bootstrap.asked,
                  percent(options.confidence));
  text += tables_of(rows, titles, names, columns) + lines_of(bootstrap.warnings);
  for (const auto& [reason, count] : bootstrap.failures) {
    text += wrapped(fmt::format("{} failed: {}", count_of(count, "replicate"), reason), 98, "  ") +
            "\n";
  }
  return text;
}

Json standard_errors_object(const StandardErrors& errors) {
  Json parameters = Json::array();
  for (const ParameterEstimate& e : errors.parameters) {
    parameters.push_back({{"component", e.component + 1},
                          {"name", e.name},
                          {"estimate", e.value},
                          {"standard_error", finite_or_null(e.standard_error)},
                          {"lower", finite_or_null(e.lower)},
                          {"upper", finite_or_null(e.upper)}});
  }
  Json covariance = Json::array();
  for (Index i = 0; i < errors.covariance.rows(); ++i) {
    covariance.push_back(array_of(errors.covariance.row(i)));
  }
  const ConvergenceReport& report = errors.convergence;
  return {{"information", to_string(errors.information)},
          {"confidence", errors.confidence},
          {"log_likelihood", errors.log_likelihood},
          {"parameters", std::move(parameters)},
          {"covariance", std::move(covariance)},
          {"convergence",
           {{"gain", finite_or_null(report.gain)},
            {"step", finite_or_null(report.step)},
            {"least_information", finite_or_null(report.least_information)},
            {"condition", finite_or_null(report.condition)},
            {"determined", report.determined},
            {"undetermined", report.undetermined},
            {"maximum", report.maximum},
            {"mass", array_of(report.mass)},
            {"search", search_object(report.search)}}},
          {"warnings", errors.warnings}};
}

Json bootstrap_object(const Bootstrap& bootstrap, const BootstrapOptions& options) {
  Json parameters = Json::array();
  for (const BootstrapEstimate& e : bootstrap.parameters) {
    parameters.push_back({{"component", e.component + 1},
                          {"name", e.name},
                          {"estimate", e.value},
                          {"bias", e.bias},
                          {"standard_error", e.standard_error},
                          {"lower", e.lower},
                          {"upper", e.upper},
                          {"basic_lower", e.basic_lower},
                          {"basic_upper", e.basic_upper}});
  }
  Json failures = Json::array();
  for (const auto& [reason, count] : bootstrap.failures) {
    failures.push_back({{"reason", reason}, {"count", count}});
  }
  return {{"kind", to_string(options.kind)},
          {"confidence", options.confidence},
          {"seed", options.seed},
          {"replicates", bootstrap.asked},
          {"completed", bootstrap.replicates.rows()},
          {"flagged", bootstrap.flagged},
          {"parameters", std::move(parameters)},
          {"failures", std::move(failures)},
          {"warnings", bootstrap.warnings}};
}

}  // namespace mix::cli
