#include "mix/json_fields.h"

#include <fmt/format.h>

#include <cmath>
#include <utility>

#include "mix/errors.h"

namespace mix {
namespace {

double number(const Json& json, const std::string& where) {
  if (json.is_number()) return json.get<double>();
  if (json.is_string()) {
    const auto text = json.get<std::string>();
    if (text == "inf") return infinity;
    if (text == "-inf") return -infinity;
    if (text == "nan") return quiet_nan;
  }
  throw DataError(fmt::format("{} must be a number, but is {}", where, json.dump()));
}

const Json& array(const Json& json, const std::string& where) {
  if (!json.is_array()) {
    throw DataError(fmt::format("{} must be a list, but is {}", where, json.type_name()));
  }
  return json;
}

Vector vector(const Json& json, const std::string& where) {
  Vector out(static_cast<Index>(array(json, where).size()));
  for (Index i = 0; i < out.size(); ++i) {
    out[i] = number(json[static_cast<std::size_t>(i)], where);
  }
  return out;
}

}  // namespace

Json json_number(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
  return value;
}

Json json_array(ConstVectorRef value) {
  Json out = Json::array();
  for (const double v : value) out.push_back(json_number(v));
  return out;
}

Json json_rows(ConstMatrixRef value) {
  Json out = Json::array();
  for (Index i = 0; i < value.rows(); ++i) out.push_back(json_array(value.row(i).transpose()));
  return out;
}

Json json_family(AnyFamily family) {
  JsonWriter writer;
  family.fields(writer);
  Json out = {{"distribution", family.name()}};
  out.update(writer.json());
  return out;
}

Json json_component(const AnyFamily& family, Index k) {
  JsonWriter writer;
  family.describe(k, writer);
  return writer.json();
}

void JsonWriter::operator()(std::string_view name, double& value) {
  json_[std::string(name)] = json_number(value);
}
void JsonWriter::operator()(std::string_view name, Index& value) {
  json_[std::string(name)] = value;
}
void JsonWriter::operator()(std::string_view name, std::string& value) {
  json_[std::string(name)] = value;
}
void JsonWriter::operator()(std::string_view name, Vector& value) {
  json_[std::string(name)] = json_array(value);
}
void JsonWriter::operator()(std::string_view name, Matrix& value) {
  json_[std::string(name)] = json_rows(value);
}
void JsonWriter::operator()(std::string_view name, std::vector<Index>& value) {
  json_[std::string(name)] = value;
}
void JsonWriter::operator()(std::string_view name, std::vector<std::string>& value) {
  json_[std::string(name)] = value;
}
void JsonWriter::operator()(std::string_view name, AnyFamily& value) {
  json_[std::string(name)] = json_family(value);
}
void JsonWriter::list(std::string_view name, Index size,
                      const std::function<void(Index)>& /*resize*/,
                      const std::function<void(Index, Fields&)>& element) {
  Json out = Json::array();
  for (Index i = 0; i < size; ++i) {
    JsonWriter writer;
    element(i, writer);
    out.push_back(writer.json());
  }
  json_[std::string(name)] = std::move(out);
}

JsonReader::JsonReader(const Json& json, const Registry& registry, std::string path)
    : json_(json), registry_(registry), path_(std::move(path)) {
  if (!json.is_object()) {
    throw DataError(fmt::format("{} must be an object, but is {}", path_, json.type_name()));
  }
}

std::string JsonReader::where(std::string_view name) const {
  return fmt::format("{}.{}", path_, name);
}

const Json& JsonReader::at(std::string_view name) const {
  const auto found = json_.find(std::string(name));
  if (found == json_.end()) throw DataError(fmt::format("{} is missing", where(name)));
  return *found;
}

bool JsonReader::has(std::string_view name) const { return json_.contains(std::string(name)); }

void JsonReader::operator()(std::string_view name, double& value) {
  value = number(at(name), where(name));
}
void JsonReader::operator()(std::string_view name, Index& value) {
  const Json& json = at(name);
  if (!json.is_number_integer()) {
    throw DataError(fmt::format("{} must be an integer, but is {}", where(name), json.dump()));
  }
  value = json.get<Index>();
}
void JsonReader::operator()(std::string_view name, std::string& value) {
  const Json& json = at(name);
  if (!json.is_string()) {
    throw DataError(fmt::format("{} must be a text, but is {}", where(name), json.dump()));
  }
  value = json.get<std::string>();
}
void JsonReader::operator()(std::string_view name, Vector& value) {
  value = vector(at(name), where(name));
}
void JsonReader::operator()(std::string_view name, Matrix& value) {
  const Json& rows = array(at(name), where(name));
  Matrix out;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const Vector row = vector(rows[i], where(name));
    if (i == 0) out.resize(static_cast<Index>(rows.size()), row.size());
    if (row.size() != out.cols()) {
      throw DataError(
          fmt::format("{} has rows of {} and of {} numbers", where(name), out.cols(), row.size()));
    }
    out.row(static_cast<Index>(i)) = row.transpose();
  }
  value = std::move(out);
}
void JsonReader::operator()(std::string_view name, std::vector<Index>& value) {
  value.clear();
  for (const Json& item : array(at(name), where(name))) {
    if (!item.is_number_integer()) {
      throw DataError(fmt::format("{} must hold integers, but has {}", where(name), item.dump()));
    }
    value.push_back(item.get<Index>());
  }
}
void JsonReader::operator()(std::string_view name, std::vector<std::string>& value) {
  value.clear();
  for (const Json& item : array(at(name), where(name))) {
    if (!item.is_string()) {
      throw DataError(fmt::format("{} must hold texts, but has {}", where(name), item.dump()));
    }
    value.push_back(item.get<std::string>());
  }
}
void JsonReader::operator()(std::string_view name, AnyFamily& value) {
  const Json& json = at(name);
  JsonReader reader(json, registry_, where(name));
  std::string distribution;
  reader("distribution", distribution);
  try {
    value = registry_.find(distribution).empty();
  } catch (const std::invalid_argument& error) {
    throw DataError(fmt::format("{}: {}", where("distribution"), error.what()));
  }
  value.fields(reader);
}
void JsonReader::list(std::string_view name, Index /*size*/,
                      const std::function<void(Index)>& resize,
                      const std::function<void(Index, Fields&)>& element) {
  const Json& items = array(at(name), where(name));
  resize(static_cast<Index>(items.size()));
  for (std::size_t i = 0; i < items.size(); ++i) {
    JsonReader reader(items[i], registry_, fmt::format("{}[{}]", where(name), i));
    element(static_cast<Index>(i), reader);
  }
}

}  // namespace mix
