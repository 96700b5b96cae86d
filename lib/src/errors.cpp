#include "mix/errors.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <numeric>
#include <utility>
#include <vector>

namespace mix {
namespace {

constexpr std::size_t longest_shown_text = 60;
constexpr std::size_t most_shown_names = 30;

bool continues_utf8(char c) { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U; }

char lower(char c) { return static_cast<char>(std::tolower(static_cast<unsigned char>(c))); }

// Levenshtein's distance without regard to case: a wrong capital is the commonest slip.
std::size_t spelling_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = row[0]++;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t replaced = diagonal + (lower(a[i]) == lower(b[j]) ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, diagonal + 1, row[j] + 1});
    }
  }
  return row[b.size()];
}

}  // namespace

std::string in_quotes(std::string_view text) {
  bool cut = false;
  if (text.size() > longest_shown_text) {
    std::size_t end = longest_shown_text;
    while (end > 0 && continues_utf8(text[end])) --end;
    text = text.substr(0, end);
    cut = true;
  }
  std::string shown = "\"";
  for (const char c : text) {
    if (c == '\n') {
      shown += "\\n";
    } else if (c == '\r') {
      shown += "\\r";
    } else if (c == '\t') {
      shown += "\\t";
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
      shown += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    } else {
      shown += c;
    }
  }
  return shown + (cut ? "...\"" : "\"");
}

std::string in_quotes(std::span<const std::string> names) {
  std::string shown;
  for (std::size_t i = 0; i < std::min(names.size(), most_shown_names); ++i) {
    if (i > 0) shown += ", ";
    shown += in_quotes(names[i]);
  }
  if (names.size() > most_shown_names) {
    shown += fmt::format(" and {} more", names.size() - most_shown_names);
  }
  return shown;
}

std::string did_you_mean(std::string_view name, std::span<const std::string> choices) {
  const std::string* nearest = nullptr;
  // A third of the letters may differ; more than that suggests names of another meaning.
  std::size_t limit = std::max<std::size_t>(1, name.size() / 3) + 1;
  for (const std::string& choice : choices) {
    // The distance is at least the difference in length, which spares long texts the table.
    const std::size_t longer = std::max(choice.size(), name.size());
    if (longer - std::min(choice.size(), name.size()) >= limit) continue;
    const std::size_t distance = spelling_distance(name, choice);
    if (distance < limit && distance < longer) {
      limit = distance;
      nearest = &choice;
    }
  }
  return nearest == nullptr ? "" : fmt::format("; did you mean {}?", in_quotes(*nearest));
}

}  // namespace mix
