#pragma once

#include <array>
#include <type_traits>

#include "mix/scratch.h"
#include "mix/types.h"

/// Arithmetic of the small matrices of estimates. Nothing here takes memory from the system, up to
/// the size where Eigen's own routines do; in matrices of a few rows plain loops are several times
/// faster than those. Lower triangles have zeros above their diagonal.
namespace mix {

/// Up to so many rows plain loops are used.
inline constexpr Index few_rows = 16;

/// body(d), where 2, 3 and 4 are constants, of type std::integral_constant: loops over so few rows
/// take longer than what they do.
template <class Body>
[[gnu::flatten]] inline void with_size(Index d, const Body& body) {
  switch (d) {
    case 2:
      return body(std::integral_constant<Index, 2>());
    case 3:
      return body(std::integral_constant<Index, 3>());
    case 4:
      return body(std::integral_constant<Index, 4>());
    default:
      return body(d);
  }
}

/// body(i) for first <= i < end. Between constants each i is one too, and there is no loop.
template <class First, class End, class Body>
inline void for_range(First first, End end, const Body& body) {
  if constexpr (std::is_same_v<First, Index> || std::is_same_v<End, Index>) {
    for (Index i = first; i < end; ++i) body(i);
  } else if constexpr (First::value < End::value) {
    body(first);
    for_range(std::integral_constant<Index, First::value + 1>(), end, body);
  }
}

inline constexpr std::integral_constant<Index, 0> zero;

/// i + 1, a constant where i is one.
template <class I>
constexpr auto after(I i) {
  if constexpr (std::is_same_v<I, Index>) {
    return i + 1;
  } else {
    return std::integral_constant<Index, I::value + 1>();
  }
}

/// The entries of a matrix, which Eigen does not give for constants.
template <class T>
struct Entries {
  T* data;
  Index stride;
  T& operator()(Index i, Index j) const { return data[i + j * stride]; }
};
inline Entries<const double> entries(const ConstMatrixRef& m) {
  return {m.data(), m.outerStride()};
}
inline Entries<double> entries(MatrixRef& m) { return {m.data(), m.outerStride()}; }

/// The upper triangle becomes a mirror of the lower one.
inline void mirror(MatrixRef m) { m.triangularView<Eigen::StrictlyUpper>() = m.transpose(); }

/// m += other, of the same size.
inline void add(ConstMatrixRef other, MatrixRef m) {
  const auto from = entries(other);
  const auto to = entries(m);
  with_size(m.rows(), [&](auto d) {
    for (Index j = 0; j < m.cols(); ++j) {
      for_range(zero, d, [&](auto i) { to(i, j) += from(i, j); });
    }
  });
}

/// m -= a v v'.
inline void subtract_square(double a, ConstVectorRef v, MatrixRef m) {
  const double* of = v.data();
  const auto to = entries(m);
  with_size(m.rows(), [&](auto d) {
    for_range(zero, d, [&](auto j) {
      const double factor = a * of[j];
      for_range(zero, d, [&](auto i) { to(i, j) -= factor * of[i]; });
    });
  });
}

/// out = lower right.
inline void multiply_lower(ConstMatrixRef lower, ConstMatrixRef right, MatrixRef out) {
  const Index d = lower.rows();
  if (d > few_rows) {
    out.noalias() = lower.triangularView<Eigen::Lower>() * right;
    return;
  }
  const auto l = entries(lower);
  const auto r = entries(right);
  const auto to = entries(out);
  with_size(d, [&](auto rows) {
    for (Index c = 0; c < right.cols(); ++c) {
      for_range(zero, rows, [&](auto i) {
        double sum = 0;
        for_range(zero, after(i), [&](auto j) { sum += l(i, j) * r(j, c); });
        to(i, c) = sum;
      });
    }
  });
}

/// y <- L^-1 y.
inline void solve_lower(ConstMatrixRef lower, MatrixRef y) {
  if (lower.rows() > few_rows) {
    lower.triangularView<Eigen::Lower>().solveInPlace(y);
    return;
  }
  for (Index c = 0; c < y.cols(); ++c) {
    for (Index i = 0; i < lower.rows(); ++i) {
      double left = y(i, c);
      for (Index j = 0; j < i; ++j) left -= lower(i, j) * y(j, c);
      y(i, c) = left / lower(i, i);
    }
  }
}

/// m += root root', symmetric to the last bit.
inline void add_product_with_transpose(ConstMatrixRef root, MatrixRef m) {
  const Index d = root.rows();
  if (d > few_rows) {
    m.selfadjointView<Eigen::Lower>().rankUpdate(root);
    mirror(m);
    return;
  }
  const auto r = entries(root);
  const auto to = entries(m);
  with_size(d, [&](auto rows) {
    for_range(zero, rows, [&](auto i) {
      for_range(zero, after(i), [&](auto j) {
        double sum = 0;
        for (Index l = 0; l < root.cols(); ++l) sum += r(i, l) * r(j, l);
        to(i, j) += sum;
        to(j, i) = to(i, j);
      });
    });
  });
}

/// m <- L m L' for a symmetric m, which stays symmetric to the last bit.
inline void multiply_both_sides(ConstMatrixRef lower, MatrixRef m) {
  if (lower.rows() > few_rows) {
    Scratch scratch;
    MatrixMap half = scratch.matrix(lower.rows(), lower.rows());
    multiply_lower(lower, m, half);
    m.transpose().noalias() = lower.triangularView<Eigen::Lower>() * half.transpose();
    mirror(m);
    return;
  }
  const auto by = entries(lower);
  const auto to = entries(m);
  with_size(lower.rows(), [&](auto d) {
    std::array<double, few_rows * few_rows> half;  // by rows
    for_range(zero, d, [&](auto i) {
      for_range(zero, d, [&](auto c) {
        double sum = 0;
        for_range(zero, after(i), [&](auto j) { sum += by(i, j) * to(j, c); });
        half[static_cast<std::size_t>(i * d + c)] = sum;
      });
    });
    for_range(zero, d, [&](auto i) {
      const double* row = &half[static_cast<std::size_t>(i * d)];
      for_range(zero, after(i), [&](auto j) {
        double sum = 0;
        for_range(zero, after(j), [&](auto l) { sum += row[l] * by(j, l); });
        to(i, j) = sum;
        to(j, i) = sum;
      });
    });
  });
}

/// The symmetric matrix of a lower triangle by columns.
inline void unpack(ConstVectorRef packed, MatrixRef full) {
  const auto to = entries(full);
  with_size(full.rows(), [&](auto d) {
    const double* next = packed.data();
    for_range(zero, d,
              [&](auto j) { for_range(j, d, [&](auto i) { to(i, j) = to(j, i) = *next++; }); });
  });
}

/// Adds the lower triangle of a matrix by columns, as unpack reads it.
inline void add_packed(ConstMatrixRef full, VectorRef packed) {
  Index next = 0;
  for (Index j = 0; j < full.cols(); ++j) {
    const Index length = full.rows() - j;
    packed.segment(next, length) += full.col(j).tail(length);
    next += length;
  }
}

/// to = from, of the same size.
inline void copy_square(ConstMatrixRef from, MatrixRef to) {
  const auto entry = entries(from);
  const auto copy = entries(to);
  with_size(from.rows(), [&](auto d) {
    for_range(zero, d,
              [&](auto j) { for_range(zero, d, [&](auto i) { copy(i, j) = entry(i, j); }); });
  });
}

/// Whether a lower triangle has finite entries and a positive diagonal.
inline bool is_factor(ConstMatrixRef lower) {
  const auto l = entries(lower);
  bool positive = true;
  double sum = 0;  // NaN where an entry is not finite
  with_size(lower.rows(), [&](auto d) {
    for_range(zero, d, [&](auto j) {
      positive = positive && l(j, j) > 0;
      for_range(j, d, [&](auto i) { sum += 0 * l(i, j); });
    });
  });
  return positive && sum == 0;
}

/// The inverse of a lower triangle.
void invert_lower(ConstMatrixRef lower, MatrixRef inverse);

/// The lower factor of a matrix that is positive definite up to rounding; where that is not enough,
/// of one with a larger diagonal, which is counted as a repair.
void factorize(ConstMatrixRef matrix, MatrixRef lower, Index& repairs);

/// The lower factor of A A' for a square A, without that product, which would lose the digits of
/// small variances. `a` is used up.
void factorize_square(MatrixRef a, MatrixRef lower);

}  // namespace mix
