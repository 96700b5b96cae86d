#include "mix/groups.h"

#include <unordered_map>

namespace mix {

Groups::Groups(const std::vector<Index>& numbers) {
  std::unordered_map<Index, Index> group_of;
  std::vector<Index> of_row;
  of_row.reserve(numbers.size());
  for (const Index number : numbers) {
    of_row.push_back(group_of.try_emplace(number, count_).first->second);
    if (of_row.back() == count_) ++count_;
  }
  if (!of_row.empty()) of_row_ = std::make_shared<const std::vector<Index>>(std::move(of_row));
}

Groups Groups::of_rows(const std::vector<Index>& rows) const {
  if (empty()) return {};
  std::vector<Index> numbers;
  numbers.reserve(rows.size());
  for (const Index row : rows) numbers.push_back((*this)[row]);
  return Groups(numbers);
}

std::vector<Index> Groups::first_rows() const {
  std::vector<Index> first;
  for (Index i = 0; i < rows(); ++i) {
    if ((*this)[i] == static_cast<Index>(first.size())) first.push_back(i);
  }
  return first;
}

Vector Groups::sums(Weights w) const {
  Vector sum = Vector::Zero(count_);
  for (Index i = 0; i < rows(); ++i) sum[(*this)[i]] += w[i];
  return sum;
}

}  // namespace mix
