#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "mix/any_family.h"
#include "mix/distributions/gaussians.h"

namespace mix {

/// k Gaussians of what was measured with known errors: extreme deconvolution (Bovy, Hogg & Roweis
/// 2011).
///
/// A row holds d measured values x, then the d standard errors s of these (at least 0; errors of
/// different columns are independent). With S = diag(s^2),
///
///     x = v + e,   v ~ N(mean_k, Sigma_k),   e ~ N(0, S),   so that   x ~ N(mean_k, Sigma_k + S)
///
/// Parameters are those of v, in any of the 14 covariance structures, with the priors, the floor
/// and the starts of Gaussians. The E-step adds up what the latent v are expected to be given x,
/// mean_k + Sigma_k (Sigma_k + S)^-1 (x - mean_k), with their covariance
/// Sigma_k - Sigma_k (Sigma_k + S)^-1 Sigma_k; the M-step is that of Gaussians. Without errors it
/// is Gaussians. Values may be missing (NaN), and their errors with them: the others count.
/// Streams; costs a factorization per row and component.
class DeconvolvedGaussians {
 public:
  static constexpr std::string_view name = "deconvolved_gaussian";
  static constexpr bool reads_missing_cells = true;

  DeconvolvedGaussians() = default;
  /// k components of d measured values, with mean 0 and unit covariance.
  DeconvolvedGaussians(Index k, Index d, GaussianOptions options = {});
  /// With the parameters of `latent`.
  explicit DeconvolvedGaussians(Gaussians latent);

  /// The distribution of what was measured, free of errors: d columns.
  [[nodiscard]] const Gaussians& latent() const { return latent_; }
  /// "deconvolved_gaussian VVV".
  [[nodiscard]] std::string title() const;

  [[nodiscard]] Index size() const { return latent_.size(); }
  /// 2 d: values and errors.
  [[nodiscard]] Index dimension() const { return 2 * latent_.dimension(); }
  [[nodiscard]] Index parameter_count() const { return latent_.parameter_count(); }
  void log_densities(Rows x, MatrixRef out) const;
  /// Errors have no distribution: draws values without any, with errors of 0.
  void sample(Index k, Rng& rng, VectorRef out) const;
  /// Of such rows.
  [[nodiscard]] Moments moments(Index k) const;
  /// Of values with their errors; other errors are given and have no distribution. Throws
  /// NotAvailable for values without theirs.
  [[nodiscard]] AnyFamily marginal(const std::vector<Index>& columns) const;
  /// The Gaussians of values whose errors are given, and maybe other values with theirs. Throws
  /// NotAvailable where an error is left, std::invalid_argument where one is negative.
  [[nodiscard]] AnyFamily conditional(const std::vector<Index>& columns,
                                      ConstVectorRef values) const;

  [[nodiscard]] Index statistics_size() const { return latent_.statistics_size(); }
  void accumulate(Rows x, Shares shares, VectorRef statistics) const;
  void maximize(ConstVectorRef sum) { latent_.maximize(sum); }
  void prepare(Rows x, Weights w);
  /// As if there were no errors.
  void start(Rows x, Shares shares);
  [[nodiscard]] double log_prior() const { return latent_.log_prior(); }
  /// Where some value was measured without error: as for Gaussians. Errors bound the likelihood.
  [[nodiscard]] std::string flaw(Index k, double mass) const;
  /// Says which row has a value without a finite error that is not negative.
  [[nodiscard]] std::string check_support(Rows x) const;
  /// The values, as Gaussians embeds them.
  [[nodiscard]] Matrix embed(Rows x) const;
  [[nodiscard]] Vector coordinates() const { return latent_.coordinates(); }
  void set_coordinates(ConstVectorRef v) { latent_.set_coordinates(v); }
  void select(const std::vector<Index>& order) { latent_.select(order); }
  void fields(Fields& visit);
  void describe(Index k, Fields& visit) const;

 private:
  Gaussians latent_;
  double least_error_ = 0;  // that prepare saw
};

}  // namespace mix
