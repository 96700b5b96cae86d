#include "degrees_of_freedom.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/math/special_functions/digamma.hpp>
#include <boost/math/special_functions/gamma.hpp>
#include <numbers>

#include "mix/distributions/student_t.h"
#include "mix/special.h"

namespace mix {
namespace {

double log_normalizer_derivative(double dof, double d) {
  return 0.5 * (boost::math::digamma((dof + d) / 2) - boost::math::digamma(dof / 2) - d / dof);
}

// The part of the weighted log-likelihood that depends on the degrees of freedom.
class DofObjective {
 public:
  DofObjective(double dof, double d, ConstVectorRef sums)
      : dof_(dof),
        d_(d),
        mass_(sums[0]),
        current_log_(sums[1]),
        window_(dof_window(dof)),
        logs_(window_, sums.tail(window_nodes)) {}

  // The maximizer in the window, or the current value if that is not worse.
  [[nodiscard]] double best() const {
    const double s = window_maximizer(
        window_, [this](double at) { return value(at); }, [this](double at) { return slope(at); });
    const double found = std::clamp(std::exp(s), StudentT::least_dof, StudentT::largest_dof);
    const double now = mass_ * t_log_normalizer(dof_, d_) - 0.5 * (dof_ + d_) * current_log_;
    return value(s) > now ? found : dof_;
  }

 private:
  [[nodiscard]] double value(double s) const {
    const double dof = std::exp(s);
    return mass_ * t_log_normalizer(dof, d_) - 0.5 * (dof + d_) * logs_(s).first;
  }
  [[nodiscard]] double slope(double s) const {
    const double dof = std::exp(s);
    const auto [log, derivative] = logs_(s);
    return dof * (mass_ * log_normalizer_derivative(dof, d_) - 0.5 * log) -
           0.5 * (dof + d_) * derivative;
  }
  double dof_;
  double d_;
  double mass_;
  double current_log_;
  LogWindow window_;
  WindowInterpolation logs_;
};

}  // namespace

double t_log_normalizer(double dof, double d) {
  const double a = dof / 2;
  const double b = d / 2;
  const double log_pi_term = b * std::log(2 * std::numbers::pi);
  if (a < 10) {
    return boost::math::lgamma(a + b) - boost::math::lgamma(a) - b * std::log(a) - log_pi_term;
  }
  return (a + b - 0.5) * std::log1p(b / a) - b + log_gamma_rest(a + b) - log_gamma_rest(a) -
         log_pi_term;
}

LogWindow dof_window(double dof) {
  return LogWindow::around(dof, StudentT::least_dof, StudentT::largest_dof);
}

std::string dof_caution(double dof, std::string_view whose) {
  constexpr double rounding = 1e-9;  // they are found on a logarithmic scale
  if (dof >= StudentT::largest_dof * (1 - rounding)) {
    return fmt::format(
        "{} ended at the upper bound of their search, {}, where a t component is normal", whose,
        StudentT::largest_dof);
  }
  if (dof <= StudentT::least_dof * (1 + rounding)) {
    return fmt::format(
        "{} ended at the lower bound of their search, {}, as when many rows are equal or far away",
        whose, StudentT::least_dof);
  }
  return {};
}

double best_dof(double dof, double d, ConstVectorRef sums) {
  return DofObjective(dof, d, sums).best();
}

}  // namespace mix
