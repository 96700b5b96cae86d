#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mix/any_rows.h"
#include "mix/block_memory.h"
#include "mix/distributions/gaussian_options.h"
#include "mix/fields.h"
#include "mix/kernels.h"
#include "mix/missing.h"
#include "mix/moments.h"
#include "mix/random.h"
#include "mix/scratch.h"
#include "mix/types.h"

namespace mix {

/// k multivariate normal distributions whose covariances obey one of 14 structures (one column:
/// equal or variable variances).
///
/// log f_k(x) = -1/2 [d log(2 pi) + log|Sigma_k| + (x - mean_k)' Sigma_k^-1 (x - mean_k)]. `start`
/// is the exact maximizer of likelihood, or of posterior density with a prior, under the structure
/// (Celeux & Govaert 1995; see `estimate`); so is `maximize` where it is closed form, and the
/// others take a few steps towards it. With `GaussianOptions::eigenvalue_ratio` the covariances are
/// the exact maximizers within that limit; parameters from elsewhere are moved within it by
/// `prepare` and `set_coordinates`.
class Gaussians {
 public:
  static constexpr std::string_view name = "gaussian";

  Gaussians() : Gaussians(1, 1) {}
  /// k components in d columns with mean 0 and unit covariance.
  Gaussians(Index k, Index d, GaussianOptions options = {});
  /// `means`: k x d; `covariances`: k matrices d x d, symmetric and positive definite, diagonal
  /// where the structure is, equal for EEE. Throws std::invalid_argument otherwise.
  Gaussians(Matrix means, const std::vector<Matrix>& covariances, GaussianOptions options = {});

  /// k x d.
  [[nodiscard]] const Matrix& means() const { return means_; }
  [[nodiscard]] Vector mean(Index k) const { return means_.row(k).transpose(); }
  [[nodiscard]] Matrix covariance(Index k) const;
  [[nodiscard]] Structure structure() const { return options_.structure; }
  [[nodiscard]] const GaussianOptions& options() const { return options_; }
  /// "gaussian VVV"; with one column "gaussian E" or "gaussian V".
  [[nodiscard]] std::string title() const;

  [[nodiscard]] Index size() const { return means_.rows(); }
  [[nodiscard]] Index dimension() const { return means_.cols(); }
  [[nodiscard]] Index parameter_count() const;
  void log_densities(Rows x, MatrixRef out) const;
  /// One block of at most block_rows rows; leaves the whitened rows in `memory`.
  void log_densities(Rows x, MatrixRef out, BlockMemory& memory) const;
  void sample(Index k, Rng& rng, VectorRef out) const;
  [[nodiscard]] double cdf(Index k, double x) const;
  [[nodiscard]] Moments moments(Index k) const { return {mean(k), covariance(k)}; }
  /// Of the structure VVV, or VVI where the structure is diagonal; without a prior.
  [[nodiscard]] Gaussians marginal(const std::vector<Index>& columns) const;
  [[nodiscard]] Gaussians conditional(const std::vector<Index>& columns,
                                      ConstVectorRef values) const;

  /// Per component, with present mean c and covariance L L': mass P, sum p y, and sum p y y' (lower
  /// triangle by columns) or of a diagonal structure the squares, of y = x - c; or, where the
  /// covariance is ill-conditioned and in few columns, of y = L^-1 (x - c), whose sums keep their
  /// digits. EEE and, in more columns, EEI and EII: P and sum p y of each component and sum s y y'
  /// with s = sum over k of p, of rows whitened about a common point or about the mean of the data.
  [[nodiscard]] Index statistics_size() const;
  void accumulate(Rows x, Shares shares, VectorRef statistics) const;
  void accumulate(Rows x, Shares shares, VectorRef statistics, BlockMemory& memory) const;
  /// Where it whitens rows by each component's own covariance: of more than
  /// kernels::most_small_columns columns, neither diagonal nor EEE.
  [[nodiscard]] bool takes_single_precision() const;
  /// Of at most kernels::most_small_columns columns.
  [[nodiscard]] std::optional<double> soft_pass(Rows x, ConstVectorRef log_weights, const double* w,
                                                VectorRef mass, VectorRef statistics) const;
  /// What log_densities and accumulate do for component k alone, any number of rows at a time.
  void log_density_of(Index k, Rows x, VectorRef out) const;
  void accumulate_of(Index k, Rows x, Weights w, VectorRef statistics) const;
  /// Whether the scatter is of all components together (EEE, EEI, EII).
  [[nodiscard]] bool shares_statistics() const { return evaluation_.pooled; }
  void accumulate_common(Rows x, Weights w, VectorRef statistics) const;
  /// Whether that scatter is about the mean of the data, which prepare learned.
  [[nodiscard]] bool constant_statistics() const { return evaluation_.about_data; }
  [[nodiscard]] double common_log_density(ConstVectorRef statistics) const;
  /// Of rows that all lack the same cells, by the normal distribution of the others: conditional
  /// means and covariances of the missing cells (Little & Rubin 2002, section 11.2) enter the same
  /// statistics, so that estimates of all structures are as of complete rows.
  void observed_log_densities(Rows x, const MissingColumns& columns, MatrixRef out) const;
  void accumulate_expected(Rows x, const MissingColumns& columns, Shares shares,
                           VectorRef statistics) const;
  /// Replaces missing cells by their conditional means under component k, or draws them.
  void impute(Index k, MatrixRef x, Rng* rng) const;
  void maximize(ConstVectorRef sum);

  /// Learns location and scale, from the observed cells. Throws std::invalid_argument for infinite
  /// entries and for columns without spread or without any observed cell.
  void prepare(const AnyRows& x, Weights w);
  /// The estimate from these shares, whatever the parameters are.
  void start(const AnyRows& x, Shares shares);
  /// The log density of the prior (and floor) up to a constant; 0 before `prepare`.
  [[nodiscard]] double log_prior() const;
  /// Says why component k, or the covariance that all have in common, rests on too few rows or is
  /// too flat to be more than an artifact of an unbounded likelihood. Also of a single component:
  /// where its rows span fewer directions than columns, the floor decides the log-likelihood.
  [[nodiscard]] std::string flaw(Index k, double mass) const;
  /// Columns centered and divided by their standard deviations.
  [[nodiscard]] Matrix embed(const AnyRows& x) const;
  /// Means and logarithms of the standard deviations, or of the diagonals of Cholesky factors with
  /// what is below these, in units of the data's standard deviations once `prepare` learned them.
  /// Of covariances that the structure does not have, `set_coordinates` takes the nearest it has.
  [[nodiscard]] Vector coordinates() const;
  void set_coordinates(ConstVectorRef v);
  /// Until the next estimate `set_coordinates` leaves those eigenvalues at the limit of their ratio
  /// that are there now: the lowest ones stay equal, the highest ones that ratio times as large.
  /// Returns whether there are any, that is whether the limit binds.
  bool hold_limits();
  void select(const std::vector<Index>& order);
  void fields(Fields& visit);
  void describe(Index k, Fields& visit) const;

  /// How often a covariance had to be made positive definite.
  [[nodiscard]] Index repairs() const { return repairs_; }

 private:
  // The prior and the floor as imaginary data, the same for each component.
  struct PseudoData {
    double count = 0;       // rows added to the mass in the covariance's denominator
    Matrix scatter;         // d x d, or the diagonal (d x 1); empty before prepare
    Matrix root;            // scatter = root root'; a column: the diagonal of a diagonal root
    double mean_count = 0;  // rows at the data's mean
  };
  // What rows are evaluated with.
  struct Evaluation {
    // Of the factors; a single one where they are common.
    std::vector<Matrix> inverses;
    // By the inverses, of rows less `center`, or less the component's mean where that is too far.
    std::vector<kernels::Whitening> whitenings;
    std::vector<bool> far;
    // Statistics are of whitened rows.
    std::vector<bool> whitens;
    Vector center;
    // d x k: log density = constant - |scale x + offset|^2 / 2, of rows less `center`, of a
    // diagonal structure.
    Matrix scale;
    Matrix offset;
    // Where log density = intercept + slope'x + what all components share: of whitened rows where
    // pooled, of rows less `center` and their squared norm where spherical.
    Matrix slope;
    Vector intercept;
    // Padded d x k: means less `center`.
    Matrix shift;
    // d x k: means.
    Matrix means;
    // Log density at the mean.
    Vector constant;
    // Of few columns only.
    kernels::SmallGaussians small;
    // EEE, EEI or EII, with statistics of all components together: of whitened rows, or, where
    // nothing is lost by that, of rows less the mean of the data, with a slope and an intercept for
    // these.
    bool pooled = false;
    bool about_data = false;
    Matrix data_slope;
    Vector data_intercept;
    // VII, or EII where that cannot be, with statistics of rows less `center`.
    bool spherical = false;
  };

  [[nodiscard]] bool diagonal() const;
  [[nodiscard]] Structure unconstrained() const;
  [[nodiscard]] Index triangle_size() const;
  [[nodiscard]] bool shared() const { return !diagonal() && structure() == Structure::EEE; }
  [[nodiscard]] const Matrix& factor(Index k) const;
  void set_covariances(const std::vector<Matrix>& covariances);
  void check_parameters() const;
  void check_variances() const;
  void place(const Vector& center, const Matrix& scatter);
  void maximize(ConstVectorRef sum, Steps steps);
  void maximize_diagonal(ConstVectorRef sum, Steps steps);
  void maximize_full(ConstVectorRef sum, Steps steps);
  void set_mean(Index k, double mass, ConstVectorRef mean_of_rows);
  [[nodiscard]] double pull(double mass) const;
  double read_moment(ConstVectorRef sum, Index k, Index length, VectorRef moment) const;
  void read_scatter(ConstVectorRef sum, Index k, bool whitened, MatrixRef scatter, double& mass,
                    VectorRef mean_of_rows) const;
  void whitened_pseudo_root(Index k, MatrixRef root) const;
  void add_pseudo_scatter(Index k, double mass, ConstVectorRef mean_of_rows, bool whitened,
                          MatrixRef scatter) const;
  void refactorize_component(Index k, ConstMatrixRef average, MatrixRef lower,
                             Index& repairs) const;
  void use_factor(Index k, ConstMatrixRef lower);
  [[nodiscard]] const Matrix& inverse(Index k) const;
  [[nodiscard]] ConstMatrixRef whitening_of(Index k) const;
  void place_means(const AnyRows& x, Shares shares);
  [[nodiscard]] bool keeps_whitened() const;
  [[nodiscard]] Matrix whitened_floor(Index k, double rows) const;
  template <class T>
  void whitened_densities(Rows x, MatrixRef out, BlockMemory& memory) const;
  template <class T>
  void accumulate_scatter(Rows x, Shares shares, VectorRef statistics, BlockMemory& memory) const;
  template <class T>
  const T* whitened(Rows x, Index k, VectorRef out, BlockMemory& memory) const;
  const Matrix& whiten_of(Index k, Rows x, VectorRef out, BlockMemory& memory) const;
  [[nodiscard]] Vector unit() const;
  void move_into_structure(const MatrixStack& factors);
  void update();
  void update_diagonal();
  void update_whitening();
  void use_data_center();
  void update_pseudo_data();
  [[nodiscard]] bool limits_ratio() const { return options_.eigenvalue_ratio > 0; }
  void update_metric();
  void limit_variances(MatrixRef variances, ConstVectorRef mass) const;
  void limit_covariances(ConstVectorRef mass);
  void limit_parameters();
  bool move_within_limit(MatrixRef values, ConstVectorRef mass) const;
  void decompose(const MatrixStack& vectors, MatrixRef values) const;
  void hold(MatrixRef values) const;
  void check_options() const;

  GaussianOptions options_;
  Matrix means_;                 // k x d
  Matrix variances_;             // d x k, of a diagonal structure
  std::vector<Matrix> factors_;  // of the others: lower Cholesky factors
  Matrix orientation_;           // common eigenvectors of EVE and VVE, empty when not known
  double rows_ = 0;              // what prepare learned: total weight,
  Vector location_;              // mean and
  Matrix scale_;                 // covariance (d x 1 and the variances: diagonal structures)

  // Derived from the above.
  Matrix inverse_deviations_;  // d x k, of a diagonal structure
  Vector log_determinants_;
  Evaluation evaluation_;
  PseudoData pseudo_;
  // What eigenvalues are measured by: a lower factor of a covariance, or variances; empty for 1.
  Matrix metric_;
  Matrix inverse_metric_;
  // Of each eigenvalue -1 where it is held at the lower limit, 1 at the upper, else 0; empty: none.
  Matrix held_;
  Index repairs_ = 0;
};

}  // namespace mix
