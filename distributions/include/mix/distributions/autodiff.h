#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "mix/concepts.h"
#include "mix/dual.h"
#include "mix/newton.h"
#include "mix/parallel.h"
#include "mix/parameter.h"

namespace mix {

/// Where to look for a maximum when the density of some row is zero at the current parameters:
/// `values` with locations and scales of the data in place of real and positive parameters.
std::vector<Vector> rough_guesses(const Parameter* parameters, const Vector& values, Rows x,
                                  Weights w);

/// A distribution from its log density alone: derivatives come from dual numbers, estimates from
/// Newton's method on the weighted log-likelihood, parameters on the line of their charts.
///
///     struct Gumbel {
///       static constexpr std::array parameters{mix::real("location"), mix::positive("scale")};
///       template <class Row, class T>
///       T log_density(const Row& x, const T* p) const {
///         const T z = (x[0] - p[0]) / p[1];
///         return -log(p[1]) - z - exp(-z);
///       }
///     };
///
/// `log_density` sees one row `x` of doubles and the parameters `p` in their order; write functions
/// of parameters without `std::`. It returns minus infinity out of the support. A model may also
/// have `static constexpr Index dimension` (1 if absent), `static constexpr std::string_view name`,
/// `sample(rng, p)` or, for several columns, `sample(rng, p, out)`, and `start(x, w)`, a first
/// guess of the parameters. Estimation needs a log density that is twice differentiable in `p`.
template <class Model>
class Autodiff {
 public:
  static constexpr std::string_view name = [] {
    if constexpr (Named<Model>) return std::string_view(Model::name);
    return std::string_view("custom");
  }();
  /// The number of parameters.
  static constexpr int count = static_cast<int>(Model::parameters.size());
  using Values = std::array<double, Model::parameters.size()>;

  Autodiff() {
    for (int i = 0; i < count; ++i) at(i) = parameter_of(i).origin();
  }
  /// Throws std::invalid_argument for a value that its parameter cannot have.
  explicit Autodiff(const Values& initial, Model model = {})
      : model_(std::move(model)), values_(initial) {
    check();
  }

  [[nodiscard]] const Model& model() const { return model_; }
  /// The value of parameter `i`, in the order of Model::parameters.
  [[nodiscard]] double parameter(Index i) const { return values_.at(static_cast<std::size_t>(i)); }
  [[nodiscard]] const Values& parameters() const { return values_; }

  [[nodiscard]] Index dimension() const {
    if constexpr (requires { Model::dimension; }) return Model::dimension;
    return 1;
  }
  [[nodiscard]] Index parameter_count() const { return count; }
  void log_density(Rows x, VectorRef out) const {
    std::array<Dual<0>, Model::parameters.size()> p;
    std::copy(values_.begin(), values_.end(), p.begin());
    for (Index i = 0; i < x.rows(); ++i) {
      const double value = Dual<0>(model_.log_density(x.row(i), p.data())).value();
      out[i] = std::isnan(value) ? -infinity : value;
    }
  }

  void sample(Rng& rng, VectorRef out) const requires
      requires(const Model& m, Rng& r, const double* p, VectorRef o) {
    m.sample(r, p, o);
  } || requires(const Model& m, Rng& r, const double* p) {
    double(m.sample(r, p));
  }
  {
    if constexpr (requires { model_.sample(rng, values_.data(), out); }) {
      model_.sample(rng, values_.data(), out);
    } else {
      out[0] = model_.sample(rng, values_.data());
    }
  }

  /// Climbs from the current parameters to the weighted maximum, or from a rough guess when they
  /// are hopeless; they stay as they are when no row has a weight, or some row that has one gets
  /// density zero wherever looked for.
  void fit(Rows x, Weights w) {
    if (!(w.maxCoeff() > 0)) return;
    NewtonResult top = climb(x, w, line());
    if (!top.converged) {
      const Vector guess = best_guess(x, w);
      if (guess.size() > 0 && !(log_likelihood(x, w, guess) <= top.value)) top = climb(x, w, guess);
    }
    if (std::isfinite(top.value)) set_line(top.point);
  }
  /// Learns the estimate from all data: where components set out, and what `flaw` judges them by.
  void prepare(Rows x, Weights w) {
    Autodiff all = *this;
    if constexpr (guesses) all.guess(x, w);
    all.fit(x, w);
    of_all_data_ = Eigen::Map<const Vector>(all.values_.data(), count);
  }
  /// The estimate, begun at the model's own guess or at that of all data.
  void start(Rows x, Weights w) {
    if (of_all_data_.size() == count) {
      std::copy(of_all_data_.begin(), of_all_data_.end(), values_.begin());
    }
    if constexpr (guesses) guess(x, w);
    fit(x, w);
  }
  /// Warns of a component of hardly any rows, and of a positive parameter that ran away.
  [[nodiscard]] std::string flaw(double mass) const {
    if (mass < count + 1) {
      return fmt::format("it holds {:.3g} rows, fewer than {}", mass, count + 1);
    }
    for (int i = 0; i < count && of_all_data_.size() == count; ++i) {
      const Parameter& p = parameter_of(i);
      if (p.lower != 0 || p.upper != infinity) continue;
      const double ratio = parameter(i) / of_all_data_[i];
      if (ratio > 1e-4 && ratio < 1e4) continue;
      return fmt::format("its {} is {:.2g} times that of all data", p.name, ratio);
    }
    return {};
  }

  /// The parameters on the lines of their charts.
  [[nodiscard]] Vector coordinates() const { return line(); }
  void set_coordinates(const Vector& v) { set_line(v); }

  void fields(Fields& visit) {
    for (int i = 0; i < count; ++i) visit(parameter_of(i).name, at(i));
    visit("of_all_data", of_all_data_);
    if constexpr (Visitable<Model>) model_.fields(visit);
    if (visit.loading()) check();
  }
  /// The parameters alone.
  void describe(Fields& visit) const {
    for (int i = 0; i < count; ++i) {
      double value = parameter(i);
      visit(parameter_of(i).name, value);
    }
  }

 private:
  // Whether the model has a guess of its own.
  static constexpr bool guesses = requires(const Model& model, Rows x, Weights w) {
    Values(model.start(x, w));
  };

  static constexpr const Parameter& parameter_of(int i) {
    return Model::parameters[static_cast<std::size_t>(i)];
  }
  double& at(int i) { return values_[static_cast<std::size_t>(i)]; }

  void check() const {
    for (int i = 0; i < count; ++i) {
      const Parameter& p = parameter_of(i);
      if (p.contains(parameter(i)) && std::isfinite(parameter(i))) continue;
      throw std::invalid_argument(fmt::format("{}: {} is {}, but must lie between {} and {}", name,
                                              p.name, parameter(i), p.lower, p.upper));
    }
  }

  // The parameters as a point of the line's n-th power, and back.
  [[nodiscard]] Vector line() const {
    Vector u(count);
    for (int i = 0; i < count; ++i) u[i] = parameter_of(i).to_line(parameter(i));
    return u;
  }
  void set_line(const Vector& u) {
    Values values{};
    for (int i = 0; i < count; ++i) {
      values[static_cast<std::size_t>(i)] = parameter_of(i).from_line(u[i]).value;
      if (!parameter_of(i).contains(values[static_cast<std::size_t>(i)])) return;
    }
    values_ = values;
  }

  // The weighted sum over rows of term(row), which writes `size` numbers.
  template <class P, class Add>
  [[nodiscard]] Vector sum(Rows x, Weights w, const P& p, Index size, const Add& add) const {
    return sum_over_blocks(x.rows(), size, [&](Index first, Index rows, VectorRef total) {
      for (Index i = first; i < first + rows; ++i) {
        if (w[i] > 0) add(w[i], model_.log_density(x.row(i), p.data()), total);
      }
    });
  }
  [[nodiscard]] double log_likelihood(Rows x, Weights w, const Vector& u) const {
    std::array<Dual<0>, Model::parameters.size()> p;
    for (int i = 0; i < count; ++i) {
      p[static_cast<std::size_t>(i)] = parameter_of(i).from_line(u[i]).value;
    }
    return sum(x, w, p, 1, [](double weight, const Dual<0>& l, VectorRef total) {
      total[0] += weight * l.value();
    })[0];
  }
  [[nodiscard]] Expansion expand(Rows x, Weights w, const Vector& u) const {
    // Derivatives by the parameters first, then by the points of the charts.
    using First = Dual<count>;
    using Second = Dual<count, First>;
    std::array<Second, Model::parameters.size()> p;
    std::array<Parameter::Jet, Model::parameters.size()> chart;
    for (int i = 0; i < count; ++i) {
      const auto index = static_cast<std::size_t>(i);
      chart[index] = parameter_of(i).from_line(u[i]);
      p[index] = Second::variable(First::variable(chart[index].value, i), i);
    }
    const Vector total =
        sum(x, w, p, 1 + count + count * count, [](double weight, const Second& l, VectorRef out) {
          out[0] += weight * l.value().value();
          for (int i = 0; i < count; ++i) {
            out[1 + i] += weight * l.value().slope(i);
            for (int j = 0; j < count; ++j) {
              out[1 + count + i * count + j] += weight * l.slope(i).slope(j);
            }
          }
        });
    Expansion at{total[0], total.segment(1, count),
                 total.tail(count * count).reshaped(count, count)};
    for (int i = 0; i < count; ++i) {
      const Parameter::Jet& jet = chart[static_cast<std::size_t>(i)];
      at.hessian.row(i) *= jet.first;
      at.hessian.col(i) *= jet.first;
      at.hessian(i, i) += at.gradient[i] * jet.second;
      at.gradient[i] *= jet.first;
    }
    return at;
  }

  [[nodiscard]] NewtonResult climb(Rows x, Weights w, const Vector& from) const {
    return maximize_by_newton(
        from, [&](const Vector& u) { return expand(x, w, u); },
        [&](const Vector& u) { return log_likelihood(x, w, u); });
  }

  // The best of rough guesses, on the line; empty when the likelihood is zero at all of them.
  [[nodiscard]] Vector best_guess(Rows x, Weights w) const {
    Vector best;
    double best_value = -infinity;
    const Vector values = Eigen::Map<const Vector>(values_.data(), count);
    for (const Vector& guess : rough_guesses(Model::parameters.data(), values, x, w)) {
      Vector u(count);
      for (int i = 0; i < count; ++i) u[i] = parameter_of(i).to_line(guess[i]);
      const double value = log_likelihood(x, w, u);
      if (!(value > best_value) || !std::isfinite(value)) continue;
      best = u;
      best_value = value;
    }
    return best;
  }
  void guess(Rows x, Weights w) requires guesses {
    const Values values = model_.start(x, w);
    for (int i = 0; i < count; ++i) {
      if (!parameter_of(i).contains(values[static_cast<std::size_t>(i)])) return;
    }
    values_ = values;
  }

  Model model_;
  Values values_{};
  Vector of_all_data_;  // the estimates from all data, empty before `prepare`
};

}  // namespace mix
