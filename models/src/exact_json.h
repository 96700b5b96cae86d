#pragma once

#include <cmath>
#include <string>
#include <vector>

#include "mix/json_fields.h"
#include "mix/types.h"

namespace mix {

// Numbers of a checkpoint, with all their bits. JSON has no word for those that are not finite.

inline Json exact(double value) {
  if (std::isfinite(value)) return value;
  return std::isnan(value) ? "nan" : value > 0 ? "inf" : "-inf";
}

inline double exact_from(const Json& json) {
  if (!json.is_string()) return json.get<double>();
  const auto text = json.get<std::string>();
  return text == "nan" ? quiet_nan : text == "inf" ? infinity : -infinity;
}

template <class Numbers>
Json exact_all(const Numbers& numbers) {
  Json array = Json::array();
  for (const double number : numbers) array.push_back(exact(number));
  return array;
}

inline std::vector<double> numbers_from(const Json& json) {
  std::vector<double> numbers;
  for (const Json& number : json) numbers.push_back(exact_from(number));
  return numbers;
}

inline Vector vector_from(const Json& json) {
  const std::vector<double> numbers = numbers_from(json);
  return Eigen::Map<const Vector>(numbers.data(), static_cast<Index>(numbers.size()));
}

}  // namespace mix
