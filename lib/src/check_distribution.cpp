#include "mix/testing/check_distribution.h"

#include "laws.h"
#include "mix/parallel.h"

namespace mix {
namespace laws {

double difference(const Matrix& a, const Matrix& b) {
  double largest = 0;
  for (Index i = 0; i < a.size(); ++i) {
    const double p = a.data()[i];
    const double q = b.data()[i];
    if (p == q) continue;
    const double gap = std::abs(p - q) / (1 + std::min(std::abs(p), std::abs(q)));
    largest = std::max(largest, std::isnan(gap) ? infinity : gap);
  }
  return largest;
}

bool has_nan(const Matrix& m) { return m.array().isNaN().any(); }

Matrix log_densities(const AnyFamily& family, const AnyRows& x) {
  Matrix l(x.rows(), family.size());
  family.log_densities(x, l);
  return l;
}

Vector statistics(const AnyFamily& family, const AnyRows& x, Shares shares) {
  Vector sum = Vector::Zero(family.statistics_size());
  family.accumulate(x, shares, sum);
  return sum;
}

void step(AnyFamily& family, Rows x, Shares shares) {
  if (!family.streams()) {
    family.fit(x, shares);
    return;
  }
  for (Index cycle = 0; cycle < family.cycles(); ++cycle) {
    family.select_cycle(cycle);
    const Vector sum = sum_over_blocks(
        x.rows(), family.statistics_size(), [&](Index first, Index count, VectorRef total) {
          family.accumulate(x.middleRows(first, count), shares.middleRows(first, count), total);
        });
    family.maximize(sum);
  }
  family.select_cycle(0);
}

void converge(AnyFamily& family, Rows x, Shares shares, Index max_steps) {
  Matrix before = log_densities(family, x);
  double best = infinity;
  Index since_best = 0;
  for (Index i = 0; i < max_steps; ++i) {
    step(family, x, shares);
    Matrix after = log_densities(family, x);
    const double change = difference(before, after);
    if (change < 1e-13) return;
    since_best = change < 0.9 * best ? 0 : since_best + 1;
    best = std::min(best, change);
    if (change < 1e-9 && since_best > 25) return;  // only rounding errors move
    before = std::move(after);
  }
}

double likelihood(const AnyFamily& family, Rows x, Shares shares) {
  const Matrix l = log_densities(family, x);
  double sum = 0;
  for (Index i = 0; i < l.size(); ++i) {
    const double share = shares(i % l.rows(), i / l.rows());
    if (share > 0) sum += share * l.data()[i];
  }
  return sum;
}

double objective(const AnyFamily& family, Rows x, Shares shares) {
  return likelihood(family, x, shares) + family.log_prior();
}

LawReport Laws::check() {
  law_ = "dimension";
  report_.checked.push_back(law_);
  if (k_ < 1 || given_.dimension() != x_.cols() || n_ < 2) {
    fail(fmt::format("{} components over {} columns, but the examples are {} rows of {} columns",
                     k_, given_.dimension(), n_, x_.cols()));
    return std::move(report_);
  }
  shares_ = random_shares();
  run("fits_examples", &Laws::fits_examples);
  if (!report_.ok()) return std::move(report_);
  run("ascent", &Laws::ascent);
  run("fixed_point", &Laws::fixed_point);
  if (report_.broke("fixed_point")) return std::move(report_);
  run("row_alone", &Laws::row_alone);
  run("outside_support", &Laws::outside_support);
  if (given_.streams()) {
    run("add", &Laws::add);
    run("linear", &Laws::linear);
    run("disjoint_rows", &Laws::disjoint_rows);
    run("zero_share", &Laws::zero_share);
  }
  run("one_by_one", &Laws::one_by_one);
  run("soft_pass", &Laws::soft_pass);
  run("float_rows", &Laws::float_rows);
  run("sparse_rows", &Laws::sparse_rows);
  run("missing_cells", &Laws::missing_cells);
  run("separable", &Laws::separable);
  run("coordinates", &Laws::coordinates);
  run("constant_statistics", &Laws::constant_statistics);
  run("const", &Laws::constant);
  run("threads", &Laws::threads);
  run("best", &Laws::best);
  run("start", &Laws::start);
  run("prepare", &Laws::prepare);
  run("zero_weight", &Laws::zero_weight);
  run("tiny_weights", &Laws::tiny_weights);
  run("one_row", &Laws::one_row);
  run("equal_rows", &Laws::equal_rows);
  run("repetition", &Laws::repetition);
  run("copies", &Laws::copies);
  run("round_trip", &Laws::round_trip);
  run("select", &Laws::select);
  run("embed", &Laws::embed);
  run("sampler", &Laws::sampler);
  run("normalized", &Laws::normalized);
  run("cdf", &Laws::cdf);
  run("moments", &Laws::moments);
  run("marginal", &Laws::marginal);
  run("conditional", &Laws::conditional);
  run("parameter_count", &Laws::parameter_count);
  return std::move(report_);
}

void Laws::fits_examples() {
  prepared_ = given_;
  prepared_.prepare(x_, Vector::Ones(n_));
  const std::string complaint = prepared_.check_support(x_);
  if (!complaint.empty()) fail("check_support refuses the examples: " + complaint);
  prepared_.start(x_, shares_);
  elsewhere_ = prepared_;
  step(elsewhere_, x_, random_shares().cwiseAbs2());
  if (given_.streams()) {
    scale_ = Vector::Zero(elsewhere_.statistics_size());
    for (Index i = 0; i < n_; ++i) {
      scale_ += statistics(elsewhere_, x_.row(i), shares_.row(i)).cwiseAbs();
    }
  }
}

}  // namespace laws

bool LawReport::broke(const std::string& law) const {
  return std::any_of(failures.begin(), failures.end(), [&](const std::string& failure) {
    return failure.compare(0, law.size() + 2, law + ": ") == 0;
  });
}

std::string LawReport::text() const {
  std::string text;
  for (const std::string& failure : failures) text += failure + "\n";
  return text;
}

LawReport check_family(const AnyFamily& family, Rows x, const LawOptions& options) {
  return laws::Laws(family, x, options).check();
}

}  // namespace mix
