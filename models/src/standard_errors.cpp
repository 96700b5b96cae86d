#include "mix/models/standard_errors.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <boost/math/distributions/normal.hpp>
#include <cmath>
#include <stdexcept>

#include "group_gate.h"
#include "identified_directions.h"
#include "mix/errors.h"
#include "mix/models/edges.h"
#include "mix/models/group_posterior.h"
#include "mix/models/parameter_values.h"
#include "mix/parallel.h"

namespace mix {
namespace {

// An information matrix whose least eigenvalue, in units of the complete data's, is below minus
// this is negative there.
constexpr double negative_information = 1e-4;
// Nats still to gain from which the estimate does not count as a maximum.
constexpr double worth_gaining = 0.05;
// So many times a step is halved to see what it gains.
constexpr int measured_steps = 12;
// A condition number from which rounding and the normal approximation both deserve distrust.
constexpr double ill_conditioned = 1e8;
// Numbers that move by no more than rounding do not move.
constexpr double rounding = 1e-13;

// The numbers of the model at changed coordinates.
class MovedNumbers {
 public:
  explicit MovedNumbers(const Information& at) : at_(at) {}

  [[nodiscard]] Vector values(const Vector& change) const {
    const std::vector<ParameterValue> numbers = parameter_values(at_.moved(change));
    Vector values(static_cast<Index>(numbers.size()));
    for (Index i = 0; i < values.size(); ++i)
      values[i] = numbers[static_cast<std::size_t>(i)].value;
    return values;
  }
  // Numbers x coordinates, of fourth order.
  [[nodiscard]] Matrix derivatives() const {
    const Index p = at_.coordinates.size();
    const Vector here = values(Vector::Zero(p));
    Matrix all(here.size(), p);
    for (Index j = 0; j < p; ++j) {
      const Vector step = at_.step[j] * Vector::Unit(p, j);
      const Vector near = values(step) - values(-step);
      const Vector far = values(2 * step) - values(-2 * step);
      all.col(j) = (8 * near - far) / (12 * at_.step[j]);
      for (Index i = 0; i < here.size(); ++i) {
        if (near.cwiseAbs()[i] <= rounding * std::abs(here[i])) all(i, j) = 0;
      }
    }
    return all;
  }

 private:
  const Information& at_;
};

// What values a number can have; found by moving it far along its own derivatives.
enum class Range { real, positive, probability };

Range range_of(const MovedNumbers& numbers, const Vector& steps, Index number, double value,
               const Vector& derivative) {
  constexpr std::array<double, 2> beyond{1.5, 4};
  if (!(value > 0)) return Range::real;
  const Vector weighted = steps.cwiseAbs2().cwiseProduct(derivative);
  const Vector direction = weighted / derivative.dot(weighted);
  const auto stays = [&](double limit, const auto& holds) {
    return std::all_of(beyond.begin(), beyond.end(), [&](double factor) {
      try {
        return holds(numbers.values(factor * (limit - value) * direction)[number]);
      } catch (const std::exception&) {
        return true;  // a distribution of one's own refuses to go there
      }
    });
  };
  if (!stays(0, [](double moved) { return moved >= 0; })) return Range::real;
  const bool probability = value < 1 && stays(1, [](double moved) { return moved <= 1; });
  return probability ? Range::probability : Range::positive;
}

// value -+ z standard errors on the scale where the number has no bounds.
void set_limits(ParameterEstimate& estimate, Range range, double z) {
  const double value = estimate.value;
  const double error = z * estimate.standard_error;
  switch (range) {
    case Range::real:
      estimate.lower = value - error;
      estimate.upper = value + error;
      return;
    case Range::positive:
      estimate.lower = value * std::exp(-error / value);
      estimate.upper = value * std::exp(error / value);
      return;
    case Range::probability: {
      const double odds = value / (1 - value);
      const double factor = std::exp(error / (value * (1 - value)));
      estimate.lower = odds / factor / (1 + odds / factor);
      estimate.upper = 1 / (1 + 1 / (odds * factor));
      return;
    }
  }
}

void check_confidence(double confidence) {
  if (confidence > 0 && confidence < 1) return;
  throw std::invalid_argument(fmt::format(
      "standard_errors: the confidence is {}; it must lie between 0 and 1, such as 0.95",
      confidence));
}

std::string names_of(const std::vector<ParameterEstimate>& parameters,
                     const std::vector<std::size_t>& chosen) {
  constexpr std::size_t most = 6;
  std::vector<std::string> names;
  for (const std::size_t i : chosen) {
    if (names.size() == most) {
      names.push_back(fmt::format("{} more", chosen.size() - most));
      break;
    }
    names.push_back(
        fmt::format("{} of component {}", parameters[i].name, parameters[i].component + 1));
  }
  return fmt::format("{}", fmt::join(names, ", "));
}

// Of no coordinates there is nothing to lack.
bool lacks_second_derivatives(const Information& found) {
  return found.observed.size() == 0 && found.coordinates.size() > 0;
}

void describe_convergence(const Information& found, const IdentifiedDirections& directions,
                          const InverseInformation& inverse, StandardErrors& result) {
  ConvergenceReport& report = result.convergence;
  report.mass = found.mass;
  report.determined = directions.count() - inverse.unknown.cols();
  report.undetermined = inverse.unknown.cols();
  report.condition = inverse.condition;
  report.gain = 0.5 * found.score.dot(inverse.covariance * found.score);
  report.step = std::sqrt(2 * report.gain);
  report.maximum = true;
  if (inverse.eigenvalues.size() == 0) return;
  report.least_information = inverse.eigenvalues[0];
  if (result.information != InformationKind::scores) {
    report.least_information = directions.least_share(found.observed, found.complete);
  }
  const double largest = inverse.eigenvalues[inverse.eigenvalues.size() - 1];
  report.maximum = inverse.eigenvalues[0] > -negative_information * largest;
}

// Log-likelihood plus log prior.
double objective_at(const MixtureModel& model, const AnyRows& x,
                    const StandardErrorOptions& options) {
  const Vector w =
      options.sample_weight.size() > 0 ? options.sample_weight : Vector::Ones(x.rows());
  const double prior = model.family().log_prior();
  if (options.groups.empty()) return log_likelihood(model.state(), x, w) + prior;
  const Posterior found = group_posterior(without_group_gate(model), x, w, options.groups);
  return (options.groups.sums(w).array() > 0).select(found.log_density.array(), 0).sum() + prior;
}

// A gain worth a warning is only believed as far as a part of its step has it: where components end
// in a cliff the log-likelihood is no parabola, whatever its derivatives say.
void measure_gain(const Information& found, const Vector& step, const AnyRows& x,
                  const StandardErrorOptions& options, ConvergenceReport& report) {
  if (!lacks_second_derivatives(found) && !(report.gain > worth_gaining)) return;
  const double length = report.step;
  report.gain = 0;
  report.step = 0;
  const double here = objective_at(found.moved(Vector::Zero(step.size())), x, options);
  double share = 1;
  for (int i = 0; i < measured_steps; ++i, share /= 2) {
    double rise = 0;
    try {
      rise = objective_at(found.moved(share * step), x, options) - here;
    } catch (const std::exception&) {
      continue;  // beyond what the parameters can be, without coordinates that keep within
    }
    if (!(rise > report.gain)) continue;
    report.gain = rise;
    report.step = share * length;
  }
}

void warn(const Information& found, InformationKind asked, StandardErrors& result) {
  const ConvergenceReport& report = result.convergence;
  std::vector<std::string>& warnings = result.warnings;
  if (lacks_second_derivatives(found) && asked != InformationKind::scores) {
    warnings.push_back(
        "the log-likelihood has no second derivatives here, so the scores' information is used; "
        "compare with the bootstrap");
  }
  if (found.at_ratio_limit) {
    warnings.push_back(
        "the limit of eigenvalues (eigenvalue_ratio) binds: standard errors are those given that "
        "the eigenvalues at the limit stay there; compare with the bootstrap");
  }
  if (!report.maximum) {
    warnings.push_back(
        "the estimate is no maximum of the likelihood: the information matrix has a negative "
        "eigenvalue, so there are no standard errors; fit again with a smaller tolerance or from "
        "another start, or use the bootstrap");
  } else if (report.undetermined > 0) {
    warnings.push_back(fmt::format(
        "weakly identified: the data do not determine {} of {} directions of the parameters; the "
        "standard errors of what moves along them are missing, use the bootstrap, or fewer "
        "components",
        report.undetermined, report.undetermined + report.determined));
  } else if (report.condition > ill_conditioned) {
    warnings.push_back(fmt::format(
        "weakly identified: the condition number of the information matrix is {:.1e}; compare "
        "with the bootstrap",
        report.condition));
  }
  if (report.maximum && report.gain > worth_gaining) {
    warnings.push_back(fmt::format(
        "the estimate is not at the maximum: at least {:.3g} nats of the log-likelihood are still "
        "to gain, a step of {:.2g} standard errors; fit with a smaller tolerance, to these rows "
        "and by soft assignment",
        report.gain, report.step));
  }
}

// How the coordinates vary.
struct Spread {
  const IdentifiedDirections& directions;
  const InverseInformation& inverse;
  const Matrix& covariance;
};

// Coordinates at a bound count as known, unless the number is hardly moved by others; false then.
bool leave_out_bounds(const std::vector<Index>& at_bound, Vector& derivative) {
  double bounded = 0;
  for (const Index j : at_bound) {
    bounded = std::hypot(bounded, derivative[j]);
    derivative[j] = 0;
  }
  return derivative.norm() > bounded;
}

// The numbers that the estimation moves, with their errors.
void add_estimates(const MixtureModel& model, const Information& found, const Spread& spread,
                   Matrix derivatives, StandardErrors& result) {
  const MovedNumbers moved(found);
  const std::vector<ParameterValue> numbers = parameter_values(model);
  const double z = boost::math::quantile(boost::math::normal(), 0.5 * (1 + result.confidence));
  std::vector<Index> moving;
  std::vector<std::size_t> missing;
  std::vector<std::size_t> edges;
  for (Index i = 0; i < derivatives.rows(); ++i) {
    const ParameterValue& number = numbers[static_cast<std::size_t>(i)];
    const std::vector<std::string> unmoved =
        edges_without_derivative(model.family(), number.component);
    const bool edge = std::find(unmoved.begin(), unmoved.end(), number.name) != unmoved.end();
    Vector derivative = derivatives.row(i);
    if (!edge && !(derivative.array().abs() > 0).any()) continue;
    ParameterEstimate estimate{number.component, number.name, number.value};
    const bool free = leave_out_bounds(found.at_bound, derivative);
    derivatives.row(i) = derivative;
    const Vector reduced = spread.directions.basis().transpose() * derivative;
    const bool known = result.convergence.maximum && free && derivative.allFinite() &&
                       !spread.directions.is_lost(derivative) &&
                       (spread.inverse.unknown.transpose() * reduced).norm() <=
                           undetermined_share * reduced.norm();
    if (known) {
      estimate.standard_error = std::sqrt(derivative.dot(spread.covariance * derivative));
      set_limits(estimate, range_of(moved, found.step, i, estimate.value, derivative), z);
    } else {
      (edge ? edges : missing).push_back(result.parameters.size());
    }
    moving.push_back(i);
    result.parameters.push_back(std::move(estimate));
  }
  const Matrix rows = derivatives(moving, Eigen::all);
  result.covariance = rows * spread.covariance * rows.transpose();
  if (!missing.empty() && result.convergence.maximum) {
    result.warnings.push_back("without standard error, at a bound or not determined by the data: " +
                              names_of(result.parameters, missing));
  }
  missing.insert(missing.end(), edges.begin(), edges.end());
  for (const std::size_t i : missing) {
    result.covariance.row(static_cast<Index>(i)).setConstant(quiet_nan);
    result.covariance.col(static_cast<Index>(i)).setConstant(quiet_nan);
  }
}

void warn_of_edges(const MixtureModel& model, StandardErrors& result) {
  std::vector<std::string> components;
  for (Index k = 0; k < model.n_components(); ++k) {
    if (edges_without_derivative(model.family(), k).empty()) continue;
    components.push_back(std::to_string(k + 1));
  }
  if (components.empty()) return;
  result.warnings.push_back(fmt::format(
      "component {}: the estimated edges of the support have no standard error, because the "
      "likelihood has no derivative by them (a non-regular problem): they converge at the rate of "
      "n, the number of rows, not of its root, so the other standard errors are those for known "
      "edges; for the edges use the bootstrap",
      fmt::join(components, ", ")));
}

}  // namespace

std::string to_string(InformationKind kind) {
  switch (kind) {
    case InformationKind::observed:
      return "observed";
    case InformationKind::scores:
      return "scores";
    case InformationKind::sandwich:
      break;
  }
  return "sandwich";
}

InformationKind parse_information(std::string_view name) {
  for (const auto kind :
       {InformationKind::observed, InformationKind::scores, InformationKind::sandwich}) {
    if (name == to_string(kind)) return kind;
  }
  throw std::invalid_argument(
      fmt::format("there is no information matrix named {}; there are observed, scores, sandwich",
                  in_quotes(name)));
}

StandardErrors standard_errors(const MixtureModel& model, const AnyRows& x,
                               const StandardErrorOptions& options) {
  check_confidence(options.confidence);
  const Information found = information(model, x, options);
  StandardErrors result;
  result.confidence = options.confidence;
  result.log_likelihood = found.log_likelihood;
  result.information =
      lacks_second_derivatives(found) ? InformationKind::scores : options.information;

  const Matrix derivatives = MovedNumbers(found).derivatives();
  const IdentifiedDirections directions(found.complete_scores, found.complete,
                                        found.few_rows ? derivatives : Matrix());
  const InverseInformation inverse = directions.inverse(
      result.information == InformationKind::scores ? found.scores : found.observed);
  describe_convergence(found, directions, inverse, result);
  with_threads(options.threads, [&] {
    measure_gain(found, inverse.covariance * found.score, x, options, result.convergence);
  });
  Matrix covariance = inverse.covariance;
  if (result.information == InformationKind::sandwich) {
    covariance = covariance * found.scores * covariance;
  }

  warn(found, options.information, result);
  add_estimates(model, found, {directions, inverse, covariance}, derivatives, result);
  for (Index k = 0; k < model.n_components(); ++k) {
    if (const std::string caution = model.family().caution(k); !caution.empty()) {
      result.warnings.push_back(fmt::format("component {}: {}", k + 1, caution));
    }
  }
  warn_of_edges(model, result);
  return result;
}

StandardErrors standard_errors(const Fit& fit, const AnyRows& x,
                               const StandardErrorOptions& options) {
  StandardErrors result = standard_errors(fit.model, x, options);
  result.convergence.search =
      SearchSummary{fit.report.hits, fit.report.completed, runner_up(fit.report)};
  return result;
}

}  // namespace mix
