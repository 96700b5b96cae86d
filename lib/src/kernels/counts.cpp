// Counts and codes: log-factorials by a table, indicators of levels.
#include <cmath>
#include <cstdint>

#include "mix/kernels.h"
#include "mix/special.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/counts.cpp"
#include <hwy/foreach_target.h>

#include "kernels/math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace mix::kernels::HWY_NAMESPACE {

// Sums of log-factorials and of counts, lane by lane, and what tells whether all were counts.
class CountSums {
 public:
  HWY_INLINE CountSums() { sum_ = total_ = fraction_ = least_ = most_ = hn::Zero(Lanes()); }
  HWY_INLINE void add(V count, const double* table) {
    const Lanes tag;
    const hn::RebindToSigned<Lanes> whole;
    // Adding 2^52 rounds to an integer and leaves it in the low bits.
    const V magic = hn::Set(tag, 0x1p52);
    const auto low = hn::Set(whole, static_cast<std::int64_t>(small_count - 1));
    const V shifted = hn::Add(count, magic);
    fraction_ = hn::Add(fraction_, hn::Abs(hn::Sub(hn::Sub(shifted, magic), count)));
    least_ = hn::Min(least_, count);
    most_ = hn::Max(most_, count);
    total_ = hn::Add(total_, count);
    // In sparse data most vectors hold nothing above 1.
    if (hn::AllFalse(tag, hn::Gt(count, hn::Set(tag, 1.0)))) return;
    sum_ = hn::Add(sum_, hn::GatherIndex(tag, table, hn::And(hn::BitCast(whole, shifted), low)));
  }
  [[nodiscard]] HWY_INLINE V log_factorials() const { return sum_; }
  [[nodiscard]] HWY_INLINE V total() const { return total_; }
  [[nodiscard]] HWY_INLINE V most() const { return most_; }
  // A NaN makes the sum of the fractions NaN, whatever minima make of it.
  [[nodiscard]] HWY_INLINE bool are_counts() const {
    const Lanes tag;
    return hn::AllTrue(tag,
                       hn::And(hn::Eq(fraction_, hn::Zero(tag)), hn::Eq(least_, hn::Zero(tag))));
  }

 private:
  V sum_;
  V total_;
  V fraction_;
  V least_;
  V most_;
};

// Log-factorials and totals of one vector of rows. Returns whether all cells are counts.
template <class Access>
HWY_INLINE bool log_factorials_of(const Access& access, const double* x, Index stride, Index d,
                                  const double* table, double* out, double* total, V& largest) {
  CountSums sums;
  for (Index j = 0; j < d; ++j) sums.add(access.load(x + j * stride), table);
  access.store(sums.log_factorials(), out);
  if (total != nullptr) access.store(sums.total(), total);
  largest = hn::Max(largest, sums.most());
  return sums.are_counts();
}

double log_factorials(const double* x, Index stride, Index rows, Index d, const double* table,
                      double* out, double* total) {
  const Index step = lanes();
  V largest = hn::Zero(Lanes());
  Index i = 0;
  const auto at = [total](Index row) { return total != nullptr ? total + row : nullptr; };
  for (; i + step <= rows; i += step) {
    if (!log_factorials_of(Full(), x + i, stride, d, table, out + i, at(i), largest)) {
      return quiet_nan;
    }
  }
  if (i < rows &&
      !log_factorials_of(Part(rows - i), x + i, stride, d, table, out + i, at(i), largest)) {
    return quiet_nan;
  }
  return hn::GetLane(hn::MaxOfLanes(Lanes(), largest));
}

// The same of sparse rows: lanes are cells of one row.
double sparse_log_factorials(const SparseRows& x, const double* table, double* out, double* total) {
  const Index step = lanes();
  V largest = hn::Zero(Lanes());
  bool counts = true;
  for (Index i = 0; i < x.rows(); ++i) {
    CountSums sums;
    const double* value = x.value() + x.begin(i);
    Index left = x.begin(i + 1) - x.begin(i);
    for (; left >= step; left -= step, value += step) sums.add(Full().load(value), table);
    if (left > 0) sums.add(Part(left).load(value), table);
    out[i] = sum_of(sums.log_factorials());
    if (total != nullptr) total[i] = sum_of(sums.total());
    largest = hn::Max(largest, sums.most());
    counts = counts && sums.are_counts();
  }
  return counts ? hn::GetLane(hn::MaxOfLanes(Lanes(), largest)) : quiet_nan;
}

// Where x is the code of a level, for all levels of one column. Returns whether all are codes.
bool one_hot(const double* x, Index rows, Index levels, double* out, Index stride) {
  const Lanes tag;
  const Index step = lanes();
  const V one = hn::Set(tag, 1.0);
  const V most = hn::Set(tag, static_cast<double>(levels - 1));
  const V magic = hn::Set(tag, 0x1p52);
  V wrong = hn::Zero(tag);
  const auto rows_of = [&](const auto& access, Index i) {
    const V code = access.load(x + i);
    const V fraction = hn::Abs(hn::Sub(hn::Sub(hn::Add(code, magic), magic), code));
    const V beyond = hn::Sub(hn::Max(code, most), most);
    const V below = hn::Min(code, hn::Zero(tag));
    wrong = hn::Add(wrong, hn::Add(fraction, hn::Sub(beyond, below)));
    V level = hn::Zero(tag);
    for (Index l = 0; l < levels; ++l) {
      access.store(hn::IfThenElseZero(hn::Eq(code, level), one), out + l * stride + i);
      level = hn::Add(level, one);
    }
  };
  Index i = 0;
  for (; i + step <= rows; i += step) rows_of(Full(), i);
  if (i < rows) rows_of(Part(rows - i), i);
  return hn::AllTrue(tag, hn::Eq(wrong, hn::Zero(tag)));
}

}  // namespace mix::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace mix::kernels {

HWY_EXPORT(log_factorials);
HWY_EXPORT(sparse_log_factorials);
HWY_EXPORT(one_hot);

namespace {

// What a kernel found, which knows small counts alone; sum_of_row(i) is the sum of row i.
template <class RowSum>
double with_large_counts(double largest, VectorRef out, const RowSum& sum_of_row) {
  if (largest < static_cast<double>(small_count)) return largest;
  // Beyond 2^52 every double is whole.
  if (!(largest <= 0x1p52)) return quiet_nan;
  for (Index i = 0; i < out.size(); ++i) out[i] = sum_of_row(i);
  return largest;
}

double log_factorials(Rows x, VectorRef out, double* total) {
  const double largest = HWY_DYNAMIC_DISPATCH(log_factorials)(
      x.data(), x.outerStride(), x.rows(), x.cols(), small_log_factorials(), out.data(), total);
  return with_large_counts(largest, out, [&](Index i) {
    double sum = 0;
    for (Index j = 0; j < x.cols(); ++j) sum += log_factorial(x(i, j));
    return sum;
  });
}

double log_factorials(const SparseRows& x, VectorRef out, double* total) {
  const double largest =
      HWY_DYNAMIC_DISPATCH(sparse_log_factorials)(x, small_log_factorials(), out.data(), total);
  return with_large_counts(largest, out, [&](Index i) {
    double sum = 0;
    for (Index c = x.begin(i); c < x.begin(i + 1); ++c) sum += log_factorial(x.value()[c]);
    return sum;
  });
}

}  // namespace

double log_factorials(Rows x, VectorRef out) { return log_factorials(x, out, nullptr); }

double log_factorials(Rows x, VectorRef out, VectorRef total) {
  return log_factorials(x, out, total.data());
}

double log_factorials(const SparseRows& x, VectorRef out) {
  return log_factorials(x, out, nullptr);
}

double log_factorials(const SparseRows& x, VectorRef out, VectorRef total) {
  return log_factorials(x, out, total.data());
}

bool one_hot(ConstVectorRef codes, MatrixRef out) {
  return HWY_DYNAMIC_DISPATCH(one_hot)(codes.data(), codes.size(), out.cols(), out.data(),
                                       out.outerStride());
}

}  // namespace mix::kernels
#endif
