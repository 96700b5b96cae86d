#pragma once

#include <functional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "mix/fields.h"

namespace mix {

/// The values of all fields in the order of the visits. Loading them into an object of the same
/// shape checks that `fields` names everything, without a file format.
class FieldTape {
 public:
  using Value = std::variant<double, Index, std::string, Vector, Matrix, std::vector<Index>,
                             std::vector<std::string>>;

  /// Throws what `fields` throws.
  static FieldTape of(const AnyFamily& family);
  /// Throws std::runtime_error when the family visits other fields than the one that was saved.
  void load_into(AnyFamily& family) const;
  /// Equal names and equal bits, NaN being equal to itself.
  [[nodiscard]] bool equals(const FieldTape& other) const;
  /// Names that two fields of one record share.
  [[nodiscard]] const std::vector<std::string>& repeated_names() const { return repeated_; }

 private:
  class Saver;
  class Loader;

  std::vector<std::pair<std::string, Value>> values_;
  std::vector<std::string> repeated_;
};

}  // namespace mix
