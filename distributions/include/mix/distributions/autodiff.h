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
std::vector<Vector> rough_guesses(const Parameter* parameters, std::size_t count,
                                  const Vector& values, Rows x, Weights w);

/// The log density of a row `x` of D columns under the normal distribution with this mean and this
/// Cholesky factor of the covariance, as `covariance(name, D)` gives it: for models that contain
/// one. x, mean and factor may be numbers or dual numbers.
template <int D, class Row, class T>
T log_normal_density(const Row& x, const T* mean, const T* factor) {
  constexpr double half_log_two_pi = 0.91893853320467274178;
  T sum(-half_log_two_pi * D);
  std::array<T, static_cast<std::size_t>(D)> z;
  for (int i = 0; i < D; ++i) {
    T& own = z[static_cast<std::size_t>(i)];
    own = x[i] - mean[i];
    for (int j = 0; j < i; ++j) own -= *factor++ * z[static_cast<std::size_t>(j)];
    const T& diagonal = *factor++;
    own /= diagonal;
    sum -= log(diagonal) + 0.5 * own * own;
  }
  return sum;
}

/// A distribution from its log density alone: derivatives come from dual numbers, estimates from
/// Newton's method on the weighted log-likelihood, in the coordinates of the parameters' charts.
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
/// `log_density` sees one row `x` of doubles and the numbers `p` of the parameters in their order;
/// write functions of parameters without `std::`. It returns minus infinity out of the support. It
/// must be twice differentiable in `p`. A model may also have
/// - `static constexpr Index dimension`, 1 if absent, and `static constexpr std::string_view name`;
/// - `terms(p)`, a template over the number type as `log_density`: what depends on parameters
///   alone, computed once for all rows and given to `log_density(x, p, terms)`;
/// - `static constexpr bool by_columns = true`: `x` are the columns of a block of rows (Cells), so
///   that the formula, which then asks nothing of single cells, takes vector instructions;
/// - `log_prior(p)`, likewise a template: the logarithm of a prior density of the parameters, up to
///   a constant; estimates are then those of the largest posterior density;
/// - `sample(rng, p)` or, for several columns, `sample(rng, p, out)`;
/// - `start(x, w)`, a first guess of the parameters' numbers.
template <class Model>
class Autodiff {
  template <class Size>
  static constexpr int sum_of(const Size& size) {
    int sum = 0;
    for (const Parameter& p : Model::parameters) sum += size(p);
    return sum;
  }

 public:
  static constexpr std::string_view name = [] {
    if constexpr (Named<Model>) return std::string_view(Model::name);
    return std::string_view("custom");
  }();
  /// How many numbers the parameters are.
  static constexpr int count = sum_of([](const Parameter& p) { return p.size(); });
  /// How many of them are free.
  static constexpr int freedom = sum_of([](const Parameter& p) { return p.freedom(); });
  using Values = std::array<double, static_cast<std::size_t>(count)>;
  /// Whether `log_density` sees columns of blocks instead of rows.
  static constexpr bool by_columns = [] {
    if constexpr (requires { Model::by_columns; }) return bool(Model::by_columns);
    return false;
  }();

  Autodiff() {
    from_line(std::array<double, static_cast<std::size_t>(freedom)>{}.data(), values_.data());
  }
  /// Throws std::invalid_argument for values that a parameter cannot have.
  explicit Autodiff(const Values& initial, Model model = {})
      : model_(std::move(model)), values_(initial) {
    check();
  }

  [[nodiscard]] const Model& model() const { return model_; }
  /// Number `i` of the parameters, in the order of Model::parameters.
  [[nodiscard]] double parameter(Index i) const { return values_.at(static_cast<std::size_t>(i)); }
  [[nodiscard]] const Values& parameters() const { return values_; }

  [[nodiscard]] Index dimension() const {
    if constexpr (requires { Model::dimension; }) return Model::dimension;
    return 1;
  }
  [[nodiscard]] Index parameter_count() const { return freedom; }
  void log_density(Rows x, VectorRef out) const {
    const Point<Plain> at(model_, values_.data());
    if constexpr (by_columns) {
      for (Index first = 0; first < x.rows(); first += Cells::most_rows) {
        const Index rows = std::min(Cells::most_rows, x.rows() - first);
        const std::vector<Cells> cells = columns_of(x, first, rows);
        Plain(at.log_density(cells)).copy_to(out.segment(first, rows));
      }
    } else {
      for (Index i = 0; i < x.rows(); ++i) out[i] = Plain(at.log_density(x.row(i))).value();
    }
    out = out.array().isNaN().select(-infinity, out);
  }
  [[nodiscard]] double log_prior() const requires requires(const Model& m, const Dual<0>* p) {
    Dual<0>(m.log_prior(p));
  }
  { return Point<Dual<0>>(model_, values_.data()).log_prior().value(); }

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
    NewtonResult top = climb(x, w, coordinates());
    if (!top.converged) {
      const Vector guess = best_guess(x, w);
      if (guess.size() > 0 && !(objective(x, w, guess) <= top.value)) top = climb(x, w, guess);
    }
    if (std::isfinite(top.value)) set_coordinates(top.point);
  }
  /// One of Newton's steps toward that maximum, never downhill, or all of them where one leads
  /// nowhere: for generalized EM, which ends where full M-steps do.
  void improve(Rows x, Weights w) {
    if (!(w.maxCoeff() > 0)) return;
    const Vector from = coordinates();
    const NewtonResult step = climb(x, w, from, 1);
    if (step.converged || step.point != from) {
      set_coordinates(step.point);
    } else {
      fit(x, w);
    }
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
  /// Warns of a component of hardly any rows, and of a positive parameter, or a standard deviation
  /// of a covariance, that ran away.
  [[nodiscard]] std::string flaw(double mass) const {
    if (mass < freedom + 1) {
      return fmt::format("it holds {:.3g} rows, fewer than {}", mass, freedom + 1);
    }
    if (of_all_data_.size() != count) return {};
    int first = 0;
    for (const Parameter& p : Model::parameters) {
      for (int i = 0; i < p.size(); ++i) {
        if (!is_scale(p, i)) continue;
        const double ratio = parameter(first + i) / of_all_data_[first + i];
        if (ratio > 1e-4 && ratio < 1e4) continue;
        return fmt::format("its {} is {:.2g} times that of all data", p.name, ratio);
      }
      first += p.size();
    }
    return {};
  }

  /// The parameters in the coordinates of their charts.
  [[nodiscard]] Vector coordinates() const { return line_of(values_.data()); }
  void set_coordinates(const Vector& u) {
    Values values{};
    from_line(u.data(), values.data());
    if (possible(values.data())) values_ = values;
  }

  void fields(Fields& visit) {
    visit_parameters(visit);
    visit("of_all_data", of_all_data_);
    if constexpr (Visitable<Model>) model_.fields(visit);
    if (visit.loading()) check();
  }
  /// The parameters alone; covariances and correlations as matrices.
  void describe(Fields& visit) const {
    const double* values = values_.data();
    for (const Parameter& p : Model::parameters) {
      if (p.triangular()) {
        const Matrix factor = triangle(values, p.extent);
        Matrix product = factor * factor.transpose();
        visit(p.name, product);
      } else if (p.extent > 1) {
        Vector numbers = Eigen::Map<const Vector>(values, p.extent);
        visit(p.name, numbers);
      } else {
        double value = *values;
        visit(p.name, value);
      }
      values += p.size();
    }
  }

 private:
  // Whether the model has a guess of its own.
  static constexpr bool guesses = requires(const Model& model, Rows x, Weights w) {
    Values(model.start(x, w));
  };

  // The model at values of its parameters.
  template <class T>
  class Point {
   public:
    template <class Value>
    Point(const Model& model, const Value* values)
        : model_(model), p_(copied(values)), terms_(terms_of(model, p_.data())) {}
    template <class Row>
    [[nodiscard]] auto log_density(const Row& x) const {
      if constexpr (has_terms) {
        return model_.log_density(x, p_.data(), terms_);
      } else {
        return model_.log_density(x, p_.data());
      }
    }
    [[nodiscard]] T log_prior() const {
      if constexpr (requires { T(model_.log_prior(p_.data())); }) {
        return T(model_.log_prior(p_.data()));
      } else {
        return T(0.0);
      }
    }

   private:
    static constexpr bool has_terms = requires(const Model& m, const T* p) { m.terms(p); };
    struct Nothing {};
    static auto terms_of(const Model& m, const T* p) {
      if constexpr (has_terms) {
        return m.terms(p);
      } else {
        return Nothing{};
      }
    }
    using Terms = decltype(terms_of(std::declval<const Model&>(), std::declval<const T*>()));
    using Numbers = std::array<T, static_cast<std::size_t>(count)>;
    template <class Value>
    static Numbers copied(const Value* values) {
      Numbers p;
      std::transform(values, values + count, p.begin(), [](const Value& v) {
        if constexpr (std::same_as<T, Cells>) {
          return T(plain_value(v));
        } else {
          return T(v);
        }
      });
      return p;
    }

    const Model& model_;
    Numbers p_;
    Terms terms_;
  };

  static constexpr bool is_scale(const Parameter& p, int i) {
    if (p.range == ParameterRange::interval) return p.lower == 0 && p.upper == infinity;
    if (p.range != ParameterRange::covariance_factor) return false;
    int diagonal = 0;
    for (int row = 1; diagonal < i; ++row) diagonal += row + 1;
    return diagonal == i;
  }
  static bool possible(const double* values) {
    return std::all_of(Model::parameters.begin(), Model::parameters.end(), [&](const Parameter& p) {
      const double* own = values;
      values += p.size();
      return p.contains(own);
    });
  }
  void check() const {
    const double* values = values_.data();
    for (const Parameter& p : Model::parameters) {
      if (!p.contains(values)) {
        throw std::invalid_argument(fmt::format("{}: {} is {}, but must {}", name, p.name,
                                                fmt::join(values, values + p.size(), ", "),
                                                p.requirement()));
      }
      values += p.size();
    }
  }
  static Matrix triangle(const double* values, int extent) {
    Matrix factor = Matrix::Zero(extent, extent);
    for (int i = 0; i < extent; ++i) {
      for (int j = 0; j <= i; ++j) factor(i, j) = *values++;
    }
    return factor;
  }
  void visit_parameters(Fields& visit) {
    double* values = values_.data();
    for (const Parameter& p : Model::parameters) {
      if (p.size() > 1) {
        Vector numbers = Eigen::Map<const Vector>(values, p.size());
        visit(p.name, numbers);
        if (visit.loading()) {
          if (numbers.size() != p.size()) {
            throw std::invalid_argument(fmt::format("{}: {} has {} numbers, but must have {}", name,
                                                    p.name, numbers.size(), p.size()));
          }
          std::copy(numbers.begin(), numbers.end(), values);
        }
      } else {
        visit(p.name, *values);
      }
      values += p.size();
    }
  }

  template <class T>
  static void from_line(const T* u, T* values) {
    for (const Parameter& p : Model::parameters) {
      p.from_line(u, values);
      u += p.freedom();
      values += p.size();
    }
  }
  static Vector line_of(const double* values) {
    Vector u(freedom);
    double* next = u.data();
    for (const Parameter& p : Model::parameters) {
      p.to_line(values, next);
      next += p.freedom();
      values += p.size();
    }
    return u;
  }

  // The columns of a block of rows.
  static std::vector<Cells> columns_of(Rows x, Index first, Index rows) {
    std::vector<Cells> columns;
    columns.reserve(static_cast<std::size_t>(x.cols()));
    for (Index j = 0; j < x.cols(); ++j) columns.emplace_back(x.col(j).segment(first, rows));
    return columns;
  }

  // The numbers of a value, or of an expansion up to second order, in a fixed order: each is given
  // to `visit`.
  using First = Dual<freedom>;
  using Second = Dual<freedom, First>;
  static constexpr std::size_t expansion_size = 1 + freedom + freedom * (freedom + 1) / 2;
  template <class Visit>
  static void for_each_number(const Dual<0>& l, Visit&& visit) {
    visit(l.value());
  }
  template <class Visit>
  static void for_each_number(const Cells& l, Visit&& visit) {
    visit(l);
  }
  template <class T, class Visit>
  static void for_each_number(const Dual<freedom, Dual<freedom, T>>& l, Visit&& visit) {
    visit(l.value().value());
#pragma GCC unroll 16
    for (int i = 0; i < freedom; ++i) visit(l.value().slope(i));
#pragma GCC unroll 16
    for (int i = 0; i < freedom; ++i) {
#pragma GCC unroll 16
      for (int j = 0; j <= i; ++j) visit(l.slope(i).slope(j));
    }
  }
  // The numbers in which a block, or a row, is evaluated, where parameters are such numbers.
  using Plain = std::conditional_t<by_columns, Cells, Dual<0>>;
  template <class T>
  using Evaluated = std::conditional_t<
      !by_columns, T,
      std::conditional_t<std::same_as<T, Dual<0>>, Cells, Dual<freedom, Dual<freedom, Cells>>>>;

  // The weighted sum of log densities at a point and the log prior density there, with derivatives
  // where the numbers have them.
  template <std::size_t Size, class T>
  [[nodiscard]] std::array<double, Size> objective_at(Rows x, Weights w, const T* line) const {
    std::array<T, static_cast<std::size_t>(count)> values;
    from_line(line, values.data());
    const Point<Evaluated<T>> at(model_, values.data());
    const Vector sum =
        sum_over_blocks(x.rows(), Size, [&](Index first, Index rows, VectorRef total) {
          std::array<double, Size> own{};
          if constexpr (by_columns) {
            const Evaluated<T> l(at.log_density(columns_of(x, first, rows)));
            for_each_number(l, [&, next = own.begin()](const Cells& c) mutable {
              *next++ = c.weighted_sum(w.segment(first, rows));
            });
          } else {
            for (Index i = first; i < first + rows; ++i) {
              if (!(w[i] > 0)) continue;
              for_each_number(T(at.log_density(x.row(i))),
                              [next = own.begin(), weight = w[i]](double number) mutable {
                                *next++ += weight * number;
                              });
            }
          }
          total += Eigen::Map<const Vector>(own.data(), Size);
        });
    std::array<double, Size> all{};
    std::copy(sum.begin(), sum.end(), all.begin());
    for_each_number(Point<T>(model_, values.data()).log_prior(),
                    [next = all.begin()](double number) mutable { *next++ += number; });
    return all;
  }
  [[nodiscard]] double objective(Rows x, Weights w, const Vector& u) const {
    std::array<Dual<0>, static_cast<std::size_t>(freedom)> line;
    std::copy(u.begin(), u.end(), line.begin());
    return objective_at<1>(x, w, line.data())[0];
  }
  [[nodiscard]] Expansion expand(Rows x, Weights w, const Vector& u) const {
    std::array<Second, static_cast<std::size_t>(freedom)> line;
    for (int i = 0; i < freedom; ++i) {
      line[static_cast<std::size_t>(i)] = Second::variable(First::variable(u[i], i), i);
    }
    const std::array<double, expansion_size> sum = objective_at<expansion_size>(x, w, line.data());
    const Matrix lower = triangle(&sum[1 + freedom], freedom);
    return {sum[0], Eigen::Map<const Vector>(&sum[1], freedom),
            Matrix(lower.template selfadjointView<Eigen::Lower>())};
  }

  [[nodiscard]] NewtonResult climb(Rows x, Weights w, const Vector& from,
                                   Index most_steps = enough_steps) const {
    return maximize_by_newton(
        from, [&](const Vector& u) { return expand(x, w, u); },
        [&](const Vector& u) { return objective(x, w, u); }, most_steps);
  }

  // The best of rough guesses, on the line; empty when the likelihood is zero at all of them.
  [[nodiscard]] Vector best_guess(Rows x, Weights w) const {
    Vector best;
    double best_value = -infinity;
    const Vector values = Eigen::Map<const Vector>(values_.data(), count);
    for (const Vector& guess :
         rough_guesses(Model::parameters.data(), Model::parameters.size(), values, x, w)) {
      const Vector u = line_of(guess.data());
      const double value = objective(x, w, u);
      if (!(value > best_value) || !std::isfinite(value)) continue;
      best = u;
      best_value = value;
    }
    return best;
  }
  void guess(Rows x, Weights w) requires guesses {
    const Values values = model_.start(x, w);
    if (possible(values.data())) values_ = values;
  }

  Model model_;
  Values values_{};
  Vector of_all_data_;  // the estimates from all data, empty before `prepare`
};

}  // namespace mix
