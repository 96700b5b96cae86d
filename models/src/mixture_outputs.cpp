#include <fmt/format.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <stdexcept>

#include "mix/models/mixture_model.h"
#include "mix/parallel.h"

// What a mixture says besides densities and labels.
namespace mix {
namespace {

// Doubles in their order as integers, so that halving an interval of them ends after 64 steps
// whatever its ends are.
constexpr std::uint64_t sign_bit = std::uint64_t{1} << 63U;

std::uint64_t place_of(double x) {
  const auto bits = std::bit_cast<std::uint64_t>(x);
  return (bits & sign_bit) != 0 ? ~bits : bits | sign_bit;
}

double double_at(std::uint64_t place) {
  return std::bit_cast<double>((place & sign_bit) != 0 ? place & ~sign_bit : ~place);
}

// The mean of values that draws have, with the error that their spread leaves.
MonteCarlo average(const Vector& values) {
  const auto n = static_cast<double>(values.size());
  const double mean = values.mean();
  if (std::isinf(mean)) return {mean, 0};
  return {mean, std::sqrt((values.array() - mean).square().sum() / (n - 1) / n)};
}

void check_draws(Index draws) {
  if (draws >= 2) return;
  throw std::invalid_argument(
      fmt::format("{} draws; a mean and its error need at least 2, the default is 100000", draws));
}

double entropy_of(const Eigen::Ref<const Eigen::RowVectorXd>& probabilities) {
  double sum = 0;
  for (const double p : probabilities) {
    if (p > 0) sum -= p * std::log(p);
  }
  return sum;
}

Vector row_of(const AnyRows& x, Index i) { return DenseBlock(x, i, 1)->row(0).transpose(); }

}  // namespace

double MixtureModel::cdf(double x) const {
  double sum = 0;
  for_each_component([&](Index k, double weight) { sum += weight * state_.family.cdf(k, x); });
  return std::min(sum, 1.0);
}

double MixtureModel::quantile(double p) const {
  if (!(p > 0 && p < 1)) {
    throw std::invalid_argument(
        fmt::format("quantile: p is {}; it must lie between 0 and 1, the ends excluded", p));
  }
  std::uint64_t below = place_of(-infinity);
  std::uint64_t reached = place_of(infinity);
  while (reached - below > 1) {
    const std::uint64_t middle = below + (reached - below) / 2;
    (cdf(double_at(middle)) >= p ? reached : below) = middle;
  }
  return double_at(reached) + 0.0;  // no negative zero
}

Moments MixtureModel::moments() const {
  Moments all{Vector::Zero(dimension()), Matrix::Zero(dimension(), dimension())};
  std::vector<Moments> own(static_cast<std::size_t>(n_components()));
  for_each_component([&](Index k, double weight) {
    Moments& moments = own[static_cast<std::size_t>(k)];
    moments = state_.family.moments(k);
    all.mean += weight * moments.mean;
  });
  for_each_component([&](Index k, double weight) {
    const Moments& moments = own[static_cast<std::size_t>(k)];
    const Vector away = moments.mean - all.mean;
    all.covariance += weight * (moments.covariance + away * away.transpose());
  });
  return all;
}

MixtureModel MixtureModel::marginal(const std::vector<Index>& columns) const {
  MixtureModel chosen(weights(), state_.family.marginal(columns));
  chosen.mixing_ = mixing_;
  return chosen;
}

MixtureModel MixtureModel::conditional(const std::vector<Index>& columns,
                                       ConstVectorRef values) const {
  MixtureModel rest(weights(), state_.family.conditional(columns, values));
  rest.mixing_ = mixing_;
  const Matrix r = mix::responsibilities({weights(), state_.family.marginal(columns)},
                                         Matrix(values.transpose()));
  if (r.sum() > 0) rest.state_.weights = r.row(0).transpose();
  return rest;
}

template <class Body>
void MixtureModel::for_each_conditional(const std::vector<Index>& columns, const AnyRows& given,
                                        const Body& body) const {
  const MixtureModel known = marginal(columns);
  known.check_columns(given);
  const Vector density = known.log_density(given);
  for_each_block(given.rows(), [&](Index first, Index count) {
    for (Index i = first; i < first + count; ++i) {
      const Vector values = row_of(given, i);
      if (!values.allFinite() || !(density[i] > -infinity)) continue;
      body(i, values, conditional(columns, values));
    }
  });
}

Regression MixtureModel::regression(const std::vector<Index>& columns, const AnyRows& given) const {
  const Index others = dimension() - static_cast<Index>(columns.size());
  Regression predicted{Matrix::Constant(given.rows(), others, quiet_nan),
                       Matrix::Constant(given.rows(), others, quiet_nan)};
  for_each_conditional(columns, given, [&](Index i, const Vector&, const MixtureModel& rest) {
    const Moments moments = rest.moments();
    predicted.mean.row(i) = moments.mean.transpose();
    predicted.standard_deviation.row(i) = moments.covariance.diagonal().cwiseSqrt().transpose();
  });
  return predicted;
}

Sample MixtureModel::sample_given(const std::vector<Index>& columns, const AnyRows& given,
                                  std::uint64_t seed) const {
  const std::vector<Index> others = other_columns(dimension(), columns);
  Sample drawn{Matrix::Constant(given.rows(), dimension(), quiet_nan),
               std::vector<Index>(static_cast<std::size_t>(given.rows()), -1)};
  for_each_conditional(columns, given,
                       [&](Index i, const Vector& values, const MixtureModel& rest) {
                         Rng rng(seed, Purpose::sample, 0, static_cast<std::uint64_t>(i));
                         const Index k = categorical(rng, rest.weights());
                         Vector row(static_cast<Index>(others.size()));
                         rest.family().sample(k, rng, row);
                         drawn.x(i, columns) = values.transpose();
                         drawn.x(i, others) = row.transpose();
                         drawn.labels[static_cast<std::size_t>(i)] = k;
                       });
  return drawn;
}

Vector MixtureModel::conditional_log_density(const std::vector<Index>& columns,
                                             const AnyRows& x) const {
  const MixtureModel known = marginal(columns);
  Vector density = log_density(x);
  for (Index first = 0; first < x.rows(); first += block_rows) {
    const DenseBlock block(x, first, std::min(block_rows, x.rows() - first));
    const Vector of_known = known.log_density(Matrix((*block)(Eigen::all, columns)));
    // Impossible cells leave nothing to condition on, which the difference of infinities says.
    density.segment(first, of_known.size()) -= of_known;
  }
  return density;
}

MonteCarlo MixtureModel::entropy(Index draws, std::uint64_t seed) const {
  check_draws(draws);
  return average(-log_density(sample(draws, seed).x));
}

MonteCarlo MixtureModel::divergence(const MixtureModel& other, Index draws,
                                    std::uint64_t seed) const {
  check_draws(draws);
  if (other.dimension() != dimension()) {
    throw std::invalid_argument(fmt::format(
        "divergence: the mixtures describe {} and {} columns; compare those of the same "
        "columns, by marginal() for instance",
        dimension(), other.dimension()));
  }
  const Matrix x = sample(draws, seed).x;
  return average(log_density(x) - other.log_density(x));
}

double MixtureModel::weight_entropy() const { return entropy_of(weights().transpose()); }

Vector MixtureModel::label_entropy(const AnyRows& x) const {
  const Matrix r = responsibilities(x);
  Vector entropy(r.rows());
  for (Index i = 0; i < r.rows(); ++i) {
    entropy[i] = r.row(i).sum() > 0 ? entropy_of(r.row(i)) : quiet_nan;
  }
  return entropy;
}

}  // namespace mix
