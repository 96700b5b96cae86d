#pragma once

#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

namespace mix {

/// A file or a table that cannot be used as asked; the message says what, the value, the limit and
/// the remedy, and names the file, the line and the column where they are known.
class DataError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// What a family does not offer was asked of it: a cdf of several columns, the mean of categories.
class NotAvailable : public std::logic_error {
 public:
  using std::logic_error::logic_error;
};

/// `text` in double quotes, fit for one line of a message: control characters escaped, a long text
/// cut after 60 bytes at a character's edge.
std::string in_quotes(std::string_view text);

/// The names in quotes, separated by commas; a long list is cut after 30 names and says how many
/// more there are.
std::string in_quotes(std::span<const std::string> names);

/// `; did you mean "waiting"?` for the nearest of `choices` in spelling, or an empty text when none
/// is near.
std::string did_you_mean(std::string_view name, std::span<const std::string> choices);

}  // namespace mix
