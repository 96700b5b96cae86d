#include "mix/distributions/product.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <utility>

#include "column_numbers.h"
#include "mix/coordinates.h"

namespace mix {
namespace {

bool adjacent(const std::vector<Index>& columns) {
  for (std::size_t j = 1; j < columns.size(); ++j) {
    if (columns[j] != columns[j - 1] + 1) return false;
  }
  return !columns.empty();
}

// Calls `body` with the columns of a block, of doubles or floats as the rows are: a view when they
// are neighbors, otherwise a copy.
template <class T, class Body>
auto with_columns(const Product::Block& block, const Eigen::Ref<const T>& x, const Body& body) {
  if (adjacent(block.columns)) {
    return body(Eigen::Ref<const T>(
        x.middleCols(block.columns.front(), static_cast<Index>(block.columns.size()))));
  }
  const T copy = x(Eigen::all, block.columns);
  return body(Eigen::Ref<const T>(copy));
}
template <class Body>
auto with_columns(const Product::Block& block, const AnyRows& x, const Body& body) {
  if (const FloatRows* floats = x.floats()) return with_columns(block, *floats, body);
  const DenseRows dense(x);
  return with_columns(block, *dense, body);
}

// The same for at most block_rows rows, the copy in memory that outlives the call.
Rows columns_of(const Product::Block& block, Rows x, BlockMemory& memory, std::size_t place) {
  const auto count = static_cast<Index>(block.columns.size());
  if (adjacent(block.columns)) return x.middleCols(block.columns.front(), count);
  Matrix& copy = memory.matrix(place, block_rows, count);
  for (Index j = 0; j < count; ++j) {
    copy.col(j).head(x.rows()) = x.col(block.columns[static_cast<std::size_t>(j)]);
  }
  return copy.topLeftCorner(x.rows(), count);
}

// Minus infinity wins, also over a density that is infinite in another block.
template <class In, class Out>
void add_block(const In& own, Out& out) {
  out = (out.array() > -infinity && own.array() != -infinity)
            .select(out.array() + own.array(), -infinity);
}

// Those of chosen columns that a block describes, in the order of the choice: their places.
struct Chosen {
  std::vector<Index> in_block;
  std::vector<Index> in_choice;
};
Chosen chosen_of(const Product::Block& block, const std::vector<Index>& columns) {
  Chosen chosen;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const auto found = std::find(block.columns.begin(), block.columns.end(), columns[i]);
    if (found == block.columns.end()) continue;
    chosen.in_block.push_back(found - block.columns.begin());
    chosen.in_choice.push_back(static_cast<Index>(i));
  }
  return chosen;
}

}  // namespace

Product::Product(std::vector<Block> blocks) : blocks_(std::move(blocks)) { check(); }

void Product::check() const {
  if (blocks_.empty()) throw std::invalid_argument("Product: 0 blocks; at least 1 is needed");
  std::vector<bool> used(static_cast<std::size_t>(dimension()), false);
  for (const Block& block : blocks_) {
    if (block.family.dimension() != static_cast<Index>(block.columns.size())) {
      throw std::invalid_argument(
          fmt::format("Product: '{}' describes {} columns, but its block has {}",
                      block.family.title(), block.family.dimension(), block.columns.size()));
    }
    if (block.family.size() != size()) {
      throw std::invalid_argument(fmt::format(
          "Product: all blocks have the same number of components, but '{}' has {} and '{}' has {}",
          blocks_.front().family.title(), size(), block.family.title(), block.family.size()));
    }
    for (const Index column : block.columns) {
      if (column < 0 || column >= dimension() || used[static_cast<std::size_t>(column)]) {
        throw std::invalid_argument(
            fmt::format("Product: column {} is named twice or lies beyond the {} columns of the "
                        "blocks; columns "
                        "count from 0 and each belongs to one block",
                        column, dimension()));
      }
      used[static_cast<std::size_t>(column)] = true;
    }
  }
}

std::string Product::title() const {
  std::string title;
  for (std::size_t first = 0, next = 0; first < blocks_.size(); first = next) {
    const std::string own = blocks_[first].family.title();
    while (next < blocks_.size() && blocks_[next].family.title() == own) ++next;
    if (!title.empty()) title += " x ";
    title += own;
    if (next - first > 1) title += fmt::format(" ({} blocks)", next - first);
  }
  return title;
}

Index Product::size() const { return blocks_.empty() ? 0 : blocks_.front().family.size(); }

Index Product::dimension() const {
  std::size_t sum = 0;
  for (const Block& block : blocks_) sum += block.columns.size();
  return static_cast<Index>(sum);
}

Index Product::parameter_count() const {
  Index sum = 0;
  for (const Block& block : blocks_) sum += block.family.parameter_count();
  return sum;
}

void Product::log_densities(Rows x, MatrixRef out) const {
  const BorrowedMemory memory;
  for (Index first = 0; first < x.rows(); first += block_rows) {
    const Index count = std::min(block_rows, x.rows() - first);
    log_densities(x.middleRows(first, count), out.middleRows(first, count), *memory);
  }
}

void Product::log_densities(Rows x, MatrixRef out, BlockMemory& memory) const {
  // The memory's matrix 0 is for one block's densities, i + 1 for the columns of block i.
  MatrixRef own = memory.matrix(0, block_rows, size()).topLeftCorner(x.rows(), size());
  for (std::size_t i = 0; i < blocks_.size(); ++i) {
    const Block& block = blocks_[i];
    const Rows columns = columns_of(block, x, memory, i + 1);
    block.family.log_densities(columns, i == 0 ? out : own, memory.part(i));
    if (i == 0) continue;
    add_block(own, out);
  }
}

bool Product::samples() const {
  return std::all_of(blocks_.begin(), blocks_.end(),
                     [](const Block& block) { return block.family.samples(); });
}

void Product::sample(Index k, Rng& rng, VectorRef out) const {
  for (const Block& block : blocks_) {
    Vector own(static_cast<Index>(block.columns.size()));
    block.family.sample(k, rng, own);
    out(block.columns) = own;
  }
}

void Product::impute(Index k, MatrixRef x, Rng* rng) const {
  for (const Block& block : blocks_) {
    Matrix own = x(Eigen::all, block.columns);
    if (!has_missing(Rows(own))) continue;
    block.family.impute(k, own, rng);
    x(Eigen::all, block.columns) = own;
  }
}

bool Product::takes_infinite_cells(Index column) const {
  for (const Block& block : blocks_) {
    const Chosen chosen = chosen_of(block, {column});
    if (!chosen.in_block.empty()) return block.family.takes_infinite_cells(chosen.in_block.front());
  }
  return false;
}

bool Product::takes_missing_cells() const {
  return std::all_of(blocks_.begin(), blocks_.end(),
                     [](const Block& block) { return block.family.takes_missing_cells(); });
}

bool Product::takes_single_precision() const {
  return std::any_of(blocks_.begin(), blocks_.end(),
                     [](const Block& block) { return block.family.takes_single_precision(); });
}

bool Product::streams() const {
  return std::all_of(blocks_.begin(), blocks_.end(),
                     [](const Block& block) { return block.family.streams(); });
}

Index Product::statistics_size() const {
  Index sum = 0;
  for (const Block& block : blocks_) sum += block.family.statistics_size();
  return sum;
}

template <class Body>
void Product::for_each_statistics(const Body& body) const {
  Index offset = 0;
  for (const Block& block : blocks_) {
    const Index length = block.family.statistics_size();
    body(block, offset, length);
    offset += length;
  }
}

void Product::accumulate(Rows x, Shares shares, VectorRef statistics) const {
  for_each_statistics([&](const Block& block, Index offset, Index length) {
    with_columns(block, x, [&](Rows columns) {
      block.family.accumulate(columns, shares, statistics.segment(offset, length));
    });
  });
}

void Product::accumulate(Rows x, Shares shares, VectorRef statistics, BlockMemory& memory) const {
  Index offset = 0;
  for (std::size_t i = 0; i < blocks_.size(); ++i) {
    const AnyFamily& family = blocks_[i].family;
    const Index length = family.statistics_size();
    const Rows columns = columns_of(blocks_[i], x, memory, i + 1);
    family.accumulate(columns, shares, statistics.segment(offset, length), memory.part(i));
    offset += length;
  }
}

bool Product::separable() const {
  return std::all_of(blocks_.begin(), blocks_.end(),
                     [](const Block& block) { return block.family.separable(); });
}

void Product::log_density_of(Index k, Rows x, VectorRef out) const {
  Vector own(x.rows());
  for (std::size_t i = 0; i < blocks_.size(); ++i) {
    const AnyFamily& family = blocks_[i].family;
    with_columns(blocks_[i], x, [&](Rows columns) {
      if (i == 0) {
        family.log_density_of(k, columns, out);
      } else {
        family.log_density_of(k, columns, own);
        add_block(own, out);
      }
    });
  }
}

void Product::accumulate_of(Index k, Rows x, Weights w, VectorRef statistics) const {
  for_each_statistics([&](const Block& block, Index offset, Index length) {
    with_columns(block, x, [&](Rows columns) {
      block.family.accumulate_of(k, columns, w, statistics.segment(offset, length));
    });
  });
}

bool Product::shares_statistics() const {
  return std::any_of(blocks_.begin(), blocks_.end(),
                     [](const Block& block) { return block.family.shares_statistics(); });
}

void Product::accumulate_common(Rows x, Weights w, VectorRef statistics) const {
  for_each_statistics([&](const Block& block, Index offset, Index length) {
    with_columns(block, x, [&](Rows columns) {
      block.family.accumulate_common(columns, w, statistics.segment(offset, length));
    });
  });
}

void Product::maximize(ConstVectorRef sum) {
  Index offset = 0;
  for (Block& block : blocks_) {
    const Index length = block.family.statistics_size();
    block.family.maximize(sum.segment(offset, length));
    offset += length;
  }
}

void Product::fit(const AnyRows& x, Shares shares) {
  for (Block& block : blocks_) {
    with_columns(block, x, [&](const AnyRows& columns) { block.family.fit(columns, shares); });
  }
}

void Product::start(const AnyRows& x, Shares shares) {
  for (Block& block : blocks_) {
    with_columns(block, x, [&](const AnyRows& columns) { block.family.start(columns, shares); });
  }
}

bool Product::charted() const {
  return std::all_of(blocks_.begin(), blocks_.end(),
                     [](const Block& block) { return block.family.charted(); });
}

Vector Product::coordinates() const {
  return joined_coordinates(blocks_,
                            [](const Block& block) -> const AnyFamily& { return block.family; });
}

void Product::set_coordinates(ConstVectorRef v) {
  set_joined_coordinates(
      blocks_, [](Block& block) -> AnyFamily& { return block.family; }, v);
}

Index Product::cycles() const {
  Index most = 1;
  for (const Block& block : blocks_) most = std::max(most, block.family.cycles());
  return most;
}

void Product::select_cycle(Index cycle) {
  // A block with fewer cycles than the longest simply repeats its own.
  for (Block& block : blocks_) block.family.select_cycle(cycle % block.family.cycles());
}

void Product::prepare(const AnyRows& x, Weights w) {
  for (Block& block : blocks_) {
    try {
      with_columns(block, x, [&](const AnyRows& columns) { block.family.prepare(columns, w); });
    } catch (const std::invalid_argument& error) {
      throw std::invalid_argument(renumber_columns(error.what(), block.columns));
    }
  }
}

std::string Product::check_support(const AnyRows& x) const {
  for (const Block& block : blocks_) {
    const std::string complaint = with_columns(
        block, x, [&](const AnyRows& columns) { return block.family.check_support(columns); });
    if (!complaint.empty()) return renumber_columns(complaint, block.columns);
  }
  return {};
}

Matrix Product::embed(Rows x) const {
  std::vector<Matrix> parts;
  Index columns = 0;
  for (const Block& block : blocks_) {
    Matrix part = with_columns(block, x, [&](Rows own) { return block.family.embed(own); });
    if (part.array().isNaN().any()) fill_with_means(part);
    const double spread = (part.rowwise() - part.colwise().mean()).norm() /
                          std::sqrt(static_cast<double>(x.rows() * part.cols()));
    if (spread > 0) {
      part *=
          std::sqrt(static_cast<double>(block.columns.size()) / static_cast<double>(part.cols())) /
          spread;
    }
    columns += part.cols();
    parts.push_back(std::move(part));
  }
  Matrix out(x.rows(), columns);
  Index first = 0;
  for (const Matrix& part : parts) {
    out.middleCols(first, part.cols()) = part;
    first += part.cols();
  }
  return out;
}

double Product::log_prior() const {
  double sum = 0;
  for (const Block& block : blocks_) sum += block.family.log_prior();
  return sum;
}

std::string Product::flaw(Index k, double mass) const {
  for (const Block& block : blocks_) {
    const std::string complaint = block.family.flaw(k, mass);
    if (!complaint.empty()) return renumber_columns(complaint, block.columns);
  }
  return {};
}

std::string Product::caution(Index k) const {
  for (const Block& block : blocks_) {
    const std::string remark = block.family.caution(k);
    if (!remark.empty()) return renumber_columns(remark, block.columns);
  }
  return {};
}

bool Product::selects() const {
  return std::all_of(blocks_.begin(), blocks_.end(),
                     [](const Block& block) { return block.family.selects(); });
}

void Product::select(const std::vector<Index>& order) {
  for (Block& block : blocks_) block.family.select(order);
}

Moments Product::moments(Index k) const {
  Moments all{Vector(dimension()), Matrix::Zero(dimension(), dimension())};
  for (const Block& block : blocks_) {
    const Moments own = block.family.moments(k);
    all.mean(block.columns) = own.mean;
    all.covariance(block.columns, block.columns) = own.covariance;
  }
  return all;
}

Product Product::marginal(const std::vector<Index>& columns) const {
  std::vector<Block> parts;
  for (const Block& block : blocks_) {
    const Chosen chosen = chosen_of(block, columns);
    if (chosen.in_block.empty()) continue;
    parts.push_back({chosen.in_choice, block.family.marginal(chosen.in_block)});
  }
  return Product(std::move(parts));
}

Product Product::conditional(const std::vector<Index>& columns, ConstVectorRef values) const {
  const std::vector<Index> others = other_columns(dimension(), columns);
  std::vector<Block> parts;
  for (const Block& block : blocks_) {
    const Chosen given = chosen_of(block, columns);
    const Chosen left = chosen_of(block, others);
    if (left.in_block.empty()) continue;
    if (given.in_block.empty()) {
      parts.push_back({left.in_choice, block.family.marginal(left.in_block)});
      continue;
    }
    const AnyFamily family = block.family.conditional(given.in_block, values(given.in_choice));
    // Its columns are those left of the block in the block's order, which may not be the rows'.
    std::vector<Index> order;
    for (const Index column : left.in_block) {
      order.push_back(std::count_if(left.in_block.begin(), left.in_block.end(),
                                    [&](Index other) { return other < column; }));
    }
    parts.push_back({left.in_choice, family.marginal(order)});
  }
  return Product(std::move(parts));
}

void Product::fields(Fields& visit) {
  visit.list(
      "blocks", static_cast<Index>(blocks_.size()),
      [&](Index count) { blocks_.resize(static_cast<std::size_t>(count)); },
      [&](Index i, Fields& element) {
        Block& block = blocks_[static_cast<std::size_t>(i)];
        element("columns", block.columns);
        element("family", block.family);
      });
  if (visit.loading()) check();
}

void Product::describe(Index k, Fields& visit) const {
  visit.list(
      "blocks", static_cast<Index>(blocks_.size()), [](Index) {},
      [&](Index i, Fields& element) {
        const Block& block = blocks_[static_cast<std::size_t>(i)];
        std::string distribution = block.family.name();
        std::vector<Index> columns = block.columns;
        element("distribution", distribution);
        element("columns", columns);
        block.family.describe(k, element);
      });
}

}  // namespace mix
