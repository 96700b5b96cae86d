#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "mix/sparse_rows.h"
#include "mix/types.h"

/// The inner loops over rows, in vector instructions that are chosen when the program runs (SSE2 to
/// AVX-512, NEON). Lanes are rows: a matrix of a block is column-major, so that one column is a run
/// of rows. Results depend on the instruction set within rounding, and on nothing else.
namespace mix::kernels {

/// Rows of the blocks that the packed matrices below are made for; a multiple of every vector.
inline constexpr Index packed_rows = 512;
/// Rows of such a matrix as it lies in memory: columns at distances of 4 KiB would drive each other
/// out of the cache.
inline constexpr Index packed_stride = packed_rows + 8;

/// Turns each row of `l` into shares proportional to exp(beta * l) that sum to one, and writes
/// log(sum of exp(beta * l)) / beta to `term`. A row of minus infinities gets shares 0 and the term
/// minus infinity; one with NaN gets shares 0 and the term NaN.
void softmax(MatrixRef l, double beta, VectorRef term);

/// The same of exp(l(n, k) + log_weights(k)): shares, and their log sum.
void softmax(MatrixRef l, ConstVectorRef log_weights, VectorRef term);

/// The terms alone.
void log_sums(ConstMatrixRef l, ConstVectorRef log_weights, VectorRef term);

/// The sum over rows of w(n), or one where w is null, times such a term; rows of weight zero count
/// for nothing.
double total_log_sum(ConstMatrixRef l, ConstVectorRef log_weights, const double* w);

/// label[n] = the k of the largest l(n, k) + log_weights(k), of equal ones the lowest; -1 for a row
/// of minus infinities, or with NaN. A weight of zero makes its component impossible.
void best_components(ConstMatrixRef l, ConstVectorRef log_weights, Index* label);

/// Turns each row n of `l`, log densities, into shares proportional to exp(l(n, k) +
/// log_weights(k)) that sum to w(n), or to one where w is null; rows without a density as in
/// `softmax`. Adds each column's sum to `mass` and returns the sum over rows of w(n) times
/// log(sum over k of exp(l(n, k) + log_weights(k))), where rows of weight zero count for nothing.
double share_out(MatrixRef l, ConstVectorRef log_weights, const double* w, VectorRef mass);
/// The same. Meanwhile the rows `next`, perhaps none, come nearer to the processor.
double share_out(MatrixRef l, ConstVectorRef log_weights, const double* w, VectorRef mass,
                 Rows next);

/// Multiplies the rows of `r` by the weights `w` and adds each column's sum to `mass`.
void weigh(MatrixRef r, Weights w, VectorRef mass);

/// Adds each column's sum to `mass`.
void add_sums(ConstMatrixRef r, VectorRef mass);

/// out(n, k) = constant(k) + sum over j of x(n, j) slope(j, k).
void affine(Rows x, ConstMatrixRef slope, ConstVectorRef constant, MatrixRef out);

/// The same plus base(n).
void affine(Rows x, ConstMatrixRef slope, ConstVectorRef constant, ConstVectorRef base,
            MatrixRef out);

/// sum(i, j) += sum over n of a(n, i) b(n, j).
void add_products(ConstMatrixRef a, ConstMatrixRef b, MatrixRef sum);

/// The same with a column of ones before those of a: sum(0, j) += sum over n of b(n, j), and
/// sum(i + 1, j) += sum over n of a(n, i) b(n, j). For at most packed_rows rows.
void add_sums_and_products(ConstMatrixRef a, ConstMatrixRef b, MatrixRef sum);

/// Rows of matrices that hold all components of a column side by side: k, rounded up to whole
/// vectors.
Index padded_components(Index k);

/// As `affine`, of sparse rows. Here `slope` has a row for each component and a column for each of
/// x, padded with zeros to padded_components(k) rows.
void affine(const SparseRows& x, const Matrix& slope, ConstVectorRef constant, ConstVectorRef base,
            MatrixRef out);

/// sum(j, k) += sum over n of x(n, j) r(n, k).
void add_products(const SparseRows& x, ConstMatrixRef r, MatrixRef sum);

/// out(n) = sum over j of log(x(n, j)!). Returns the largest cell, or NaN, and leaves `out`
/// undefined, where a cell is no count up to 2^52.
double log_factorials(Rows x, VectorRef out);
/// The same, and total(n) = sum over j of x(n, j).
double log_factorials(Rows x, VectorRef out, VectorRef total);
/// The same of sparse rows.
double log_factorials(const SparseRows& x, VectorRef out);
double log_factorials(const SparseRows& x, VectorRef out, VectorRef total);

/// out(n, l) = 1 where codes(n) = l, 0 elsewhere, for each of the columns of `out`. Returns whether
/// all codes are numbers of columns.
bool one_hot(ConstVectorRef codes, MatrixRef out);

/// packed(:, j) = x(:, j) - center(j) for at most packed_rows rows; the rows of `packed`
/// (packed_stride x columns) beyond those of x, and the columns beyond, become zero.
void pack(Rows x, ConstVectorRef center, MatrixRef packed);
/// How many columns before its turn a column is asked for from memory.
inline constexpr Index columns_ahead = 2;

/// out = x.
void widen(FloatRows x, MatrixRef out);

/// out = x, past the caches: for results that are much larger than these, whose old content would
/// otherwise be read from memory first.
void write_through(ConstMatrixRef x, MatrixRef out);

/// out(n) = sum over j of x(n, j)^2.
void squared_norms(Rows x, VectorRef out);

/// A lower triangular matrix in the order in which `whiten` reads it.
class PackedTriangle {
 public:
  /// Rows that are evaluated together; columns are padded to a multiple of this.
  static constexpr Index panel = 4;
  static Index padded(Index d) { return (d + panel - 1) / panel * panel; }

  PackedTriangle() = default;
  explicit PackedTriangle(ConstMatrixRef lower) { assign(lower); }
  /// Takes over another triangle.
  void assign(ConstMatrixRef lower);
  [[nodiscard]] const double* data() const { return values_.data(); }
  [[nodiscard]] Index size() const { return static_cast<Index>(values_.size()); }
  [[nodiscard]] Index padded_dimension() const { return padded_dimension_; }

 private:
  std::vector<double> values_;
  Index padded_dimension_ = 0;
};

/// What a Gaussian of an own covariance is evaluated with: y = triangle x + offset, and
/// log density = constant - |y|^2 / 2.
struct Whitening {
  PackedTriangle triangle;
  Vector offset;  // as many as the padded dimension
  double constant = 0;
};

/// Panels of rows: columns by fours (padded with zeros), and of these four one vector of rows after
/// the other; packed_stride x padded dimension numbers, aligned to 64 bytes. Holds x(:, j) -
/// center(j) for at most packed_rows rows; rows beyond become zero.
void pack_panels(Rows x, ConstVectorRef center, double* panels);

/// Where whitened rows go, as panels or by columns (packed_stride x padded dimension); null where
/// they are not asked for. Columns only with panels.
struct WhitenedRows {
  double* panels = nullptr;
  double* columns = nullptr;
};

/// y = triangle x + offset for panels x, and out(n) = constant - |y(n)|^2 / 2 for the first
/// out.size() rows; where that is NaN, because a distance overflowed, minus infinity.
void whiten(const double* panels, const Whitening& whitening, WhitenedRows rows, VectorRef out);

inline void whiten(const double* panels, const Whitening& whitening, double* whitened,
                   VectorRef out) {
  whiten(panels, whitening, WhitenedRows{.panels = whitened}, out);
}

/// Adds to `sum` the statistics of rows y in panels with shares r about z, which has as many
/// entries as panels have columns: sum r, sum r (y - z), and the lower triangle of
/// sum r (y - z)(y - z)' by columns, all of the first d columns.
void add_scatter(const double* panels, ConstVectorRef z, Index d, Weights r, VectorRef sum);

/// The three above in single precision within a block: rows become floats after the center is
/// subtracted, distances and sums over the block's rows are floats, and everything else is double.
void pack_panels(Rows x, ConstVectorRef center, float* panels);
void whiten(const float* panels, const Whitening& whitening, float* whitened, VectorRef out);
void add_scatter(const float* panels, ConstVectorRef z, Index d, Weights r, VectorRef sum);

/// out(n, k) = constant(k) - sum over j of (x(n, j) scale(j, k) + offset(j, k))^2 / 2 for packed x.
void scaled_distances(const Matrix& x, ConstMatrixRef scale, ConstMatrixRef offset,
                      ConstVectorRef constant, MatrixRef out);

/// out(n) = constant - sum over j of ((x(n, j) - center(j)) scale(j))^2 / 2; where that is NaN,
/// minus infinity.
void scaled_distance(Rows x, ConstVectorRef center, ConstVectorRef scale, double constant,
                     VectorRef out);

/// The largest entries of each row of `l`, which has at most packed_rows rows: a column of `best`
/// gets them in descending order, equal ones as their columns are, and `which` the numbers of their
/// columns. Entries of minus infinity are left out; minus infinity and -1 fill what is left. Of a
/// row with NaN the first entry is NaN.
void keep_best(ConstMatrixRef l, MatrixRef best, Eigen::Ref<Eigen::MatrixXi> which);

/// Adds sum r, then sum r (x_j - center_j) for all j, then sum r (x_j - center_j)^2 to `sum`.
void add_moments(Rows x, ConstVectorRef center, Weights r, VectorRef sum);

/// Columns up to which the two functions below exist.
inline constexpr Index most_small_columns = 4;

/// out(n) = constant - |inverse (x(n) - center)|^2 / 2; `inverse` is lower triangular. As `whiten`
/// but from registers.
void small_density(Rows x, ConstVectorRef center, const Matrix& inverse, double constant,
                   VectorRef out);

/// As add_scatter, of y = inverse (x - center).
void add_small_scatter(Rows x, ConstVectorRef center, const Matrix& inverse, Weights r,
                       VectorRef sum);

/// Gaussians of at most most_small_columns columns, for `small_soft_pass`.
class SmallGaussians {
 public:
  /// For so many; none without this.
  void resize(Index dimension, Index components);
  /// log density = constant - |inverse (x - center)|^2 / 2 of component k.
  void set(Index k, ConstVectorRef center, ConstMatrixRef inverse, double constant);
  [[nodiscard]] Index dimension() const { return dimension_; }
  [[nodiscard]] Index components() const { return components_; }
  /// Numbers per component: center, lower triangle by rows, constant.
  [[nodiscard]] Index length() const { return dimension_ * (dimension_ + 3) / 2 + 1; }
  [[nodiscard]] const double* data() const { return values_.data(); }

 private:
  Index dimension_ = 0;
  Index components_ = 0;
  std::vector<double> values_;
};

/// `small_density`, `share_out` and `add_small_scatter` of all components in one: adds to `sum`,
/// one component after the other, the statistics of y = inverse (x - center), whose first number is
/// the sum of shares; returns what `share_out` returns. Where all inverses are diagonal, `sum` may
/// have 1 + 2 d numbers per component: then of products of y it holds the squares only.
double small_soft_pass(Rows x, const SmallGaussians& gaussians, ConstVectorRef log_weights,
                       const double* w, VectorRef sum);

/// At most packed_rows rows as `nearest` and others read them, tile by tile.
class Tiles {
 public:
  /// The rows of x, in their place where that is possible: x must stay as it is while it is read.
  void read(Rows x);
  /// A copy of `count` of the rows, those with the numbers `which`.
  void gather(Rows x, const Index* which, Index count);
  [[nodiscard]] const double* data() const { return data_; }
  [[nodiscard]] Index rows() const { return rows_; }
  [[nodiscard]] Index dimension() const { return dimension_; }
  /// Numbers from one tile, and within it from one column, to the next.
  [[nodiscard]] Index tile_step() const { return tile_step_; }
  [[nodiscard]] Index column_step() const { return column_step_; }

 private:
  void hold(Index rows, Index dimension);
  Vector values_;
  const double* data_ = nullptr;
  Index rows_ = 0;
  Index dimension_ = 0;
  Index tile_step_ = 0;
  Index column_step_ = 0;
};

/// Centers minus an origin, in the order in which `nearest` reads them.
class PackedCenters {
 public:
  /// `centers` holds one per row.
  void pack(const Matrix& centers, ConstVectorRef origin);
  [[nodiscard]] const double* data() const { return values_.data(); }
  [[nodiscard]] Index panels() const { return panels_; }
  [[nodiscard]] const Vector& origin() const { return origin_; }
  /// The largest squared norm; infinity where a center is not finite.
  [[nodiscard]] double largest() const { return largest_; }

 private:
  Vector values_;
  Vector origin_;
  Index panels_ = 0;
  double largest_ = 0;
};

/// Numbers of centers of the rows of a block; aligned as vectors are.
struct alignas(64) Labels : std::array<std::int64_t, packed_rows> {};

/// What `nearest` finds about the rows of a block. A label is settled where `within` is less than
/// `beyond`; else rounding, or a tie, leaves it open.
struct Nearest {
  Labels label;
  alignas(64) std::array<double, packed_rows> least;   // no more than the distance to any center
  alignas(64) std::array<double, packed_rows> within;  // no less than the distance to its center
  alignas(64) std::array<double, packed_rows> beyond;  // no more than that to any other center
};

/// For each row the center with the least |c|^2 - 2 x'c, both from the origin. Where it is settled,
/// the label is that of the least sum over j of (x_j - c_j)^2, every one of them added up in the
/// order of the columns in double precision. Meanwhile the rows `next`, perhaps none, come nearer
/// to the processor.
///
/// What is settled remains so when centers move: a center's sum is the least as long as a bound of
/// its distance from above is less than the bounds of all others from below, each found by this
/// function, at any time, and since then changed by the way of the center (Hamerly 2010).
///
/// With u = 2^-53, S = |x|^2 + max |c|^2 from the origin, M = |x| + max |c|, thus M^2 <= 2 S, and K
/// the number of centers rounded up to a power of two: a score is off by at most (2 d + 3) u M^2,
/// and by 2 K u M^2 for the number of the center in its low bits; the origin's subtraction shifts
/// the squared distance by 2 u M^2; |x|^2, and its sum with the score, are off by (d + 4) u S.
/// Together (5 d + 14 + 4 K) u S, less than the 8 (d + 3 + K) u S by which the squares of bounds
/// are wider. A sum of squared differences is off by a share of less than 1.01 (d + 2) u, so it is
/// less for one of two centers if the distance is, by 1.01 (d + 2) u of itself. Now the bound from
/// above is less than what the other center's distance was, of which the bound from below was made
/// less by the share 2 (d + 8) u, rounding of roots included; and bounds are wider by 2^-510, below
/// which squares vanish. Nothing is settled where 16 S overflows.
void nearest(const Tiles& x, const PackedCenters& centers, Rows next, Nearest& out);

/// The labels alone, without roots; -1 where rounding, or a tie, leaves them open. Here the squares
/// of distances are compared, which are wider by twice the shares.
void nearest(const Tiles& x, const PackedCenters& centers, Rows next, Labels& label);

/// Adds to `sum`, for each center in turn, the sum of w (x - center) over its rows, padded with
/// zeros as the centers are, and after all of these the sums of w. `centers` holds one per column,
/// padded with zeros to a multiple of 4 rows. Rows with a negative label are left out; w null means
/// one each. The same bits on every instruction set.
void add_members(const Tiles& x, const Matrix& centers, const Index* label, const double* w,
                 VectorRef sum);

/// Squared distances of rows from columns of `points`; zero for equal ones: out(n, c).
void squared_distances(const Tiles& x, ConstMatrixRef points, MatrixRef out);

/// Clusters of points in columns, for agglomeration by the criterion of Hierarchy, the sum over
/// clusters of n log(|W / n| + (tr W + a) / n), the determinant taken as zero while n <= d. The
/// columns may be read up to the next multiple of 16 behind `count`; clusters of cost minus
/// infinity are joined with nothing.
struct ClusterColumns {
  Index count;
  Index d;        ///< columns of the points
  Index stride;   ///< from one column of `mean`, or of `scatter`, to the next
  double offset;  ///< a
  const double* size;
  const double* mean;
  const double* scatter;  ///< W as packed lower triangles, by columns
  const double* trace;    ///< tr W
  const double* cost;     ///< the cluster's term of the criterion
};

/// The later cluster, the first of several, whose union with cluster c increases the criterion
/// least, if that is by less than `least`, which becomes that increase.
void cheapest_join(const ClusterColumns& clusters, Index c, double& least, Index& partner);

/// Makes c the partner of those earlier clusters i for which that is cheaper than least[i].
void offer_join(const ClusterColumns& clusters, Index c, double* least, Index* partner);

/// The term of cluster c, by the same arithmetic.
double cluster_cost(const ClusterColumns& clusters, Index c);

/// exp(x) and log(x) element by element, as the kernels compute them: exp flushes to zero below
/// -708, log is for positive normal numbers and zero.
void exponential(ConstVectorRef x, VectorRef out);
void logarithm(ConstVectorRef x, VectorRef out);

/// What arithmetic is done with: a number for each row, or `value` for all of them where `numbers`
/// is null.
struct Operand {
  const double* numbers;
  double value;
};
/// out(n) = x(n) + y(n), and so on; `out` may be what x or y point to.
void add(Operand x, Operand y, Index rows, double* out);
void subtract(Operand x, Operand y, Index rows, double* out);
void multiply(Operand x, Operand y, Index rows, double* out);
void divide(Operand x, Operand y, Index rows, double* out);
/// Whether all numbers lie between these bounds, both included.
bool within(ConstVectorRef x, double low, double high);
/// The sum over rows of w(n) x(n), where rows of weight zero count for nothing.
double total_of(ConstVectorRef x, Weights w);

/// out(n) = log(1 + rate x(n)), of rate x(n) >= 0; infinite or NaN where that is.
void log1p_scaled(ConstVectorRef x, double rate, VectorRef out);

/// The sum over rows of w(n) times the same.
double log1p_sum(ConstVectorRef x, double rate, Weights w);

/// The instruction sets that this machine has and the library was built for, best first:
/// "AVX3", "AVX2", "SSE4", ...
std::vector<std::string> targets();

/// From now on only the named target is used; an empty name restores the choice of the best. For
/// tests that compare targets; call it while nothing else runs. Throws std::invalid_argument for a
/// name that `targets` does not list.
void use_target(const std::string& name);

}  // namespace mix::kernels
