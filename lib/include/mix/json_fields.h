#pragma once

#include <nlohmann/json.hpp>

#include "mix/fields.h"
#include "mix/registry.h"

namespace mix {

using Json = nlohmann::ordered_json;

/// The parameters as a JSON object, each under its name. Numbers keep all their bits; infinities
/// and NaN, which JSON lacks, become the strings "inf", "-inf" and "nan".
class JsonWriter final : public Fields {
 public:
  [[nodiscard]] bool loading() const override { return false; }
  void operator()(std::string_view name, double& value) override;
  void operator()(std::string_view name, Index& value) override;
  void operator()(std::string_view name, std::string& value) override;
  void operator()(std::string_view name, Vector& value) override;
  void operator()(std::string_view name, Matrix& value) override;
  void operator()(std::string_view name, std::vector<Index>& value) override;
  void operator()(std::string_view name, std::vector<std::string>& value) override;
  void operator()(std::string_view name, AnyFamily& value) override;
  void list(std::string_view name, Index size, const std::function<void(Index)>& resize,
            const std::function<void(Index, Fields&)>& element) override;

  /// What was visited so far.
  [[nodiscard]] const Json& json() const { return json_; }

 private:
  Json json_ = Json::object();
};

/// Reads parameters from a JSON object. Throws DataError that names the field when one is missing
/// or of the wrong type, or when a family is unknown to the registry.
class JsonReader final : public Fields {
 public:
  JsonReader(const Json& json, const Registry& registry, std::string path = "model");
  [[nodiscard]] bool loading() const override { return true; }
  [[nodiscard]] bool has(std::string_view name) const override;
  void operator()(std::string_view name, double& value) override;
  void operator()(std::string_view name, Index& value) override;
  void operator()(std::string_view name, std::string& value) override;
  void operator()(std::string_view name, Vector& value) override;
  void operator()(std::string_view name, Matrix& value) override;
  void operator()(std::string_view name, std::vector<Index>& value) override;
  void operator()(std::string_view name, std::vector<std::string>& value) override;
  void operator()(std::string_view name, AnyFamily& value) override;
  void list(std::string_view name, Index size, const std::function<void(Index)>& resize,
            const std::function<void(Index, Fields&)>& element) override;

 private:
  [[nodiscard]] const Json& at(std::string_view name) const;
  [[nodiscard]] std::string where(std::string_view name) const;

  const Json& json_;
  const Registry& registry_;
  std::string path_;
};

/// A number as JSON, also when it is not finite.
Json json_number(double value);
/// A vector as a JSON array of numbers.
Json json_array(ConstVectorRef value);
/// A matrix as a JSON array of its rows.
Json json_rows(ConstMatrixRef value);
/// A family as a JSON object: its name under "distribution", then its fields.
Json json_family(AnyFamily family);
/// The parameters of component k as a JSON object.
Json json_component(const AnyFamily& family, Index k);

}  // namespace mix
