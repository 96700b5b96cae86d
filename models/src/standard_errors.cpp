#include "mix/models/standard_errors.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <Eigen/Cholesky>
#include <Eigen/Eigenvalues>
#include <algorithm>
#include <array>
#include <boost/math/distributions/normal.hpp>
#include <cmath>
#include <stdexcept>

#include "mix/errors.h"
#include "mix/models/parameter_values.h"

namespace mix {
namespace {

// Directions along which the complete data's information, in units of its diagonal, is smaller than
// this share of the largest move no density: the chart has more coordinates than there are
// parameters.
constexpr double redundant = 1e-9;
// Relative to the complete data's, information below this is none, and below minus this negative.
constexpr double no_information = 1e-6;
constexpr double negative_information = 1e-4;
// A number that moves along such directions by more than this share is not determined.
constexpr double undetermined_share = 1e-4;
// Nats still to gain from which the estimate does not count as a maximum.
constexpr double worth_gaining = 0.05;
// A condition number from which rounding and the normal approximation both deserve distrust.
constexpr double ill_conditioned = 1e8;
// Numbers that move by no more than rounding do not move.
constexpr double rounding = 1e-13;

// The inverse of an information matrix on the directions that it determines: covariance is
// basis * basis', and parameters that move along a column of `unknown` are not determined.
struct Inverse {
  Matrix covariance;
  Matrix unknown;
  Vector eigenvalues;  // in units of the complete data's scores, from the least
  double condition = quiet_nan;
};

class Directions {
 public:
  explicit Directions(const Matrix& complete) {
    const Index p = complete.rows();
    scale_ = Vector::Zero(p);
    for (Index j = 0; j < p; ++j) {
      if (complete(j, j) > 0) scale_[j] = 1 / std::sqrt(complete(j, j));
    }
    const Matrix scaled = scale_.asDiagonal() * complete * scale_.asDiagonal();
    const Eigen::SelfAdjointEigenSolver<Matrix> eigen(scaled);
    const Vector& values = eigen.eigenvalues();
    const double least = redundant * (p > 0 ? values[p - 1] : 0);
    const auto lost = (values.array() <= least).count();
    // Those that carry information first, whitened.
    basis_ = scale_.asDiagonal() * eigen.eigenvectors().rightCols(p - lost) *
             values.tail(p - lost).cwiseSqrt().cwiseInverse().asDiagonal();
    null_ = eigen.eigenvectors().leftCols(lost);
  }

  [[nodiscard]] Index count() const { return basis_.cols(); }
  /// Coordinates x directions; the complete data's information of them is the unit matrix.
  [[nodiscard]] const Matrix& basis() const { return basis_; }

  /// Whether a number with these derivatives changes along directions that move no density.
  [[nodiscard]] bool is_lost(const Vector& derivative) const {
    for (Index j = 0; j < scale_.size(); ++j) {
      if (scale_[j] == 0 && derivative[j] != 0) return true;
    }
    const Vector scaled = scale_.cwiseProduct(derivative);
    return (null_.transpose() * scaled).norm() > undetermined_share * scaled.norm();
  }

  [[nodiscard]] Inverse inverse(const Matrix& information) const {
    const Matrix reduced = basis_.transpose() * information * basis_;
    const Eigen::SelfAdjointEigenSolver<Matrix> eigen(0.5 * (reduced + reduced.transpose()));
    Inverse found;
    found.covariance = Matrix::Zero(basis_.rows(), basis_.rows());
    found.eigenvalues = eigen.eigenvalues();
    const Index n = count();
    if (n == 0) return found;
    const double largest = found.eigenvalues[n - 1];
    const auto unknown = (found.eigenvalues.array() <= no_information * largest).count();
    const Matrix known = basis_ * eigen.eigenvectors().rightCols(n - unknown);
    found.covariance =
        known * found.eigenvalues.tail(n - unknown).cwiseInverse().asDiagonal() * known.transpose();
    found.unknown = eigen.eigenvectors().leftCols(unknown);
    if (unknown == 0) {
      const Vector unit = information.diagonal().unaryExpr(
          [](double value) { return value > 0 ? 1 / std::sqrt(value) : 0; });
      found.condition = condition_of(unit.asDiagonal() * information * unit.asDiagonal(), n);
    }
    return found;
  }

  /// The smallest share of the complete data's information, along any direction, that the other
  /// one is.
  [[nodiscard]] double least_share(const Matrix& information, const Matrix& complete) const {
    const auto reduced = [&](const Matrix& full) -> Matrix {
      const Matrix product = basis_.transpose() * full * basis_;
      return 0.5 * (product + product.transpose());
    };
    const Matrix whole = reduced(complete);
    if (Eigen::LLT<Matrix>(whole).info() != Eigen::Success) return quiet_nan;
    return Eigen::GeneralizedSelfAdjointEigenSolver<Matrix>(reduced(information), whole,
                                                            Eigen::EigenvaluesOnly)
        .eigenvalues()[0];
  }

 private:
  // The ratio of the largest eigenvalue to the n-th largest.
  static double condition_of(const Matrix& scaled, Index n) {
    const Vector values =
        Eigen::SelfAdjointEigenSolver<Matrix>(scaled, Eigen::EigenvaluesOnly).eigenvalues();
    return values[values.size() - 1] / values[values.size() - n];
  }

  Vector scale_;
  Matrix basis_;
  Matrix null_;  // in scaled coordinates
};

// The model at coordinates that information() has.
class MovedModel {
 public:
  MovedModel(const MixtureModel& model, const Information& at) : model_(model), at_(at) {
    offset_ = at.coordinates.size() - model.family().coordinates().size();
  }
  [[nodiscard]] Vector values(const Vector& change) const {
    MixtureState state = model_.state();
    state.family.set_coordinates((at_.coordinates + change).tail(change.size() - offset_));
    if (offset_ > 0) {
      // Of the differences alone: a weight of 0 stays.
      Vector moved = state.weights.array() * change.head(offset_).array().exp();
      state.weights = moved / moved.sum();
    }
    const std::vector<ParameterValue> numbers =
        parameter_values(MixtureModel(std::move(state), model_.mixing()));
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
  const MixtureModel& model_;
  const Information& at_;
  Index offset_;
};

// What values a number can have; found by moving it far along its own derivatives.
enum class Range { real, positive, probability };

Range range_of(const MovedModel& model, const Vector& steps, Index number, double value,
               const Vector& derivative) {
  constexpr std::array<double, 2> beyond{1.5, 4};
  if (!(value > 0)) return Range::real;
  const Vector weighted = steps.cwiseAbs2().cwiseProduct(derivative);
  const Vector direction = weighted / derivative.dot(weighted);
  const auto stays = [&](double limit, const auto& holds) {
    return std::all_of(beyond.begin(), beyond.end(), [&](double factor) {
      return holds(model.values(factor * (limit - value) * direction)[number]);
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

void describe_convergence(const Information& found, const Directions& directions,
                          const Inverse& inverse, StandardErrors& result) {
  ConvergenceReport& report = result.convergence;
  report.mass = found.mass;
  report.determined = directions.count() - inverse.unknown.cols();
  report.undetermined = inverse.unknown.cols();
  report.condition = inverse.condition;
  report.gain = 0.5 * found.score.dot(inverse.covariance * found.score);
  report.step = std::sqrt(2 * report.gain);
  if (inverse.eigenvalues.size() == 0) return;
  report.least_information = inverse.eigenvalues[0];
  if (result.information != InformationKind::scores) {
    report.least_information = directions.least_share(found.observed, found.complete);
  }
  const double largest = inverse.eigenvalues[inverse.eigenvalues.size() - 1];
  report.maximum = inverse.eigenvalues[0] > -negative_information * largest;
}

void warn(const Information& found, InformationKind asked, StandardErrors& result) {
  const ConvergenceReport& report = result.convergence;
  std::vector<std::string>& warnings = result.warnings;
  if (found.observed.size() == 0 && asked != InformationKind::scores) {
    warnings.push_back(
        "the log-likelihood has no second derivatives here, so the scores' information is used; "
        "compare with the bootstrap");
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
        "the estimate is not at the maximum: {:.3g} nats of the log-likelihood are still to gain, "
        "a step of {:.2g} standard errors; fit with a smaller tolerance, to these rows and by "
        "soft assignment",
        report.gain, report.step));
  }
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
  result.information = found.observed.size() > 0 ? options.information : InformationKind::scores;

  const Directions directions(found.complete_scores);
  const Inverse inverse = directions.inverse(
      result.information == InformationKind::scores ? found.scores : found.observed);
  describe_convergence(found, directions, inverse, result);
  Matrix covariance = inverse.covariance;
  if (result.information == InformationKind::sandwich) {
    covariance = covariance * found.scores * covariance;
  }

  const MovedModel moved(model, found);
  const Matrix derivatives = moved.derivatives();
  const std::vector<ParameterValue> numbers = parameter_values(model);
  const double z = boost::math::quantile(boost::math::normal(), 0.5 * (1 + options.confidence));
  std::vector<Index> moving;
  std::vector<std::size_t> missing;
  for (Index i = 0; i < derivatives.rows(); ++i) {
    const Vector derivative = derivatives.row(i);
    if (!(derivative.cwiseAbs().maxCoeff() > 0)) continue;
    const ParameterValue& number = numbers[static_cast<std::size_t>(i)];
    ParameterEstimate estimate{number.component, number.name, number.value};
    const Vector reduced = directions.basis().transpose() * derivative;
    const bool known =
        result.convergence.maximum && derivative.allFinite() && !directions.is_lost(derivative) &&
        (inverse.unknown.transpose() * reduced).norm() <= undetermined_share * reduced.norm();
    if (known) {
      estimate.standard_error = std::sqrt(derivative.dot(covariance * derivative));
      set_limits(estimate, range_of(moved, found.step, i, estimate.value, derivative), z);
    } else {
      missing.push_back(result.parameters.size());
    }
    moving.push_back(i);
    result.parameters.push_back(std::move(estimate));
  }
  const Matrix rows = derivatives(moving, Eigen::all);
  result.covariance = rows * covariance * rows.transpose();
  for (const std::size_t i : missing) {
    result.covariance.row(static_cast<Index>(i)).setConstant(quiet_nan);
    result.covariance.col(static_cast<Index>(i)).setConstant(quiet_nan);
  }
  warn(found, options.information, result);
  if (!missing.empty() && result.convergence.maximum) {
    result.warnings.push_back("without standard error, at a bound or not determined by the data: " +
                              names_of(result.parameters, missing));
  }
  for (Index k = 0; k < model.n_components(); ++k) {
    if (const std::string caution = model.family().caution(k); !caution.empty()) {
      result.warnings.push_back(fmt::format("component {}: {}", k + 1, caution));
    }
  }
  return result;
}

}  // namespace mix
