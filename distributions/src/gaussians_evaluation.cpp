// What Gaussians do in a pass: densities and statistics, and what they derive from the parameters
// for it.

#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>

#include "component_loop.h"
#include "mix/distributions/gaussians.h"
#include "mix/parallel.h"
#include "mix/scratch.h"
#include "small_matrix.h"

namespace mix {
namespace {

// Rows are measured from a point amid the means. A component so many of its own standard deviations
// away from there would lose as many digits, and is measured from its mean.
constexpr double most_deviations = 1e4;
// The same, where what all components share is added apart: the square of this, in units in the
// last place, is what responsibilities may lose.
constexpr double fewest_deviations = 100;
// Above this sum of squares of the inverse factor of a correlation matrix, which bounds its
// condition number, statistics of centered rows would lose more than six digits of small variances.
constexpr double well_conditioned = 1e6;
// Whitened rows of all components are kept from the densities to the statistics in so many numbers
// at most; beyond, they are computed twice.
constexpr Index most_kept = Index{1} << 21;

// Places in a BlockMemory.
enum Place : std::size_t { packed_place, whitened_place, own_place, density_place, panels_place };

template <class Body>
void for_each_chunk(Index rows, const Body& body) {
  for (Index first = 0; first < rows; first += block_rows) {
    body(first, std::min(block_rows, rows - first));
  }
}

}  // namespace

// What follows from means, variances and factors: always by these lines, so that a loaded model has
// the same bits.
void Gaussians::update() {
  Evaluation& e = evaluation_;
  e.pooled = false;
  e.about_data = false;
  e.spherical = false;
  e.far.clear();
  e.whitens.clear();
  e.means = means_.transpose();
  // Amid the means, whatever the data that they are evaluated for.
  e.center = means_.colwise().mean().transpose();
  if (diagonal()) {
    update_diagonal();
  } else {
    update_whitening();
  }
  e.constant = -0.5 * (log_determinants_.array() +
                       static_cast<double>(dimension()) * std::log(2 * std::numbers::pi));
  if (e.pooled || e.spherical) {
    e.intercept = e.constant - 0.5 * e.offset.colwise().squaredNorm().transpose();
  }
  if (dimension() > kernels::most_small_columns) return;
  e.small.resize(dimension(), size());
  Scratch scratch;
  MatrixMap axes = scratch.matrix(dimension(), dimension());
  const bool axis_parallel = diagonal();
  for (Index k = 0; k < size(); ++k) {
    if (axis_parallel) axes = inverse_deviations_.col(k).asDiagonal();
    e.small.set(k, e.means.col(k),
                axis_parallel ? ConstMatrixRef(axes) : ConstMatrixRef(inverse(k)), e.constant[k]);
  }
}

void Gaussians::update_diagonal() {
  Evaluation& e = evaluation_;
  inverse_deviations_ = variances_.cwiseSqrt().cwiseInverse();
  log_determinants_ = variances_.array().log().colwise().sum().transpose();
  if (dimension() == 1) {
    e.inverses.resize(static_cast<std::size_t>(size()));
    for (Index k = 0; k < size(); ++k) {
      e.inverses[static_cast<std::size_t>(k)].setConstant(1, 1, inverse_deviations_(0, k));
    }
    return;
  }
  e.scale = inverse_deviations_;
  e.offset = -((e.means.colwise() - e.center).cwiseProduct(inverse_deviations_));
  for (Index k = 0; k < size(); ++k) {
    e.far.push_back(!(e.offset.col(k).cwiseAbs().maxCoeff() < most_deviations));
  }
  if (dimension() <= kernels::most_small_columns) return;
  const StructureParts part = parts(structure());
  if (part.volume == Part::equal && part.shape != Part::variable) {
    use_data_center();
    e.pooled = e.about_data;
    if (e.pooled) return;
  }
  e.spherical = part.shape == Part::identity && e.offset.cwiseAbs().maxCoeff() < fewest_deviations;
  if (!e.spherical) return;
  e.slope.resize(dimension() + 1, size());
  e.slope.topRows(dimension()) = -e.offset.cwiseProduct(e.scale);
  e.slope.bottomRows(1) = -0.5 * e.scale.row(0).cwiseAbs2();
}

void Gaussians::update_whitening() {
  Evaluation& e = evaluation_;
  const Index d = dimension();
  const Index different = shared() ? 1 : size();
  log_determinants_.resize(size());
  {
    Scratch scratch;
    VectorMap diagonals = scratch.vector(d * size());
    VectorMap logs = scratch.vector(d * size());
    for (Index k = 0; k < size(); ++k) diagonals.segment(k * d, d) = factor(k).diagonal();
    kernels::logarithm(diagonals, logs);
    for (Index k = 0; k < size(); ++k) log_determinants_[k] = 2 * logs.segment(k * d, d).sum();
  }
  e.whitens.assign(static_cast<std::size_t>(size()), true);
  e.inverses.resize(static_cast<std::size_t>(different));
  for_each_component(different, d, [&](Index k) {
    Matrix& inverse = e.inverses[static_cast<std::size_t>(k)];
    inverse.resize(d, d);
    invert_lower(factor(k), inverse);
  });
  if (d <= kernels::most_small_columns) return;

  const Index padded = kernels::PackedTriangle::padded(d);
  Scratch scratch;
  VectorMap deviations = scratch.vector(d);
  e.offset.resize(d, size());
  for (Index k = 0; k < size(); ++k) {
    deviations = e.center - e.means.col(k);
    multiply_lower(inverse(k), deviations, e.offset.col(k));
  }
  e.pooled = shared() && e.offset.cwiseAbs().maxCoeff() < fewest_deviations;
  e.whitenings.resize(e.pooled ? 1 : static_cast<std::size_t>(size()));
  if (e.pooled) {
    kernels::Whitening& w = e.whitenings.front();
    w.triangle.assign(e.inverses.front());
    w.offset.setZero(padded);
    w.constant = 0;
    e.slope = -e.offset;
    use_data_center();
    return;
  }
  e.whitens.clear();
  for (Index k = 0; k < size(); ++k) {
    kernels::Whitening& w = e.whitenings[static_cast<std::size_t>(k)];
    const bool is_far = !(e.offset.col(k).cwiseAbs().maxCoeff() < most_deviations);
    w.triangle.assign(inverse(k));
    w.offset.setZero(padded);
    if (!is_far) w.offset.head(d) = e.offset.col(k);
    w.constant =
        -0.5 * (log_determinants_[k] + static_cast<double>(d) * std::log(2 * std::numbers::pi));
    e.far.push_back(is_far);
    deviations = factor(k).rowwise().norm();
    e.whitens.push_back(is_far ||
                        !((inverse(k) * deviations.asDiagonal()).squaredNorm() < well_conditioned));
  }
  e.shift.setZero(padded, size());
  e.shift.topRows(d) = e.means.colwise() - e.center;
}

// With a common covariance that is well-conditioned, and means near that of the data: what all
// components share is a constant of the data.
void Gaussians::use_data_center() {
  Evaluation& e = evaluation_;
  if (!(rows_ > 0)) return;
  const Index d = dimension();
  Scratch scratch;
  MatrixMap offset = scratch.matrix(d, size());
  bool conditioned = true;
  if (diagonal()) {
    offset = inverse_deviations_.col(0).asDiagonal() * (e.means.colwise() - location_);
  } else {
    const Matrix& whitening = e.inverses.front();
    MatrixMap plain = scratch.matrix(d, size());
    plain = e.means.colwise() - location_;
    multiply_lower(whitening, plain, offset);
    VectorMap deviations = scratch.vector(d);
    deviations = factor(0).rowwise().norm();
    conditioned = (whitening * deviations.asDiagonal()).squaredNorm() < well_conditioned;
  }
  e.about_data = conditioned && offset.cwiseAbs().maxCoeff() < fewest_deviations;
  if (!e.about_data) return;
  std::fill(e.whitens.begin(), e.whitens.end(), false);
  if (diagonal()) {
    e.data_slope = inverse_deviations_.col(0).asDiagonal() * offset;
  } else {
    e.data_slope.resize(d, size());
    e.data_slope.noalias() = e.inverses.front().transpose() * offset;
  }
  e.data_intercept = -0.5 * (offset.colwise().squaredNorm().transpose() + log_determinants_);
  e.data_intercept.array() -=
      0.5 * static_cast<double>(dimension()) * std::log(2 * std::numbers::pi);
}

double Gaussians::common_log_density(ConstVectorRef statistics) const {
  if (diagonal()) {
    return -0.5 * statistics.tail(dimension()).dot(inverse_deviations_.col(0).cwiseAbs2());
  }
  const Index d = dimension();
  const Matrix& whitening = evaluation_.inverses.front();
  Scratch scratch;
  MatrixMap total = scratch.matrix(d, d);
  unpack(statistics.tail(triangle_size()), total);
  MatrixMap half = scratch.matrix(d, d);
  multiply_lower(whitening, total, half);
  return -0.5 * whitening.cwiseProduct(half).sum();
}

const Matrix& Gaussians::inverse(Index k) const {
  return evaluation_.inverses[shared() ? 0 : static_cast<std::size_t>(k)];
}

bool Gaussians::keeps_whitened() const {
  return !evaluation_.whitenings.empty() &&
         size() * kernels::PackedTriangle::padded(dimension()) * block_rows <= most_kept;
}

// The rows whitened by component k, which are kept in the memory where that is large enough; `out`
// gets the log densities.
template <class T>
const T* Gaussians::whitened(Rows x, Index k, VectorRef out, BlockMemory& memory) const {
  const Evaluation& e = evaluation_;
  const auto i = static_cast<std::size_t>(k);
  const Index padded = kernels::PackedTriangle::padded(dimension());
  T* panels = memory.numbers<T>(panels_place, kernels::packed_stride, padded);
  if (e.far[i]) {
    panels = memory.numbers<T>(own_place, kernels::packed_stride, padded);
    kernels::pack_panels(x, e.means.col(k), panels);
  }
  T* y = memory.part(i).numbers<T>(whitened_place, kernels::packed_stride, padded);
  kernels::whiten(panels, e.whitenings[i], y, out);
  return y;
}

template <class T>
void Gaussians::whitened_densities(Rows x, MatrixRef out, BlockMemory& memory) const {
  const Evaluation& e = evaluation_;
  const Index padded = kernels::PackedTriangle::padded(dimension());
  T* panels = memory.numbers<T>(panels_place, kernels::packed_stride, padded);
  kernels::pack_panels(x, e.center, panels);
  for (Index k = 0; k < size(); ++k) {
    const auto i = static_cast<std::size_t>(k);
    if (e.far[i] || (e.whitens[i] && keeps_whitened())) {
      whitened<T>(x, k, out.col(k), memory);
    } else {
      kernels::whiten(panels, e.whitenings[i], static_cast<T*>(nullptr), out.col(k));
    }
  }
}

template <class T>
void Gaussians::accumulate_scatter(Rows x, Shares shares, VectorRef statistics,
                                   BlockMemory& memory) const {
  const Index d = dimension();
  const Index padded = kernels::PackedTriangle::padded(d);
  const Index length = 1 + d + triangle_size();
  Scratch scratch;
  VectorMap no_shift = scratch.vector(padded);
  no_shift.setZero();
  for (Index k = 0; k < size(); ++k) {
    if (!(shares.col(k).maxCoeff() > 0)) continue;
    const auto i = static_cast<std::size_t>(k);
    auto sum = statistics.segment(k * length, length);
    if (!evaluation_.whitens[i]) {
      const T* panels = memory.numbers<T>(panels_place, kernels::packed_stride, padded);
      kernels::add_scatter(panels, evaluation_.shift.col(k), d, shares.col(k), sum);
      continue;
    }
    const T* y =
        keeps_whitened()
            ? memory.part(i).numbers<T>(whitened_place, kernels::packed_stride, padded)
            : whitened<T>(
                  x, k,
                  memory.matrix(density_place, kernels::packed_stride, 1).col(0).head(x.rows()),
                  memory);
    kernels::add_scatter(y, no_shift, d, shares.col(k), sum);
  }
}

void Gaussians::log_densities(Rows x, MatrixRef out) const {
  const BorrowedMemory memory;
  for_each_chunk(x.rows(), [&](Index first, Index count) {
    log_densities(x.middleRows(first, count), out.middleRows(first, count), *memory);
  });
}

void Gaussians::log_densities(Rows x, MatrixRef out, BlockMemory& memory) const {
  const Evaluation& e = evaluation_;
  const Index d = dimension();
  if (d <= kernels::most_small_columns && (!diagonal() || d == 1)) {
    for (Index k = 0; k < size(); ++k) {
      kernels::small_density(x, e.means.col(k), inverse(k), e.constant[k], out.col(k));
    }
    return;
  }
  if (e.about_data && memory.without_common()) {
    Matrix& packed = memory.matrix(packed_place, kernels::packed_stride, d);
    kernels::pack(x, location_, packed.leftCols(d));
    kernels::affine(packed.topLeftCorner(x.rows(), d), e.data_slope, e.data_intercept, out);
    return;
  }
  if (e.spherical) {
    Matrix& packed = memory.matrix(packed_place, kernels::packed_stride, d + 1);
    auto features = packed.topLeftCorner(x.rows(), d + 1);
    kernels::pack(x, e.center, packed.leftCols(d));
    kernels::squared_norms(features.leftCols(d), features.col(d));
    kernels::affine(features, e.slope, e.intercept, out);
    return;
  }
  if (diagonal()) {
    Matrix& packed = memory.matrix(packed_place, kernels::packed_stride, d);
    kernels::pack(x, e.center, packed);
    kernels::scaled_distances(packed, e.scale, e.offset, e.constant, out);
    Scratch scratch;
    VectorMap no_offset = scratch.vector(d);
    no_offset.setZero();
    for (Index k = 0; k < size(); ++k) {
      if (!e.far[static_cast<std::size_t>(k)]) continue;
      kernels::pack(x, e.means.col(k), packed);
      kernels::scaled_distances(packed, e.scale.col(k), no_offset, e.constant.segment(k, 1),
                                out.col(k));
    }
    return;
  }
  if (e.pooled) {
    const Index padded = kernels::PackedTriangle::padded(d);
    double* panels = memory.matrix(panels_place, kernels::packed_stride, padded).data();
    kernels::pack_panels(x, e.center, panels);
    Matrix& y = memory.matrix(whitened_place, kernels::packed_stride, padded);
    Matrix& y_panels = memory.matrix(own_place, kernels::packed_stride, padded);
    VectorRef common =
        memory.matrix(density_place, kernels::packed_stride, 1).col(0).head(x.rows());
    kernels::whiten(panels, e.whitenings.front(), {y_panels.data(), y.data()}, common);
    kernels::affine(y.topLeftCorner(x.rows(), d), e.slope, e.intercept, common, out);
    return;
  }
  if (memory.single_precision()) {
    whitened_densities<float>(x, out, memory);
  } else {
    whitened_densities<double>(x, out, memory);
  }
}

std::optional<double> Gaussians::soft_pass(Rows x, ConstVectorRef log_weights, const double* w,
                                           VectorRef mass, VectorRef statistics) const {
  const kernels::SmallGaussians& small = evaluation_.small;
  if (small.components() == 0) return std::nullopt;
  const Index d = dimension();
  const Index k = size();
  const Index length = 1 + d + triangle_size();
  const BorrowedMemory memory;
  Matrix& sums = memory->matrix(0, length * k, 1);
  VectorRef sum = sums.col(0).head(length * k);
  sum.setZero();
  const double value = kernels::small_soft_pass(x, small, log_weights, w, sum);
  for (Index c = 0; c < k; ++c) mass[c] += sum[c * length];
  if (!diagonal()) {
    statistics += sum;
    return value;
  }
  for (Index c = 0; c < k; ++c) {
    double* out = statistics.data() + c * length;
    const double* of_whitened = sum.data() + c * length;
    out[0] += of_whitened[0];
    for (Index j = 0; j < d; ++j) {
      const double inverse = inverse_deviations_(j, c);
      out[1 + j] += of_whitened[1 + j] / inverse;
      out[1 + d + j] += of_whitened[1 + d + j] / (inverse * inverse);
    }
  }
  return value;
}

bool Gaussians::takes_single_precision() const {
  return dimension() > kernels::most_small_columns && !diagonal() && !shared();
}

Index Gaussians::statistics_size() const {
  const Index d = dimension();
  if (evaluation_.pooled) return size() * (1 + d) + 1 + d + triangle_size();
  if (evaluation_.spherical) return size() * (2 + d);
  return size() * (1 + d + triangle_size());
}

void Gaussians::accumulate(Rows x, Shares shares, VectorRef statistics) const {
  const BorrowedMemory memory;
  for_each_chunk(x.rows(), [&](Index first, Index count) {
    const Rows rows = x.middleRows(first, count);
    if (!evaluation_.whitenings.empty() || evaluation_.spherical) {
      log_densities(rows,
                    memory->matrix(density_place, kernels::packed_stride, size())
                        .topLeftCorner(count, size()),
                    memory->part(0));
    }
    accumulate(rows, shares.middleRows(first, count), statistics, memory->part(0));
  });
}

void Gaussians::accumulate(Rows x, Shares shares, VectorRef statistics, BlockMemory& memory) const {
  const Index d = dimension();
  const Index k = size();
  if (evaluation_.pooled) {
    Matrix& rows = memory.matrix(evaluation_.about_data ? packed_place : whitened_place,
                                 kernels::packed_stride, d);
    if (evaluation_.about_data && !memory.without_common()) {
      kernels::pack(x, location_, rows.leftCols(d));
    }
    kernels::add_sums(shares, statistics.head(k));
    Eigen::Map<Matrix> first(statistics.data() + k, k, d);
    kernels::add_products(shares, rows.topLeftCorner(x.rows(), d), first);
    if (memory.without_common()) return;
    VectorRef total = memory.matrix(density_place, kernels::packed_stride, 1).col(0).head(x.rows());
    total.setZero();
    for (Index c = 0; c < k; ++c) total += shares.col(c);
    VectorRef common = statistics.tail(1 + d + triangle_size());
    if (diagonal()) {
      kernels::add_moments(x, location_, total, common);
      return;
    }
    const Index padded = kernels::PackedTriangle::padded(d);
    double* panels = memory.matrix(own_place, kernels::packed_stride, padded).data();
    if (evaluation_.about_data) kernels::pack_panels(x, location_, panels);
    Scratch scratch;
    VectorMap no_shift = scratch.vector(padded);
    no_shift.setZero();
    kernels::add_scatter(panels, no_shift, d, total, common);
    return;
  }
  if (evaluation_.spherical) {
    Eigen::Map<Matrix> sums(statistics.data(), 2 + d, k);
    kernels::add_sums_and_products(memory.matrix(packed_place).topLeftCorner(x.rows(), d + 1),
                                   shares, sums);
    return;
  }
  if (!evaluation_.whitenings.empty()) {
    if (memory.single_precision()) {
      accumulate_scatter<float>(x, shares, statistics, memory);
    } else {
      accumulate_scatter<double>(x, shares, statistics, memory);
    }
    return;
  }
  const Index length = 1 + d + triangle_size();
  for (Index c = 0; c < k; ++c) {
    auto sum = statistics.segment(c * length, length);
    if (diagonal()) {
      kernels::add_moments(x, evaluation_.means.col(c), shares.col(c), sum);
    } else {
      kernels::add_small_scatter(x, evaluation_.means.col(c), inverse(c), shares.col(c), sum);
    }
  }
}

}  // namespace mix
