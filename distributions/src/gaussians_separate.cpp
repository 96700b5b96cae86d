// Gaussians one component at a time, each on rows of its own.

#include <algorithm>

#include "mix/distributions/gaussians.h"
#include "mix/parallel.h"
#include "mix/scratch.h"

namespace mix {
namespace {

// Places in a BlockMemory.
enum SeparatePlace : std::size_t {
  separate_panels,
  separate_whitened,
  separate_columns,
  separate_density
};

template <class Body>
void for_each_part(Index rows, const Body& body) {
  const BorrowedMemory memory;
  for (Index first = 0; first < rows; first += block_rows) {
    body(first, std::min(block_rows, rows - first), *memory);
  }
}

Matrix& panels(BlockMemory& memory, SeparatePlace place, Index d) {
  return memory.matrix(place, kernels::packed_stride, kernels::PackedTriangle::padded(d));
}

VectorRef densities(BlockMemory& memory, Index rows) {
  return memory.matrix(separate_density, kernels::packed_stride, 1).col(0).head(rows);
}

}  // namespace

void Gaussians::log_density_of(Index k, Rows x, VectorRef out) const {
  const Evaluation& e = evaluation_;
  const Index d = dimension();
  if (d <= kernels::most_small_columns && (!diagonal() || d == 1)) {
    kernels::small_density(x, e.means.col(k), inverse(k), e.constant[k], out);
    return;
  }
  if (diagonal()) {
    kernels::scaled_distance(x, e.means.col(k), inverse_deviations_.col(k), e.constant[k], out);
    return;
  }
  for_each_part(x.rows(), [&](Index first, Index count, BlockMemory& memory) {
    whiten_of(k, x.middleRows(first, count), out.segment(first, count), memory);
  });
}

// Writes the log densities of one block, and returns the whitened rows as panels; with a common
// covariance, whitened about the common center and by columns.
const Matrix& Gaussians::whiten_of(Index k, Rows x, VectorRef out, BlockMemory& memory) const {
  const Evaluation& e = evaluation_;
  const Index d = dimension();
  double* packed = panels(memory, separate_panels, d).data();
  Matrix& y = panels(memory, separate_whitened, d);
  if (!e.pooled) {
    const auto i = static_cast<std::size_t>(k);
    kernels::pack_panels(x, e.far[i] ? ConstVectorRef(e.means.col(k)) : ConstVectorRef(e.center),
                         packed);
    kernels::whiten(packed, e.whitenings[i], {.panels = y.data()}, out);
    return y;
  }
  Matrix& columns = panels(memory, separate_columns, d);
  kernels::pack_panels(x, e.center, packed);
  kernels::whiten(packed, e.whitenings.front(), {y.data(), columns.data()}, out);
  out.array() += e.intercept[k];
  out.noalias() += columns.topLeftCorner(x.rows(), d) * e.slope.col(k);
  return columns;
}

void Gaussians::accumulate_of(Index k, Rows x, Weights w, VectorRef statistics) const {
  const Evaluation& e = evaluation_;
  const Index d = dimension();
  const Index length = 1 + d + triangle_size();
  if (e.pooled) {
    for_each_part(x.rows(), [&](Index first, Index count, BlockMemory& memory) {
      const auto r = w.segment(first, count);
      const Rows rows = x.middleRows(first, count);
      Matrix& packed = panels(memory, separate_columns, d);
      if (e.about_data) kernels::pack(rows, location_, packed);
      const Matrix& y =
          e.about_data ? packed : whiten_of(k, rows, densities(memory, count), memory);
      statistics[k] += r.sum();
      Eigen::Map<Matrix> moments(statistics.data() + size(), size(), d);
      Scratch scratch;
      VectorMap sums = scratch.vector(d);
      sums.noalias() = y.topLeftCorner(count, d).transpose() * r;
      moments.row(k) += sums.transpose();
    });
    return;
  }
  if (e.spherical) {
    for_each_part(x.rows(), [&](Index first, Index count, BlockMemory& memory) {
      Matrix& features = panels(memory, separate_panels, d + 1);
      kernels::pack(x.middleRows(first, count), e.center, features.leftCols(d));
      auto rows = features.topLeftCorner(count, d + 1);
      kernels::squared_norms(rows.leftCols(d), rows.col(d));
      kernels::add_sums_and_products(rows, w.segment(first, count),
                                     Eigen::Map<Matrix>(statistics.data() + k * (d + 2), d + 2, 1));
    });
    return;
  }
  VectorRef own = statistics.segment(k * length, length);
  if (diagonal()) {
    kernels::add_moments(x, e.means.col(k), w, own);
    return;
  }
  if (e.whitenings.empty()) {
    kernels::add_small_scatter(x, e.means.col(k), inverse(k), w, own);
    return;
  }
  Scratch scratch;
  VectorMap origin = scratch.vector(kernels::PackedTriangle::padded(d));
  origin.setZero();
  for_each_part(x.rows(), [&](Index first, Index count, BlockMemory& memory) {
    const Rows rows = x.middleRows(first, count);
    const auto r = w.segment(first, count);
    if (e.whitens[static_cast<std::size_t>(k)]) {
      const Matrix& y = whiten_of(k, rows, densities(memory, count), memory);
      kernels::add_scatter(y.data(), origin, d, r, own);
    } else {
      double* packed = panels(memory, separate_panels, d).data();
      kernels::pack_panels(rows, e.center, packed);
      kernels::add_scatter(packed, e.shift.col(k), d, r, own);
    }
  });
}

void Gaussians::accumulate_common(Rows x, Weights w, VectorRef statistics) const {
  if (!evaluation_.pooled) return;
  const Index d = dimension();
  if (diagonal()) {
    kernels::add_moments(x, location_, w, statistics.tail(1 + 2 * d));
    return;
  }
  Scratch scratch;
  VectorMap origin = scratch.vector(kernels::PackedTriangle::padded(d));
  origin.setZero();
  for_each_part(x.rows(), [&](Index first, Index count, BlockMemory& memory) {
    double* packed = panels(memory, separate_panels, d).data();
    double* y = panels(memory, separate_whitened, d).data();
    if (evaluation_.about_data) {
      kernels::pack_panels(x.middleRows(first, count), location_, y);
    } else {
      kernels::pack_panels(x.middleRows(first, count), evaluation_.center, packed);
      kernels::whiten(packed, evaluation_.whitenings.front(), kernels::WhitenedRows{.panels = y},
                      densities(memory, count));
    }
    kernels::add_scatter(y, origin, d, w.segment(first, count),
                         statistics.tail(1 + d + triangle_size()));
  });
}

}  // namespace mix
