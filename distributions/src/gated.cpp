#include "mix/distributions/gated.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <stdexcept>

#include "column_numbers.h"
#include "mix/distributions/given_columns.h"
#include "mix/errors.h"
#include "mix/parallel.h"
#include "mix/support.h"
#include "regression_step.h"

namespace mix {
namespace {

// As of generalized linear models: steps that gain less are rounding; where the estimate from
// scratch ends; a coefficient in the basis that only separated rows have.
constexpr double least_gate_gain = 1e-22;
constexpr double gate_start_gain = 1e-12;
constexpr int most_gate_steps = 100;
constexpr double separated_gate = 50;

// Those of the chosen columns that the family describes, and where they are among the chosen.
struct ColumnsOfFamily {
  std::vector<Index> columns;
  std::vector<Index> places;
};

ColumnsOfFamily columns_of_family(const std::vector<Index>& chosen, Index dimension) {
  ColumnsOfFamily own;
  for (std::size_t i = 0; i < chosen.size(); ++i) {
    if (chosen[i] >= dimension) continue;
    own.columns.push_back(chosen[i]);
    own.places.push_back(static_cast<Index>(i));
  }
  return own;
}

}  // namespace

void Gated::set_up() {
  design_ = RegressionDesign(static_cast<Index>(gate_columns_.size()));
  coefficients_ = Matrix::Zero(design_.size(), size());
  check();
}

void Gated::check() {
  dimension_ = family_.dimension();
  std::vector<Index> sorted = gate_columns_;
  std::sort(sorted.begin(), sorted.end());
  for (std::size_t j = 0; j < sorted.size(); ++j) {
    if (sorted[j] < 0 || (j > 0 && sorted[j] == sorted[j - 1]) || sorted[j] > dimension_) {
      throw std::invalid_argument(
          fmt::format("Gated: column {} of the gate is named twice or leaves a gap behind the {} "
                      "columns of the family; columns count from 0",
                      sorted[j], dimension_));
    }
    dimension_ = std::max(dimension_, sorted[j] + 1);
  }
  if (has_group_shares()) {
    if (share_column_ != dimension_) {
      throw std::invalid_argument(
          fmt::format("Gated: the shares of groups are in column {}, but must be in {}, the last "
                      "one; columns count from 0",
                      share_column_, dimension_));
    }
    ++dimension_;
  }
  if (design_.covariates() == static_cast<Index>(gate_columns_.size()) &&
      coefficients_.rows() == design_.size() && coefficients_.cols() == size() &&
      coefficients_.allFinite() && (size() == 0 || coefficients_.col(0).isZero(0))) {
    return;
  }
  throw std::invalid_argument(
      fmt::format("the gate's coefficients are {} x {} for {} columns and {} components; there is "
                  "one finite coefficient for the intercept and for each column, those of the "
                  "first component 0",
                  coefficients_.rows(), coefficients_.cols(), gate_columns_.size(), size()));
}

double Gated::gate_intercept(Index k) const { return design_.of_columns(coefficients_.col(k))[0]; }

Vector Gated::gate_coefficients(Index k) const {
  return design_.of_columns(coefficients_.col(k)).tail(design_.covariates());
}

Gated Gated::with_group_shares() const {
  Gated result = *this;
  if (!has_group_shares()) result.share_column_ = result.dimension_++;
  return result;
}

Gated Gated::without_group_shares() const {
  Gated result = *this;
  if (has_group_shares()) --result.dimension_;
  result.share_column_ = -1;
  return result;
}

Matrix Gated::gate_shares(const AnyRows& x, Shares shares) const {
  if (!has_group_shares()) return shares;
  return Vector(x.column(share_column_)).asDiagonal() * shares;
}

Matrix Gated::gate_rows(const AnyRows& x) const {
  Matrix gate(x.rows(), design_.covariates());
  Index j = 0;
  for (const Index column : gate_columns_) gate.col(j++) = x.column(column);
  return gate;
}

Matrix Gated::log_weights(const Matrix& basis) const {
  Matrix eta = RegressionDesign::predictors(basis, coefficients_);
  for (Index i = 0; i < eta.rows(); ++i) {
    const double most = eta.row(i).maxCoeff();
    eta.row(i).array() -= most + std::log((eta.row(i).array() - most).exp().sum());
  }
  return eta;
}

Matrix Gated::weights(Rows x) const {
  return log_weights(design_.basis(gate_rows(x))).array().exp();
}

Index Gated::parameter_count() const {
  return family_.parameter_count() + design_.size() * std::max<Index>(size() - 1, 0);
}

void Gated::log_densities(Rows x, MatrixRef out) const {
  family_.log_densities(x.leftCols(family_.dimension()), out);
  Matrix own =
      log_weights(design_.basis(gate_rows(x))).array() + std::log(static_cast<double>(size()));
  if (has_group_shares()) own.array().colwise() *= x.col(share_column_).array();
  // Minus infinity wins, also over columns of the gate that are not finite.
  out = (out.array() > -infinity && own.array() == own.array())
            .select(out.array() + own.array(), -infinity);
}

void Gated::sample(Index /*k*/, Rng& /*rng*/, VectorRef /*out*/) const {
  throw NotAvailable(
      "the columns of a gate have no distribution, so a gated family draws rows only where they "
      "are "
      "given");
}

std::vector<Index> Gated::gate_places(const std::vector<Index>& columns) const {
  if (has_group_shares()) {
    throw NotAvailable(
        "the share of a row in its group is no column that others could be chosen beside or given");
  }
  std::vector<Index> places;
  for (const Index column : gate_columns_) {
    const auto found = std::find(columns.begin(), columns.end(), column);
    if (found == columns.end()) {
      throw NotAvailable(
          fmt::format("the mixing weights of a gated family depend on column {}, which has no "
                      "distribution: it must be among the columns chosen or given",
                      column + 1));
    }
    places.push_back(found - columns.begin());
  }
  return places;
}

Gated Gated::marginal(const std::vector<Index>& columns) const {
  const std::vector<Index> gate = gate_places(columns);
  const auto [own, places] = columns_of_family(columns, family_.dimension());
  const auto chosen = static_cast<Index>(columns.size());
  Gated result(own.empty() ? AnyFamily(GivenColumns(size(), chosen))
                           : beside_given_columns(family_.marginal(own), places, chosen),
               gate);
  result.design_ = design_;
  result.coefficients_ = coefficients_;
  return result;
}

AnyFamily Gated::conditional(const std::vector<Index>& columns, ConstVectorRef values) const {
  (void)gate_places(columns);
  const auto [own, places] = columns_of_family(columns, family_.dimension());
  return own.empty() ? family_ : family_.conditional(own, values(places));
}

Index Gated::gate_statistics() const {
  return NormalEquations::statistics_size(design_.size() * std::max<Index>(size() - 1, 0));
}

Index Gated::statistics_size() const { return gate_statistics() + family_.statistics_size(); }

void Gated::accumulate_gate(const Matrix& gate, Shares shares, VectorRef statistics) const {
  const Index m = design_.size();
  const Index free = m * (size() - 1);
  const Matrix u = design_.basis(gate);
  const Matrix p = log_weights(u).array().exp();
  Vector mass = shares.rowwise().sum();
  for (Index i = 0; i < mass.size(); ++i) {
    if (!p.row(i).allFinite()) mass[i] = 0;
  }
  Eigen::Map<Matrix> information(statistics.data() + free, free, free);
  Vector w(mass.size());
  for (Index k = 1; k < size(); ++k) {
    const Index at = m * (k - 1);
    w = (mass.array() > 0).select(shares.col(k) - mass.cwiseProduct(p.col(k)), 0);
    statistics.segment(at, m).noalias() += u.transpose() * w;
    for (Index l = 1; l <= k; ++l) {
      w = mass.array() * p.col(k).array() * ((k == l ? 1.0 : 0.0) - p.col(l).array());
      w = (mass.array() > 0).select(w, 0);
      const Matrix block = u.transpose() * w.asDiagonal() * u;
      information.block(at, m * (l - 1), m, m) += block;
      if (l < k) information.block(m * (l - 1), at, m, m) += block;
    }
  }
  statistics[free * (free + 1)] += mass.sum();
}

double Gated::maximize_gate(ConstVectorRef sum) {
  const Index m = design_.size();
  const Index free = m * (size() - 1);
  if (free <= 0) return 0;
  const NormalEquations equations(sum, free);
  if (!(equations.gain() > least_gate_gain)) return 0;
  Matrix step = Matrix::Zero(m, size());
  step.rightCols(size() - 1) = Eigen::Map<const Matrix>(equations.step().data(), m, size() - 1);
  // How far apart the linear predictors of two components move in any row.
  double change = 0;
  for (Index k = 0; k < size(); ++k) {
    change = std::max(change, (step.colwise() - step.col(k)).colwise().norm().maxCoeff());
  }
  change *= std::max(design_.reach(), 1.0);
  step *= NormalEquations::safe_share(change);
  for (Index k = 1; k < size(); ++k) {
    const Vector moved = coefficients_.col(k) + step.col(k);
    if (moved.allFinite()) coefficients_.col(k) = moved;
  }
  return equations.gain();
}

double Gated::step_gate(const Matrix& gate, Shares shares) {
  return maximize_gate(
      sum_over_blocks(gate.rows(), gate_statistics(), [&](Index first, Index count, VectorRef sum) {
        accumulate_gate(gate.middleRows(first, count), shares.middleRows(first, count), sum);
      }));
}

void Gated::accumulate(Rows x, Shares shares, VectorRef statistics) const {
  const Index own = gate_statistics();
  accumulate_gate(gate_rows(x), gate_shares(x, shares), statistics.head(own));
  family_.accumulate(x.leftCols(family_.dimension()), shares,
                     statistics.tail(statistics.size() - own));
}

void Gated::maximize(ConstVectorRef sum) {
  const Index own = gate_statistics();
  maximize_gate(sum.head(own));
  family_.maximize(sum.tail(sum.size() - own));
}

void Gated::fit(const AnyRows& x, Shares shares) {
  step_gate(gate_rows(x), gate_shares(x, shares));
  const DenseRows dense(x);
  family_.fit((*dense).leftCols(family_.dimension()), shares);
}

void Gated::start(const AnyRows& x, Shares shares) {
  const Matrix gate = gate_rows(x);
  const Matrix counted = gate_shares(x, shares);
  coefficients_.setZero();
  for (int step = 0; step < most_gate_steps; ++step) {
    if (!(step_gate(gate, counted) > gate_start_gain)) break;
  }
  const DenseRows dense(x);
  family_.start((*dense).leftCols(family_.dimension()), shares);
}

Vector Gated::coordinates() const {
  const Index m = design_.size();
  const Index free = m * std::max<Index>(size() - 1, 0);
  const Vector inner = family_.coordinates();
  Vector v(free + inner.size());
  for (Index k = 1; k < size(); ++k) {
    v.segment(m * (k - 1), m) = coefficients_.col(k);
  }
  v.tail(inner.size()) = inner;
  return v;
}

void Gated::set_coordinates(ConstVectorRef v) {
  const Index m = design_.size();
  for (Index k = 1; k < size(); ++k) {
    const auto own = v.segment(m * (k - 1), m);
    if (own.allFinite()) coefficients_.col(k) = own;
  }
  family_.set_coordinates(v.tail(v.size() - m * std::max<Index>(size() - 1, 0)));
}

void Gated::prepare(const AnyRows& x, Weights w) {
  const RegressionDesign before = design_;
  try {
    design_.learn(name, gate_rows(x), w);
  } catch (const std::invalid_argument& error) {
    throw std::invalid_argument(renumber_columns(error.what(), gate_columns_));
  }
  coefficients_ = design_.translated(before, coefficients_);
  const DenseRows dense(x);
  family_.prepare((*dense).leftCols(family_.dimension()), w);
}

std::string Gated::check_support(const AnyRows& x) const {
  const DenseRows dense(x);
  std::string complaint = family_.check_support((*dense).leftCols(family_.dimension()));
  if (!complaint.empty()) return complaint;
  complaint = check_cells(
      gate_rows(x), [](double value) { return std::isfinite(value); },
      "a finite number, which the columns of a gate are");
  return renumber_columns(complaint, gate_columns_);
}

Matrix Gated::embed(Rows x) const { return family_.embed(x.leftCols(family_.dimension())); }

std::string Gated::caution(Index k) const {
  const auto own = coefficients_.col(k);
  if (own.cwiseAbs().maxCoeff() > separated_gate) {
    return "the columns of the gate nearly separate it from another component: coefficients may "
           "grow "
           "without bound";
  }
  return family_.caution(k);
}

void Gated::select(const std::vector<Index>& order) {
  family_.select(order);
  coefficients_ = Matrix(coefficients_(Eigen::all, order));
  if (coefficients_.cols() == 0) return;
  const Vector first = coefficients_.col(0);
  coefficients_.colwise() -= first;
}

void Gated::fields(Fields& visit) {
  // The column of the groups' shares is the one beyond those that the design has.
  std::vector<Index> columns = gate_columns_;
  if (has_group_shares()) columns.push_back(share_column_);
  visit("gate_columns", columns);
  design_.fields(visit);
  if (visit.loading()) {
    share_column_ = -1;
    if (std::ssize(columns) == design_.covariates() + 1) {
      share_column_ = columns.back();
      columns.pop_back();
    }
    gate_columns_ = std::move(columns);
  }
  visit("gate_basis_coefficients", coefficients_);
  visit("family", family_);
  if (visit.loading()) check();
}

void Gated::describe(Index k, Fields& visit) const {
  visit.list(
      "blocks", 2, [](Index) {},
      [&](Index i, Fields& element) {
        const bool gate = i == 1;
        std::string distribution = gate ? std::string("gate") : std::string(family_.name());
        std::vector<Index> columns = gate_columns_;
        if (!gate) {
          columns.resize(static_cast<std::size_t>(family_.dimension()));
          std::iota(columns.begin(), columns.end(), Index{0});
        }
        element("distribution", distribution);
        element("columns", columns);
        if (!gate) {
          family_.describe(k, element);
          return;
        }
        double intercept = gate_intercept(k);
        Vector coefficients = gate_coefficients(k);
        element("gate_intercept", intercept);
        element("gate_coefficients", coefficients);
      });
}

}  // namespace mix
