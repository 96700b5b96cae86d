#include "column_numbers.h"

#include <fmt/format.h>

#include <regex>

namespace mix {

std::string renumber_columns(const std::string& message, const std::vector<Index>& columns) {
  static const std::regex pattern("column (\\d+)");
  std::string out;
  auto rest = message.cbegin();
  for (std::sregex_iterator match(message.begin(), message.end(), pattern), end; match != end;
       ++match) {
    const std::size_t column = std::stoul((*match)[1].str());
    out.append(rest, (*match)[0].first);
    out += column >= 1 && column <= columns.size()
               ? fmt::format("column {}", columns[column - 1] + 1)
               : (*match)[0].str();
    rest = (*match)[0].second;
  }
  return out.append(rest, message.cend());
}

}  // namespace mix
