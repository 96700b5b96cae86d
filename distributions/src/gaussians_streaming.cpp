// The inner loops of Gaussians: densities, statistics, and the estimate from them.

#include <Eigen/Cholesky>
#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>

#include "mix/distributions/gaussians.h"
#include "mix/parallel.h"

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
// Estimates with more operations than this are spread over the threads.
constexpr double parallel_work = 1e6;

// Places in a BlockMemory.
enum Place : std::size_t { packed_place, whitened_place, own_place, density_place, panels_place };

template <class Body>
void for_each_chunk(Index rows, const Body& body) {
  for (Index first = 0; first < rows; first += block_rows) {
    body(first, std::min(block_rows, rows - first));
  }
}

template <class Body>
void for_each_component(Index k, Index d, const Body& body) {
  const auto n = static_cast<double>(d);
  if (k > 1 && static_cast<double>(k) * n * n * n > parallel_work) {
    for_each_index(k, body);
  } else {
    for (Index c = 0; c < k; ++c) body(c);
  }
}

// The inverse of a lower triangle by halves, whose cost is that of products of matrices.
Matrix inverse_of(const Eigen::Ref<const Matrix>& lower) {
  constexpr Index small = 24;
  const Index d = lower.rows();
  Matrix inverse = Matrix::Zero(d, d);
  if (d <= small) {
    inverse.setIdentity();
    lower.triangularView<Eigen::Lower>().solveInPlace(inverse);
    return inverse;
  }
  const Index half = d / 2;
  const Index rest = d - half;
  inverse.topLeftCorner(half, half) = inverse_of(lower.topLeftCorner(half, half));
  inverse.bottomRightCorner(rest, rest) = inverse_of(lower.bottomRightCorner(rest, rest));
  const Matrix across = lower.bottomLeftCorner(rest, half) * inverse.topLeftCorner(half, half);
  inverse.bottomLeftCorner(rest, half).noalias() = -inverse.bottomRightCorner(rest, rest) * across;
  return inverse;
}

// The symmetric matrix of a lower triangle by columns.
Matrix unpacked(ConstVectorRef packed, Index d) {
  Matrix full(d, d);
  Index position = 0;
  for (Index j = 0; j < d; ++j) {
    full.col(j).tail(d - j) = packed.segment(position, d - j);
    position += d - j;
  }
  full.triangularView<Eigen::StrictlyUpper>() = full.transpose();
  return full;
}

// L chol(m): the factor of L m L' by way of a matrix that is close to a multiple of the identity
// when L is nearly right. Counts a repair where m is not positive definite even by rounding.
Matrix refactored(const Matrix& lower, Matrix m, Index& repairs) {
  Eigen::LLT<Matrix> factor(m);
  if (factor.info() != Eigen::Success) {
    ++repairs;
    const double most = m.diagonal().maxCoeff();
    for (double t = 1e-14; factor.info() != Eigen::Success && t < 1; t *= 10) {
      m.diagonal().array() += t * most;
      factor.compute(m);
    }
  }
  const Matrix correction = factor.matrixL();
  return lower.triangularView<Eigen::Lower>() * correction;
}

}  // namespace

// What follows from means, variances and factors: always by these lines, so that a loaded model has
// the same bits.
void Gaussians::update() {
  evaluation_ = {};
  // Amid the means, whatever the data that they are evaluated for.
  evaluation_.center = means_.colwise().mean().transpose();
  if (diagonal()) {
    update_diagonal();
  } else {
    update_whitening();
  }
  evaluation_.constant = -0.5 * (log_determinants_.array() +
                                 static_cast<double>(dimension()) * std::log(2 * std::numbers::pi));
  if (evaluation_.pooled || evaluation_.spherical) {
    evaluation_.intercept =
        evaluation_.constant - 0.5 * evaluation_.offset.colwise().squaredNorm().transpose();
  }
  if (dimension() > kernels::most_small_columns) return;
  evaluation_.small = kernels::SmallGaussians(dimension(), size());
  for (Index k = 0; k < size(); ++k) {
    evaluation_.small.set(k, means_.row(k).transpose(),
                          diagonal() ? Matrix(inverse_deviations_.col(k).asDiagonal()) : inverse(k),
                          evaluation_.constant[k]);
  }
}

void Gaussians::update_diagonal() {
  Evaluation& e = evaluation_;
  inverse_deviations_ = variances_.cwiseSqrt().cwiseInverse();
  log_determinants_ = variances_.array().log().colwise().sum().transpose();
  if (dimension() == 1) {
    for (Index k = 0; k < size(); ++k) {
      e.inverses.emplace_back(Matrix::Constant(1, 1, inverse_deviations_(0, k)));
    }
    return;
  }
  e.scale = inverse_deviations_;
  e.offset = (e.center.transpose().replicate(size(), 1) - means_)
                 .transpose()
                 .cwiseProduct(inverse_deviations_);
  for (Index k = 0; k < size(); ++k) {
    e.far.push_back(!(e.offset.col(k).cwiseAbs().maxCoeff() < most_deviations));
  }
  e.spherical = parts(structure()).shape == Part::identity &&
                dimension() > kernels::most_small_columns &&
                e.offset.cwiseAbs().maxCoeff() < fewest_deviations;
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
  for (Index k = 0; k < size(); ++k) {
    log_determinants_[k] = 2 * factor(k).diagonal().array().log().sum();
  }
  e.whitens.assign(static_cast<std::size_t>(size()), true);
  e.inverses.resize(static_cast<std::size_t>(different));
  for_each_component(different, d, [&](Index k) {
    e.inverses[static_cast<std::size_t>(k)] = inverse_of(factor(k));
  });
  if (d <= kernels::most_small_columns) return;

  const Index padded = kernels::PackedTriangle::padded(d);
  Matrix offset(d, size());
  for (Index k = 0; k < size(); ++k) {
    offset.col(k) =
        inverse(k).triangularView<Eigen::Lower>() * (e.center - means_.row(k).transpose());
  }
  e.pooled = shared() && offset.cwiseAbs().maxCoeff() < fewest_deviations;
  const Vector constant =
      -0.5 * (log_determinants_.array() + static_cast<double>(d) * std::log(2 * std::numbers::pi));
  if (e.pooled) {
    e.whitenings.push_back(
        {kernels::PackedTriangle(e.inverses.front()), Vector::Zero(padded), 0.0});
    e.offset = std::move(offset);
    e.slope = -e.offset;
    use_data_center();
    return;
  }
  e.whitenings.resize(static_cast<std::size_t>(size()));
  e.whitens.clear();
  for (Index k = 0; k < size(); ++k) {
    kernels::Whitening& w = e.whitenings[static_cast<std::size_t>(k)];
    const bool is_far = !(offset.col(k).cwiseAbs().maxCoeff() < most_deviations);
    w.triangle = kernels::PackedTriangle(inverse(k));
    w.offset = Vector::Zero(padded);
    if (!is_far) w.offset.head(d) = offset.col(k);
    w.constant = constant[k];
    e.far.push_back(is_far);
    const Vector deviations = factor(k).rowwise().norm();
    e.whitens.push_back(is_far ||
                        !((inverse(k) * deviations.asDiagonal()).squaredNorm() < well_conditioned));
  }
  e.shift = Matrix::Zero(padded, size());
  e.shift.topRows(d) = means_.transpose().colwise() - e.center;
}

// With a common covariance that is well-conditioned, and means near that of the data: what all
// components share is a constant of the data.
void Gaussians::use_data_center() {
  Evaluation& e = evaluation_;
  if (!(rows_ > 0)) return;
  const auto whitening = e.inverses.front().triangularView<Eigen::Lower>();
  const Matrix offset = whitening * (means_.transpose().colwise() - location_);
  const Vector deviations = factor(0).rowwise().norm();
  e.about_data = offset.cwiseAbs().maxCoeff() < fewest_deviations &&
                 (e.inverses.front() * deviations.asDiagonal()).squaredNorm() < well_conditioned;
  if (!e.about_data) return;
  std::fill(e.whitens.begin(), e.whitens.end(), false);
  e.data_slope = e.inverses.front().transpose() * offset;
  e.data_intercept = -0.5 * (offset.colwise().squaredNorm().transpose() + log_determinants_);
  e.data_intercept.array() -=
      0.5 * static_cast<double>(dimension()) * std::log(2 * std::numbers::pi);
}

double Gaussians::common_log_density(ConstVectorRef statistics) const {
  const Matrix total = unpacked(statistics.tail(triangle_size()), dimension());
  const auto whitening = evaluation_.inverses.front().triangularView<Eigen::Lower>();
  const Matrix half = whitening * total;
  return -0.5 * evaluation_.inverses.front().cwiseProduct(half).sum();
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
    kernels::pack_panels(x, means_.row(k).transpose(), panels);
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
  const Vector no_shift = Vector::Zero(padded);
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
      kernels::small_density(x, means_.row(k).transpose(), inverse(k), e.constant[k], out.col(k));
    }
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
    for (Index k = 0; k < size(); ++k) {
      if (!e.far[static_cast<std::size_t>(k)]) continue;
      kernels::pack(x, means_.row(k).transpose(), packed);
      kernels::scaled_distances(packed, e.scale.col(k), Vector::Zero(d), e.constant.segment(k, 1),
                                out.col(k));
    }
    return;
  }
  if (e.about_data && memory.without_common()) {
    Matrix& packed = memory.matrix(packed_place, kernels::packed_stride, d);
    kernels::pack(x, location_, packed.leftCols(d));
    kernels::affine(packed.topLeftCorner(x.rows(), d), e.data_slope, e.data_intercept, out);
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
  const Index length = 1 + d + d * (d + 1) / 2;
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
    auto out = statistics.segment(c * (1 + 2 * d), 1 + 2 * d);
    const auto of_whitened = sum.segment(c * length, length);
    out[0] += of_whitened[0];
    Index place = 1 + d;  // of the diagonal in a lower triangle by columns
    for (Index j = 0; j < d; ++j) {
      out[1 + j] += of_whitened[1 + j] / inverse_deviations_(j, c);
      out[1 + d + j] +=
          of_whitened[place] / (inverse_deviations_(j, c) * inverse_deviations_(j, c));
      place += d - j;
    }
  }
  return value;
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
    const Index padded = kernels::PackedTriangle::padded(d);
    double* panels = memory.matrix(own_place, kernels::packed_stride, padded).data();
    if (evaluation_.about_data) kernels::pack_panels(x, location_, panels);
    kernels::add_scatter(panels, Vector::Zero(padded), d, total,
                         statistics.tail(1 + d + triangle_size()));
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
      kernels::add_moments(x, means_.row(c).transpose(), shares.col(c), sum);
    } else {
      kernels::add_small_scatter(x, means_.row(c).transpose(), inverse(c), shares.col(c), sum);
    }
  }
}

void Gaussians::maximize(ConstVectorRef sum) { maximize(sum, Steps::few); }

void Gaussians::maximize(ConstVectorRef sum, Steps steps) {
  if (diagonal()) {
    maximize_diagonal(sum, steps);
  } else {
    maximize_full(sum, steps);
  }
  update();
}

// The mean of component k: of its rows, and of the prior's imaginary ones.
void Gaussians::set_mean(Index k, double mass, const Vector& mean_of_rows) {
  const double total = mass + pseudo_.mean_count;
  if (!(total > 0)) return;
  means_.row(k) = mean_of_rows.transpose();
  if (pseudo_.mean_count > 0) {
    means_.row(k) += pseudo_.mean_count / total * (location_ - mean_of_rows).transpose();
  }
}

void Gaussians::maximize_diagonal(ConstVectorRef sum, Steps steps) {
  const Index d = dimension();
  const bool spherical = evaluation_.spherical;
  const Index length = spherical ? 2 + d : 1 + 2 * d;
  Matrix scatter = Matrix::Zero(d, size());
  Vector mass(size());
  for (Index k = 0; k < size(); ++k) {
    const auto block = sum.segment(k * length, length);
    const double p = std::max(block[0], 0.0);
    const auto moment = block.segment(1, d);
    mass[k] = p + pseudo_.count;
    auto w = scatter.col(k);
    Vector mean_of_rows = means_.row(k).transpose();
    if (p > 0 && spherical) {  // the columns' sum is all that matters
      const double all = block[1 + d] - moment.squaredNorm() / p;
      w.setConstant(std::max(all, 0.0) / static_cast<double>(d));
      mean_of_rows = evaluation_.center + moment / p;
    } else if (p > 0) {
      w = (block.tail(d) - moment.cwiseAbs2() / p).cwiseMax(0);
      mean_of_rows += moment / p;
    }
    if (mass[k] > 0 && pseudo_.scatter.size() > 0) {
      w += pseudo_.scatter;
      if (p > 0 && pseudo_.mean_count > 0) {
        w += pseudo_.mean_count * p / (pseudo_.mean_count + p) *
             (mean_of_rows - location_).cwiseAbs2();
      }
    }
    set_mean(k, p, mean_of_rows);
  }
  Structure like = structure();
  if (d == 1) like = parts(like).volume == Part::equal ? Structure::EII : Structure::VII;
  const Matrix estimated = estimate_diagonal(like, scatter, mass, variances_, steps);
  for (Index k = 0; k < size(); ++k) {
    const auto v = estimated.col(k).array();
    if (v.allFinite() && (v > 0).all()) {
      variances_.col(k) = estimated.col(k);
    } else {
      ++repairs_;  // no spread at all and no floor: the present variances are as good as any
    }
  }
}

// The scatter of the prior's and the floor's imaginary rows, whitened by component k.
Matrix Gaussians::pseudo_scatter(Index k, double mass, const Vector& mean_of_rows) const {
  const Index d = dimension();
  Matrix scatter = Matrix::Zero(d, d);
  if (pseudo_.scatter.size() == 0) return scatter;
  const auto lower = inverse(k).triangularView<Eigen::Lower>();
  const Matrix root = pseudo_.root.cols() == 1
                          ? Matrix(inverse(k) * pseudo_.root.col(0).asDiagonal())
                          : Matrix(lower * pseudo_.root);
  scatter.selfadjointView<Eigen::Lower>().rankUpdate(root);
  if (mass > 0 && pseudo_.mean_count > 0) {
    const Vector off = lower * (mean_of_rows - location_);
    scatter.selfadjointView<Eigen::Lower>().rankUpdate(
        off, pseudo_.mean_count * mass / (pseudo_.mean_count + mass));
  }
  scatter.triangularView<Eigen::StrictlyUpper>() = scatter.transpose();
  return scatter;
}

// The same, not whitened.
Matrix Gaussians::imaginary_scatter(double mass, const Vector& mean_of_rows) const {
  if (pseudo_.scatter.size() == 0) return Matrix::Zero(dimension(), dimension());
  Matrix scatter = pseudo_.scatter;
  if (mass > 0 && pseudo_.mean_count > 0) {
    const Vector off = mean_of_rows - location_;
    scatter += pseudo_.mean_count * mass / (pseudo_.mean_count + mass) * off * off.transpose();
  }
  return scatter;
}

void Gaussians::maximize_full(ConstVectorRef sum, Steps steps) {
  const Index d = dimension();
  const Index k = size();
  const bool pooled = evaluation_.pooled;
  const Index length = 1 + d + triangle_size();
  const auto whitens = [&](Index c) { return evaluation_.whitens[static_cast<std::size_t>(c)]; };
  const Vector& origin = evaluation_.about_data ? location_ : evaluation_.center;
  Matrix between = Matrix::Zero(d, d);
  if (pooled) between = unpacked(sum.tail(triangle_size()), d);
  // Whitened by the present factors where the statistics are.
  std::vector<Matrix> scatter(static_cast<std::size_t>(k));
  Vector mass(k);
  Matrix rows_mean(d, k);
  for_each_component(k, d, [&](Index c) {
    const double p = std::max(pooled ? sum[c] : sum[c * length], 0.0);
    Vector moment = Vector::Zero(d);
    if (p > 0) {
      moment = pooled ? Vector(Eigen::Map<const Matrix>(sum.data() + k, k, d).row(c))
                      : Vector(sum.segment(c * length + 1, d));
    }
    mass[c] = p + pseudo_.count;
    Matrix& w = scatter[static_cast<std::size_t>(c)];
    w = Matrix::Zero(d, d);
    if (p > 0) {
      if (!pooled) w = unpacked(sum.segment(c * length + 1 + d, triangle_size()), d);
      w.noalias() -= moment * (moment / p).transpose();
      rows_mean.col(c) = pooled ? origin : Vector(means_.row(c).transpose());
      if (whitens(c)) {
        rows_mean.col(c) += factor(c).triangularView<Eigen::Lower>() * (moment / p);
      } else {
        rows_mean.col(c) += moment / p;
      }
    } else {
      rows_mean.col(c) = means_.row(c).transpose();
    }
    if (mass[c] > 0) {
      w += whitens(c) ? pseudo_scatter(c, p, rows_mean.col(c))
                      : imaginary_scatter(p, rows_mean.col(c));
    }
  });
  for (Index c = 0; c < k; ++c) set_mean(c, mass[c] - pseudo_.count, rows_mean.col(c));

  std::vector<Matrix> factors = factors_;
  const Matrix identity = Matrix::Identity(d, d);
  if (shared()) {
    for (const Matrix& w : scatter) between += w;
    const double total = mass.sum();
    if (total > 0) {
      const Matrix& base = whitens(0) ? factors_.front() : identity;
      const Matrix common = refactored(base, between / total, repairs_);
      std::fill(factors.begin(), factors.end(), common);
    }
  } else if (structure() == Structure::VVV) {
    std::vector<Index> repairs(factors.size(), 0);
    for_each_component(k, d, [&](Index c) {
      const auto i = static_cast<std::size_t>(c);
      const Matrix& base = whitens(c) ? factors_[i] : identity;
      if (mass[c] > 0) factors[i] = refactored(base, scatter[i] / mass[c], repairs[i]);
    });
    for (const Index count : repairs) repairs_ += count;
  } else {
    for (std::size_t i = 0; i < scatter.size(); ++i) {
      if (!evaluation_.whitens[i]) continue;
      const auto lower = factors_[i].triangularView<Eigen::Lower>();
      scatter[i] = lower * Matrix(lower * scatter[i]).transpose();
      scatter[i].triangularView<Eigen::StrictlyUpper>() = scatter[i].transpose();
    }
    Covariances estimated =
        estimate(structure(), scatter, mass, {factors_, std::move(orientation_)}, steps);
    orientation_ = std::move(estimated.orientation);
    repairs_ += estimated.repairs;
    factors = std::move(estimated.factors);
  }
  for (std::size_t i = 0; i < factors_.size(); ++i) {
    const Matrix& l = factors[i];
    if (l.allFinite() && l.diagonal().minCoeff() > 0) {
      factors_[i] = l;
    } else {
      ++repairs_;  // no spread at all and no floor: the present covariance is as good as any
    }
  }
}

void Gaussians::start(const AnyRows& x, Shares shares) {
  const Vector weight = shares.rowwise().sum();
  const double total = weight.sum();
  if (!(total > 0)) return;
  // Means first: scatter about far-away centers would lose digits.
  const Eigen::RowVectorXd origin = rows_ > 0 ? Eigen::RowVectorXd(location_.transpose())
                                              : Eigen::RowVectorXd(DenseBlock(x, 0, 1)->row(0));
  const Index d = dimension();
  const Vector sum =
      sum_over_blocks(x.rows(), size() * (1 + d), [&](Index first, Index count, VectorRef into) {
        const auto p = shares.middleRows(first, count);
        Eigen::Map<Matrix> block(into.data(), size(), 1 + d);
        block.col(0) += p.colwise().sum().transpose();
        block.rightCols(d).noalias() +=
            p.transpose() * (DenseBlock(x, first, count)->rowwise() - origin);
      });
  const Eigen::Map<const Matrix> block(sum.data(), size(), 1 + d);
  const Eigen::RowVectorXd center = origin + block.rightCols(d).colwise().sum() / total;
  if (rows_ > 0) {
    place(center, scale_);
  } else {
    place(center, diagonal() ? Matrix(Matrix::Ones(d, 1)) : Matrix(Matrix::Identity(d, d)));
  }
  for (Index k = 0; k < size(); ++k) {
    if (block(k, 0) > 0) means_.row(k) = origin + block.row(k).tail(d) / block(k, 0);
  }
  orientation_.resize(0, 0);
  update();
  const Vector statistics =
      sum_over_blocks(x.rows(), statistics_size(), [&](Index first, Index count, VectorRef into) {
        accumulate(*DenseBlock(x, first, count), shares.middleRows(first, count), into);
      });
  maximize(statistics, Steps::all);
}

}  // namespace mix
