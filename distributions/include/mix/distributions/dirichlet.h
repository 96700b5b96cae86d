#pragma once

#include <concepts>
#include <string>
#include <string_view>

#include "mix/any_rows.h"
#include "mix/fields.h"
#include "mix/moments.h"
#include "mix/random.h"
#include "mix/types.h"

namespace mix {

/// The Dirichlet distribution of rows of shares: budgets, diets, mixtures of anything.
///
/// log f(x) = log G(A) - sum_j log G(a_j) + sum_j (a_j - 1) log x_j for x_j > 0 with sum 1,
/// concentrations a_j, A their sum and the gamma function G; the density is one of all columns but
/// the last. The mean is a / A. The estimate is the root of psi(A) - psi(a_j) + mean of log x_j by
/// Newton's method (Minka 2000). Of equal rows the likelihood has no bound: the objective lacks
/// 1e-10 times A, in units of all data's estimate, which `log_prior` accounts for.
class Dirichlet {
 public:
  static constexpr std::string_view name = "dirichlet";

  Dirichlet() = default;
  /// For estimation: `dimension` columns, all concentrations 1. Throws std::invalid_argument for
  /// fewer than 2 columns.
  explicit Dirichlet(Index dimension);
  /// Throws std::invalid_argument unless there are at least 2, all positive and finite.
  explicit Dirichlet(Vector concentration);
  /// Dirichlet(2.5) is not 2 columns: concentrations come as a vector.
  template <std::floating_point Concentration>
  explicit Dirichlet(Concentration concentration) = delete;

  [[nodiscard]] const Vector& concentration() const { return concentration_; }
  [[nodiscard]] Vector mean() const { return concentration_ / concentration_.sum(); }

  [[nodiscard]] Index dimension() const { return concentration_.size(); }
  [[nodiscard]] Index parameter_count() const { return concentration_.size(); }
  void log_density(Rows x, VectorRef out) const;
  void sample(Rng& rng, VectorRef out) const;
  [[nodiscard]] Moments moments() const;

  /// The weight of the rows, and the weighted sum of the logarithm of each column.
  [[nodiscard]] Index statistics_size() const { return 1 + dimension(); }
  void accumulate(Rows x, Weights w, VectorRef statistics) const;
  void maximize(ConstVectorRef sum);

  /// As an exponential family: the features are the logarithms of the columns.
  bool log_base(Rows x, VectorRef out) const;
  [[nodiscard]] Index feature_count() const { return dimension(); }
  bool features(Rows x, MatrixRef out) const;
  void natural_parameters(VectorRef eta) const;
  [[nodiscard]] double log_partition() const;

  /// Logarithms of the concentrations.
  [[nodiscard]] Vector coordinates() const;
  void set_coordinates(ConstVectorRef v);

  /// Learns how concentrated all data are.
  void prepare(const AnyRows& x, Weights w);
  /// -`penalty` times A.
  [[nodiscard]] double log_prior() const;
  /// Names the first cell that is not above 0, or the row that does not sum to 1 within 1e-6.
  [[nodiscard]] std::string check_support(Rows x) const;
  /// Square roots, whose distances are those of Hellinger.
  [[nodiscard]] Matrix embed(Rows x) const;
  [[nodiscard]] std::string flaw(double mass) const;
  void fields(Fields& visit);
  void describe(Fields& visit) const;

 private:
  [[nodiscard]] double penalty() const;

  Vector concentration_;
  double rows_ = 0;                // what prepare learned: total weight, and
  double data_concentration_ = 1;  // the estimate of A from all data
};

}  // namespace mix
