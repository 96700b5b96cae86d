#include "mix/split.h"

#include <algorithm>

#include "trimmed.h"

namespace mix {
namespace {

// Where the quotes end that begin at `open`; a quote within them is doubled.
std::size_t end_of_quotes(std::string_view text, std::size_t open) {
  std::size_t end = open + 1;
  while (end < text.size() && (text[end] != '"' || text.substr(end + 1).starts_with('"'))) {
    end += text[end] == '"' ? 2 : 1;
  }
  return end;
}

bool needs_quotes(std::string_view name, char separator) {
  return name.empty() || trimmed(name) != name || name.find(separator) != std::string_view::npos ||
         name.find('"') != std::string_view::npos;
}

}  // namespace

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  if (text.empty()) return parts;
  while (true) {
    const auto end = text.find(separator);
    parts.emplace_back(trimmed(text.substr(0, end)));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

std::string unquoted(std::string_view text) {
  if (!text.starts_with('"') || end_of_quotes(text, 0) + 1 != text.size()) return std::string(text);
  std::string name;
  for (std::size_t i = 1; i + 1 < text.size(); ++i) {
    name += text[i];
    if (text[i] == '"') ++i;
  }
  return name;
}

std::vector<std::string> split_names(std::string_view text, char separator) {
  std::vector<std::string> names;
  if (text.empty()) return names;
  std::size_t first = 0;
  char before = separator;  // the last character that is no blank
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool opens = text[i] == '"' && (before == separator || before == '+');
    if (opens) i = std::min(end_of_quotes(text, i), text.size() - 1);
    if (text[i] != ' ' && text[i] != '\t') before = opens ? '"' : text[i];
    if (opens || text[i] != separator) continue;
    names.push_back(unquoted(trimmed(text.substr(first, i - first))));
    first = i + 1;
  }
  names.push_back(unquoted(trimmed(text.substr(first))));
  return names;
}

std::size_t find_outside_quotes(std::string_view text, std::string_view what) {
  bool begins = true;  // a name
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (begins && text[i] == '"') {
      i = end_of_quotes(text, i);
      begins = false;
      continue;
    }
    if (text.substr(i).starts_with(what)) return i;
    if (text[i] != ' ' && text[i] != '\t') begins = text[i] == '+';
  }
  return std::string_view::npos;
}

std::string join_names(const std::vector<std::string>& names, char separator) {
  std::string text;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const std::string& name = names[i];
    if (i > 0) text += separator;
    if (!needs_quotes(name, separator)) {
      text += name;
      continue;
    }
    text += '"';
    for (const char c : name) text += c == '"' ? std::string("\"\"") : std::string(1, c);
    text += '"';
  }
  return text;
}

}  // namespace mix
