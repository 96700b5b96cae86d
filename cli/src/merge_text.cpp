#include "merge_text.h"

#include <fmt/format.h>

#include <algorithm>

#include "text.h"

namespace mix::cli {
namespace {

constexpr std::size_t first_column = 4;
constexpr std::size_t step_width = 4;

std::size_t column_of_step(std::size_t step) { return first_column + step_width * step; }

// Blanks until something is drawn.
class Canvas {
 public:
  Canvas(std::size_t rows, std::size_t columns) : lines_(rows, std::string(columns, ' ')) {}
  void across(std::size_t row, std::size_t from, std::size_t to) {
    for (std::size_t j = from; j < to; ++j) lines_[row][j] = '-';
  }
  void down(std::size_t column, std::size_t from, std::size_t to) {
    for (std::size_t i = from; i <= to; ++i) {
      lines_[i][column] = i == from || i == to ? '+' : '|';
    }
  }
  void put(std::size_t row, std::size_t column, char c) { lines_[row][column] = c; }
  [[nodiscard]] std::string line(std::size_t row) const {
    const std::string& text = lines_[row];
    return text.substr(0, text.find_last_not_of(' ') + 1);
  }

 private:
  std::vector<std::string> lines_;
};

}  // namespace

std::vector<Index> dendrogram_order(const MergeTree& tree) {
  // The components of each cluster in their order, the joined ones side by side.
  std::vector<std::vector<Index>> members;
  for (Index k = 0; k < tree.n_components; ++k) members.push_back({k});
  for (const MergeStep& step : tree.steps) {
    std::vector<Index> both = members[static_cast<std::size_t>(step.first)];
    const std::vector<Index>& second = members[static_cast<std::size_t>(step.second)];
    both.insert(both.end(), second.begin(), second.end());
    members.push_back(std::move(both));
  }
  return members.back();
}

std::string dendrogram(const MergeTree& tree, const std::vector<std::string>& names) {
  const std::vector<Index> order = dendrogram_order(tree);
  // Where the line of each cluster is: components at even rows, joined ones in their middle.
  std::vector<std::size_t> row(order.size());
  for (std::size_t i = 0; i < order.size(); ++i) row[static_cast<std::size_t>(order[i])] = 2 * i;
  std::vector<std::size_t> column(order.size(), 0);
  const std::size_t width = column_of_step(tree.steps.size()) + 1;
  Canvas canvas(2 * order.size(), width);
  for (std::size_t s = 0; s < tree.steps.size(); ++s) {
    const auto first = static_cast<std::size_t>(tree.steps[s].first);
    const auto second = static_cast<std::size_t>(tree.steps[s].second);
    const std::size_t at = column_of_step(s);
    for (const std::size_t part : {first, second}) canvas.across(row[part], column[part], at);
    canvas.down(at, std::min(row[first], row[second]), std::max(row[first], row[second]));
    row.push_back((row[first] + row[second]) / 2);
    canvas.put(row.back(), at, '+');
    column.push_back(at + 1);
    if (s + 1 == tree.steps.size()) canvas.across(row.back(), at + 1, width);
  }
  std::size_t side = std::string("clusters").size();
  for (const std::string& name : names) side = std::max(side, width_of(name));
  std::string text;
  for (std::size_t i = 0; i < 2 * order.size() - 1; ++i) {
    const std::string name = i % 2 == 0 ? names[static_cast<std::size_t>(order[i / 2])] : "";
    text += "  " + pad_right(name, side) + " " + canvas.line(i);
    text.erase(text.find_last_not_of(' ') + 1);
    text += "\n";
  }
  std::string left = "  " + pad_right("clusters", side) + " ";
  for (std::size_t s = 0; s < tree.steps.size(); ++s) {
    left +=
        pad_left(fmt::format("{}", tree.steps.size() - s), s == 0 ? first_column + 1 : step_width);
  }
  return text + left + "\n";
}

}  // namespace mix::cli
