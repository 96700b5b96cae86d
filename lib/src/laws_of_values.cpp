#include <optional>
#include <stdexcept>

#include "field_tape.h"
#include "laws.h"
#include "mix/kernels.h"
#include "mix/parallel.h"
#include "mix/sparse_matrix.h"

// The laws of evaluation, of statistics, and of values: copying, saving, selecting.
namespace mix::laws {

void Laws::row_alone() {
  const Matrix together = log_densities(fitted_, x_);
  Matrix alone(n_, k_);
  for (Index i = 0; i < n_; ++i) alone.row(i) = log_densities(fitted_, x_.row(i));
  require_equal(together, alone, options_.tolerance, "a row's density depends on its block");
  const Matrix reversed = log_densities(fitted_, x_.colwise().reverse());
  require_equal(together, reversed.colwise().reverse(), options_.tolerance,
                "a row's density depends on its place");
}

void Laws::outside_support() {
  for (Index j = 0; j < x_.cols(); ++j) {
    Matrix odd = x_.topRows(std::min<Index>(n_, 8));
    const double values[] = {-1, 0.5, -0.0, 1e9, -1e9, 1e100, -1e100, 1e-300};
    for (Index i = 0; i < odd.rows(); ++i) odd(i, j) = values[i];
    require(!has_nan(log_densities(fitted_, odd)), "the log density of an odd finite row is NaN");
    static_cast<void>(fitted_.check_support(odd));
  }
}

void Laws::add() {
  Vector twice = statistics(elsewhere_, x_, shares_);
  const Vector once = twice;
  elsewhere_.accumulate(x_, shares_, twice);
  require_equal_statistics(twice, 2 * once, "accumulating twice is not twice the sum");
}

void Laws::linear() {
  const Matrix other = random_shares();
  const Vector sum = statistics(elsewhere_, x_, shares_) + 2.5 * statistics(elsewhere_, x_, other);
  require_equal_statistics(statistics(elsewhere_, x_, shares_ + 2.5 * other), sum,
                           "the statistics are not linear in the shares");
}

void Laws::disjoint_rows() {
  Vector sum = Vector::Zero(elsewhere_.statistics_size());
  Index first = 0;
  for (Index length = 1; first < n_; first += length, ++length) {
    length = std::min(length, n_ - first);
    elsewhere_.accumulate(x_.middleRows(first, length), shares_.middleRows(first, length), sum);
  }
  require_equal_statistics(sum, statistics(elsewhere_, x_, shares_),
                           "the statistics of disjoint rows do not add up");
  const Matrix reversed = x_.colwise().reverse();
  const Matrix reversed_shares = shares_.colwise().reverse();
  require_equal_statistics(statistics(elsewhere_, reversed, reversed_shares), sum,
                           "the statistics depend on the order of the rows");
}

void Laws::zero_share() {
  Matrix more(n_ + 2, x_.cols());
  more << x_, Matrix::Constant(1, x_.cols(), -1e100), Matrix::Constant(1, x_.cols(), 0.5);
  Matrix shares = Matrix::Zero(n_ + 2, k_);
  shares.topRows(n_) = shares_;
  require_equal_statistics(statistics(elsewhere_, more, shares),
                           statistics(elsewhere_, x_, shares_),
                           "a row whose shares are 0 changes the statistics");
}

void Laws::one_by_one() {
  // Once with ordinary parameters, once with those of few rows, where probabilities are 0.
  AnyFamily narrow = elsewhere_;
  Matrix few = Matrix::Zero(n_, k_);
  few.topRows(2) = shares_.topRows(2);
  step(narrow, x_, few);
  for (const AnyFamily* family : {&elsewhere_, &narrow}) {
    const std::unique_ptr<AnyFamily> each = family->one_by_one();
    applies_ = each != nullptr;
    if (!applies_) return;
    require_equal(log_densities(*family, x_), log_densities(*each, x_), options_.tolerance,
                  "the components together have other densities than log_density gives");
    if (!given_.streams()) return;
    require_equal_statistics(statistics(*family, x_, shares_), statistics(*each, x_, shares_),
                             "the components together have other statistics than accumulate gives");
  }
}

void Laws::soft_pass() {
  const Vector log_weights = Vector::LinSpaced(k_, -0.3, -1.2);
  const Vector some = shares_.rowwise().sum();  // any weights, of which some are 0
  for (const double* w : {static_cast<const double*>(nullptr), some.data()}) {
    for (Index first = 0; first < n_; first += block_rows) {
      const Rows x = x_.middleRows(first, std::min(block_rows, n_ - first));
      const double* weights = w != nullptr ? w + first : nullptr;
      Vector mass = Vector::Zero(k_);
      Vector sum = Vector::Zero(elsewhere_.statistics_size());
      const std::optional<double> value = elsewhere_.soft_pass(x, log_weights, weights, mass, sum);
      applies_ = value.has_value();
      if (!applies_) return;
      Matrix shares = log_densities(elsewhere_, x);
      Vector expected_mass = Vector::Zero(k_);
      const double expected = kernels::share_out(shares, log_weights, weights, expected_mass);
      require_equal(Vector::Constant(1, *value), Vector::Constant(1, expected), options_.tolerance,
                    "soft_pass returns another log-likelihood than log_density gives");
      require_equal(mass, expected_mass, options_.tolerance,
                    "soft_pass gives the components other shares than log_density");
      require_equal_statistics(sum, statistics(elsewhere_, x, shares),
                               "soft_pass adds other statistics than accumulate");
    }
  }
}

void Laws::constant_statistics() {
  applies_ = false;
  const Vector weights = shares_.rowwise().sum();
  AnyFamily prepared = elsewhere_;
  prepared.prepare(x_, weights);
  prepared.start(x_, shares_);
  if (!prepared.constant_statistics()) return;
  applies_ = true;
  Vector common = Vector::Zero(prepared.statistics_size());
  prepared.accumulate_common(x_, weights, common);
  Vector sum = common;
  double value = prepared.common_log_density(common);
  double expected = 0;
  for (Index first = 0; first < n_; first += block_rows) {
    const Index count = std::min(block_rows, n_ - first);
    const Rows x = x_.middleRows(first, count);
    BlockMemory memory;
    memory.leave_out_common(true);
    Matrix l(count, k_);
    prepared.log_densities(x, l, memory);
    prepared.accumulate(x, shares_.middleRows(first, count), sum, memory);
    value += weights.segment(first, count).dot(l.col(0));
    expected += weights.segment(first, count).dot(log_densities(prepared, x).col(0));
  }
  require_equal_statistics(sum, statistics(prepared, x_, shares_),
                           "with and without constant statistics the sums differ");
  require_equal(Vector::Constant(1, value), Vector::Constant(1, expected), options_.tolerance,
                "common_log_density is not what log_densities leave out");
}

void Laws::separable() {
  applies_ = given_.separable();
  if (!applies_) return;
  AnyFamily family = elsewhere_;
  const Matrix together = log_densities(family, x_);
  Matrix each(n_, k_);
  for (Index k = 0; k < k_; ++k) family.log_density_of(k, x_, each.col(k));
  require_equal(each, together, options_.tolerance,
                "log_density_of gives other densities than log_densities");
  for (Index cycle = 0; cycle < family.cycles(); ++cycle) {
    family.select_cycle(cycle);
    Vector sum = Vector::Zero(family.statistics_size());
    for (Index k = 0; k < k_; ++k) family.accumulate_of(k, x_, shares_.col(k), sum);
    family.accumulate_common(x_, shares_.rowwise().sum(), sum);
    const Vector expected = statistics(family, x_, shares_);
    const char* what = "accumulate_of and accumulate_common give other statistics than accumulate";
    if (cycle == 0) {
      require_equal_statistics(sum, expected, what);
    } else {
      require_equal(sum, expected, options_.tolerance, what);
    }
    for (Index k = 0; k < k_; ++k) {
      for (Index other = 0; other < k; ++other) {
        Vector one = Vector::Zero(sum.size());
        Vector two = Vector::Zero(sum.size());
        family.accumulate_of(k, x_, shares_.col(k), one);
        family.accumulate_of(other, x_, shares_.col(other), two);
        require((one.array() == 0 || two.array() == 0).all(),
                "accumulate_of adds to statistics that belong to another component");
      }
    }
  }
}

void Laws::coordinates() {
  applies_ = given_.charted();
  if (!applies_) return;
  AnyFamily family = elsewhere_;
  const Vector here = fitted_.coordinates();
  family.set_coordinates(here);
  require_equal(log_densities(family, x_), log_densities(fitted_, x_), options_.tolerance,
                "set_coordinates(coordinates()) gives other densities");
  require_equal(family.coordinates(), here, options_.tolerance,
                "coordinates() differs from what set_coordinates was given");
  // Whatever the point, the parameters are valid and have coordinates of their own.
  Rng rng(options_.seed, Purpose::sample, 1);
  for (const double far : {0.1, 3.0, 1000.0}) {
    Vector there = here;
    for (double& v : there) v += far * (2 * uniform(rng) - 1);
    family = fitted_;
    family.set_coordinates(there);
    require(!has_nan(log_densities(family, x_)), "a log density is NaN at some coordinates");
    require(family.coordinates().size() == here.size(),
            "the number of coordinates depends on the parameters");
    AnyFamily same = fitted_;
    same.set_coordinates(family.coordinates());
    if (far < 1) {
      require_equal(log_densities(same, x_), log_densities(family, x_), options_.tolerance,
                    "parameters near others do not return from their coordinates");
    }
  }
}

void Laws::float_rows() {
  const Eigen::MatrixXf floats = x_.cast<float>();
  const Matrix doubles = floats.cast<double>();
  const std::string complaint = elsewhere_.check_support(doubles);
  require(elsewhere_.check_support(floats) == complaint,
          "check_support says something else of rows of floats");
  require_equal(log_densities(elsewhere_, floats), log_densities(elsewhere_, doubles),
                options_.tolerance, "rows of floats have other densities");
  if (given_.streams()) {
    require_equal_statistics(statistics(elsewhere_, floats, shares_),
                             statistics(elsewhere_, doubles, shares_),
                             "rows of floats have other statistics");
  }
  AnyFamily of_doubles = given_;
  AnyFamily of_floats = given_;
  try {
    of_doubles.prepare(doubles, shares_.col(0));
  } catch (const std::invalid_argument&) {
    return;  // rounding left nothing to describe
  }
  if (!complaint.empty()) return;
  of_floats.prepare(floats, shares_.col(0));
  of_doubles.start(doubles, shares_);
  of_floats.start(floats, shares_);
  require_equal(log_densities(of_floats, doubles), log_densities(of_doubles, doubles),
                options_.tolerance, "the first estimate from rows of floats is another");
}

void Laws::sparse_rows() {
  const SparseMatrix sparse = x_.sparseView();
  AnyFamily of_dense = given_;
  AnyFamily of_sparse = given_;
  of_dense.prepare(x_, shares_.col(0));
  of_sparse.prepare(sparse, shares_.col(0));
  of_dense.start(x_, shares_);
  of_sparse.start(sparse, shares_);
  require_equal(log_densities(of_sparse, x_), log_densities(of_dense, x_), options_.tolerance,
                "the first estimate from sparse rows is another");
  require(elsewhere_.check_support(sparse) == elsewhere_.check_support(x_),
          "check_support says something else of sparse rows");
  require_equal(log_densities(elsewhere_, sparse), log_densities(elsewhere_, x_),
                options_.tolerance, "sparse rows have other densities");
  if (!given_.streams()) return;
  require_equal_statistics(statistics(elsewhere_, sparse, shares_),
                           statistics(elsewhere_, x_, shares_),
                           "sparse rows have other statistics");
}

void Laws::constant() {
  const Matrix before = log_densities(elsewhere_, x_);
  if (given_.streams()) {
    const Vector first = statistics(elsewhere_, x_, shares_);
    require_same_bits(statistics(elsewhere_, x_, shares_), first,
                      "accumulate changes the distribution: a second call gives other statistics");
  }
  require_same_bits(log_densities(elsewhere_, x_), before,
                    "log_density or accumulate changes the distribution");
}

void Laws::threads() {
  const Index copies = 4 * block_rows / n_ + 2;
  const Matrix x = x_.replicate(copies, 1);
  const Matrix shares = shares_.replicate(copies, 1);
  Matrix l[2];
  Vector sum[2];
  for (int run = 0; run < 2; ++run) {
    with_threads(run == 0 ? 1 : 4, [&] {
      l[run].resize(x.rows(), k_);
      for_each_block(x.rows(), [&](Index first, Index count) {
        elsewhere_.log_densities(x.middleRows(first, count), l[run].middleRows(first, count));
      });
      if (!given_.streams()) return;
      sum[run] = sum_over_blocks(x.rows(), elsewhere_.statistics_size(),
                                 [&](Index first, Index count, VectorRef total) {
                                   elsewhere_.accumulate(x.middleRows(first, count),
                                                         shares.middleRows(first, count), total);
                                 });
    });
  }
  require_same_bits(l[0], l[1], "log densities differ between one thread and four");
  if (given_.streams()) {
    require_same_bits(sum[0], sum[1], "statistics differ between one thread and four");
  }
}

void Laws::copies() {
  AnyFamily original = elsewhere_;
  const Matrix before = log_densities(original, x_);
  AnyFamily copy = original;
  step(copy, x_, shares_);
  require_same_bits(log_densities(original, x_), before, "a step of a copy changes the original");
  copy = original;
  step(original, x_, shares_);
  require_same_bits(log_densities(copy, x_), before, "a step of the original changes its copy");
}

void Laws::round_trip() {
  FieldTape saved;
  try {
    saved = FieldTape::of(fitted_);
  } catch (const std::logic_error&) {
    applies_ = false;  // it names no parameters
    return;
  }
  for (const std::string& name : saved.repeated_names()) {
    fail(fmt::format("two fields have the name '{}'", name));
  }
  AnyFamily loaded = elsewhere_;
  saved.load_into(loaded);
  require_same_bits(log_densities(loaded, x_), log_densities(fitted_, x_),
                    "log densities differ after saving and loading");
  require(loaded.parameter_count() == fitted_.parameter_count(),
          "the parameter count differs after saving and loading");
  require(FieldTape::of(loaded).equals(saved), "saving what was loaded gives other values");
}

void Laws::select() {
  applies_ = fitted_.selects();
  if (!applies_) return;
  const Matrix l = log_densities(fitted_, x_);
  for (Index k = 0; k < k_; ++k) {
    AnyFamily one = fitted_;
    one.select({k});
    require(one.size() == 1, "select of one component leaves another number of components");
    require_equal(log_densities(one, x_), l.col(k), options_.tolerance,
                  "a selected component has other densities");
  }
}

void Laws::embed() {
  const Matrix points = fitted_.embed(x_);
  require(points.rows() == n_, "embed returns another number of rows");
  require(points.allFinite(), "embed returns points that are not finite");
}

}  // namespace mix::laws
