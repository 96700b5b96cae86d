#include "mix/family_list.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "mix/coordinates.h"
#include "mix/parallel.h"

namespace mix {

FamilyList::FamilyList(std::vector<AnyFamily> families) : families_(std::move(families)) {
  check_dimensions();
}

void FamilyList::check_dimensions() const {
  for (std::size_t i = 1; i < families_.size(); ++i) {
    if (families_[i].dimension() != families_[0].dimension()) {
      throw std::invalid_argument(fmt::format(
          "all components of a mixture describe the same columns, but '{}' has {} and '{}' has {}; "
          "give every family the dimension of the data",
          families_[0].title(), families_[0].dimension(), families_[i].title(),
          families_[i].dimension()));
    }
  }
}

std::pair<const AnyFamily*, Index> FamilyList::locate(Index k) const {
  for (const AnyFamily& family : families_) {
    if (k < family.size()) return {&family, k};
    k -= family.size();
  }
  throw std::out_of_range("FamilyList::locate: no such component");
}

std::string FamilyList::title() const {
  std::string title;
  for (const AnyFamily& family : families_) {
    if (!title.empty()) title += " + ";
    title += family.title();
  }
  return title;
}

Index FamilyList::size() const {
  Index sum = 0;
  for (const AnyFamily& family : families_) sum += family.size();
  return sum;
}

Index FamilyList::dimension() const { return families_.empty() ? 0 : families_[0].dimension(); }

Index FamilyList::parameter_count() const {
  Index sum = 0;
  for (const AnyFamily& family : families_) sum += family.parameter_count();
  return sum;
}

void FamilyList::log_densities(const AnyRows& x, MatrixRef out) const {
  Index column = 0;
  for (const AnyFamily& family : families_) {
    family.log_densities(x, out.middleCols(column, family.size()));
    column += family.size();
  }
}

void FamilyList::log_densities(const AnyRows& x, MatrixRef out, BlockMemory& memory) const {
  Index column = 0;
  std::size_t i = 0;
  for (const AnyFamily& family : families_) {
    family.log_densities(x, out.middleCols(column, family.size()), memory.part(i++));
    column += family.size();
  }
}

bool FamilyList::samples() const {
  return std::all_of(families_.begin(), families_.end(),
                     [](const AnyFamily& family) { return family.samples(); });
}

void FamilyList::sample(Index k, Rng& rng, VectorRef out) const {
  const auto [family, index] = locate(k);
  family->sample(index, rng, out);
}

void FamilyList::impute(Index k, MatrixRef x, Rng* rng) const {
  const auto [family, within] = locate(k);
  family->impute(within, x, rng);
}

bool FamilyList::takes_missing_cells() const {
  return std::all_of(families_.begin(), families_.end(),
                     [](const AnyFamily& family) { return family.takes_missing_cells(); });
}

bool FamilyList::takes_infinite_cells(Index column) const {
  return std::all_of(families_.begin(), families_.end(),
                     [&](const AnyFamily& family) { return family.takes_infinite_cells(column); });
}

bool FamilyList::takes_single_precision() const {
  return std::any_of(families_.begin(), families_.end(),
                     [](const AnyFamily& family) { return family.takes_single_precision(); });
}

bool FamilyList::is_discrete() const {
  return std::all_of(families_.begin(), families_.end(),
                     [](const AnyFamily& family) { return family.discrete(); });
}

double FamilyList::cdf(Index k, double x) const {
  const auto [family, index] = locate(k);
  return family->cdf(index, x);
}

Moments FamilyList::moments(Index k) const {
  const auto [family, index] = locate(k);
  return family->moments(index);
}

FamilyList FamilyList::marginal(const std::vector<Index>& columns) const {
  std::vector<AnyFamily> marginals;
  for (const AnyFamily& family : families_) marginals.push_back(family.marginal(columns));
  return FamilyList(std::move(marginals));
}

FamilyList FamilyList::conditional(const std::vector<Index>& columns, ConstVectorRef values) const {
  std::vector<AnyFamily> conditionals;
  for (const AnyFamily& family : families_) {
    conditionals.push_back(family.conditional(columns, values));
  }
  return FamilyList(std::move(conditionals));
}

bool FamilyList::streams() const {
  return std::all_of(families_.begin(), families_.end(),
                     [](const AnyFamily& family) { return family.streams(); });
}

Index FamilyList::statistics_size() const {
  Index sum = 0;
  for (const AnyFamily& family : families_) sum += family.statistics_size();
  return sum;
}

template <class Body>
void FamilyList::for_each_part(const Body& body) const {
  Index column = 0;
  Index offset = 0;
  for (std::size_t i = 0; i < families_.size(); ++i) {
    body(i, column, offset);
    column += families_[i].size();
    offset += families_[i].statistics_size();
  }
}

void FamilyList::accumulate(const AnyRows& x, Shares shares, VectorRef statistics) const {
  for_each_part([&](std::size_t i, Index column, Index offset) {
    const AnyFamily& family = families_[i];
    family.accumulate(x, shares.middleCols(column, family.size()),
                      statistics.segment(offset, family.statistics_size()));
  });
}

void FamilyList::accumulate(const AnyRows& x, Shares shares, VectorRef statistics,
                            BlockMemory& memory) const {
  for_each_part([&](std::size_t i, Index column, Index offset) {
    const AnyFamily& family = families_[i];
    family.accumulate(x, shares.middleCols(column, family.size()),
                      statistics.segment(offset, family.statistics_size()), memory.part(i));
  });
}

bool FamilyList::separable() const {
  // Shares of one family do not sum to the weights that statistics of all its components ask for.
  return std::all_of(families_.begin(), families_.end(), [](const AnyFamily& family) {
    return family.separable() && !family.shares_statistics();
  });
}

void FamilyList::log_density_of(Index k, Rows x, VectorRef out) const {
  const auto [family, index] = locate(k);
  family->log_density_of(index, x, out);
}

void FamilyList::accumulate_of(Index k, Rows x, Weights w, VectorRef statistics) const {
  for_each_part([&](std::size_t i, Index column, Index offset) {
    const AnyFamily& family = families_[i];
    if (k < column || k >= column + family.size()) return;
    family.accumulate_of(k - column, x, w, statistics.segment(offset, family.statistics_size()));
  });
}

void FamilyList::maximize(ConstVectorRef sum) {
  Index offset = 0;
  for (AnyFamily& family : families_) {
    const Index length = family.statistics_size();
    family.maximize(sum.segment(offset, length));
    offset += length;
  }
}

void FamilyList::fit(const AnyRows& x, Shares shares) {
  Index column = 0;
  for (AnyFamily& family : families_) {
    family.fit(x, shares.middleCols(column, family.size()));
    column += family.size();
  }
}

void FamilyList::start(const AnyRows& x, Shares shares) {
  Index column = 0;
  for (AnyFamily& family : families_) {
    family.start(x, shares.middleCols(column, family.size()));
    column += family.size();
  }
}

bool FamilyList::charted() const {
  return std::all_of(families_.begin(), families_.end(),
                     [](const AnyFamily& family) { return family.charted(); });
}

Vector FamilyList::coordinates() const {
  return joined_coordinates(families_,
                            [](const AnyFamily& family) -> const AnyFamily& { return family; });
}

void FamilyList::set_coordinates(ConstVectorRef v) {
  set_joined_coordinates(
      families_, [](AnyFamily& family) -> AnyFamily& { return family; }, v);
}

Index FamilyList::cycles() const {
  Index most = 1;
  for (const AnyFamily& family : families_) most = std::max(most, family.cycles());
  return most;
}

void FamilyList::select_cycle(Index cycle) {
  // A family with fewer cycles than the longest simply repeats its own.
  for (AnyFamily& family : families_) family.select_cycle(cycle % family.cycles());
}

void FamilyList::prepare(const AnyRows& x, Weights w) {
  for (AnyFamily& family : families_) family.prepare(x, w);
}

std::string FamilyList::check_support(const AnyRows& x) const {
  // A row must be explained by some family, not by all of them: complain only when every one does.
  std::string first;
  for (const AnyFamily& family : families_) {
    const std::string complaint = family.check_support(x);
    if (complaint.empty()) return {};
    if (first.empty()) first = complaint;
  }
  return first;
}

Matrix FamilyList::embed(const AnyRows& x) const { return families_.front().embed(x); }

double FamilyList::log_prior() const {
  double sum = 0;
  for (const AnyFamily& family : families_) sum += family.log_prior();
  return sum;
}

std::string FamilyList::flaw(Index k, double mass) const {
  const auto [family, index] = locate(k);
  return family->flaw(index, mass);
}

std::string FamilyList::caution(Index k) const {
  const auto [family, index] = locate(k);
  return family->caution(index);
}

bool FamilyList::selects() const {
  return std::all_of(families_.begin(), families_.end(),
                     [](const AnyFamily& family) { return family.selects(); });
}

void FamilyList::select(const std::vector<Index>& order) {
  std::vector<AnyFamily> kept;
  Index first = 0;
  auto next = order.begin();
  for (AnyFamily& family : families_) {
    const Index end = first + family.size();
    std::vector<Index> own;
    for (; next != order.end() && *next >= first && *next < end; ++next)
      own.push_back(*next - first);
    if (!own.empty()) {
      family.select(own);
      kept.push_back(std::move(family));
    }
    first = end;
  }
  if (next != order.end()) {
    throw std::invalid_argument("FamilyList::select: components of one family must stay together");
  }
  families_ = std::move(kept);
}

void FamilyList::fields(Fields& visit) {
  visit.list(
      "families", static_cast<Index>(families_.size()),
      [&](Index count) { families_.resize(static_cast<std::size_t>(count)); },
      [&](Index i, Fields& element) { element("family", families_[static_cast<std::size_t>(i)]); });
  if (visit.loading()) check_dimensions();
}

void FamilyList::describe(Index k, Fields& visit) const {
  const auto [family, index] = locate(k);
  family->describe(index, visit);
}

}  // namespace mix
