#include "mix/models/model_file.h"

#include <fmt/format.h>

#include <algorithm>

#include "mix/distributions/registry.h"
#include "mix/errors.h"
#include "mix/files.h"

namespace mix {
namespace {

constexpr const char* format_name = "mixture-model";
// Raised when a file of the new kind means something else to the old reader.
constexpr int format_version = 1;

const char* to_text(ColumnKind kind) {
  switch (kind) {
    case ColumnKind::real:
      return "real";
    case ColumnKind::count:
      return "count";
    case ColumnKind::category:
      return "category";
  }
  return "real";
}

ColumnKind parse_kind(const std::string& text) {
  if (text == "real") return ColumnKind::real;
  if (text == "count") return ColumnKind::count;
  if (text == "category") return ColumnKind::category;
  throw DataError(
      fmt::format("file.columns: kind must be real, count or category, but is {}", text));
}

void read_column(Fields& entry, Column& column) {
  std::string kind;
  entry("name", column.name);
  entry("kind", kind);
  column.kind = parse_kind(kind);
  if (column.kind == ColumnKind::category) entry("levels", column.levels);
}

std::vector<std::string> parse_names(const Json& json, Index n_components) {
  const bool are_texts =
      json.is_array() &&
      std::all_of(json.begin(), json.end(), [](const Json& name) { return name.is_string(); });
  if (!are_texts) throw DataError("component_names must be a list of texts");
  if (static_cast<Index>(json.size()) != n_components) {
    throw DataError(
        fmt::format("component_names has {} entries for {} components", json.size(), n_components));
  }
  return json.get<std::vector<std::string>>();
}

}  // namespace

Registry& known_families() {
  static Registry all = [] {
    Registry known(distribution_entries());
    known.add({.name = "list", .empty = [] { return AnyFamily(FamilyList()); }});
    known.add({.name = "frozen", .empty = [] { return AnyFamily(Frozen()); }});
    known.add({.name = "mixture", .empty = [] { return AnyFamily(Untied<MixtureModel>()); }});
    return known;
  }();
  return all;
}

const Registry& registry() { return known_families(); }

Json to_json(const SavedModel& saved) {
  Json columns = Json::array();
  for (const Column& column : saved.columns) {
    Json entry = {{"name", column.name}, {"kind", to_text(column.kind)}};
    if (column.kind == ColumnKind::category) entry["levels"] = column.levels;
    columns.push_back(std::move(entry));
  }
  MixtureModel model = saved.model;
  JsonWriter writer;
  model.fields(writer);
  Json json = {
      {"format", format_name}, {"version", format_version}, {"columns", std::move(columns)}};
  if (!saved.component_names.empty()) json["component_names"] = saved.component_names;
  if (saved.schema) json["schema"] = to_json(*saved.schema);
  json["model"] = writer.json();
  return json;
}

SavedModel from_json(const Json& json, const std::string& source, const Registry& known) {
  try {
    if (!json.is_object() || json.value("format", std::string()) != format_name) {
      throw DataError("this is not a mixture model: it lacks \"format\": \"mixture-model\"");
    }
    const Json version = json.value("version", Json());
    if (!version.is_number_integer()) throw DataError("model version is missing");
    if (version.get<int>() > format_version) {
      throw DataError(fmt::format(
          "the file has version {}, this program reads up to {}; read it with a newer release",
          version.get<int>(), format_version));
    }
    SavedModel saved;
    JsonReader file(json, known, "file");
    file.list(
        "columns", 0, [&](Index count) { saved.columns.resize(static_cast<std::size_t>(count)); },
        [&](Index i, Fields& entry) {
          read_column(entry, saved.columns[static_cast<std::size_t>(i)]);
        });
    if (!json.contains("model")) throw DataError("file.model is missing");
    JsonReader reader(json.at("model"), known);
    saved.model.fields(reader);
    if (!saved.columns.empty() &&
        static_cast<Index>(saved.columns.size()) != saved.model.dimension()) {
      throw DataError(fmt::format("the file names {} columns for a model of {}",
                                  saved.columns.size(), saved.model.dimension()));
    }
    if (json.contains("component_names")) {
      saved.component_names = parse_names(json["component_names"], saved.model.n_components());
    }
    if (json.contains("schema")) saved.schema = schema_from_json(json["schema"], "schema");
    return saved;
  } catch (const nlohmann::json::exception& error) {
    throw DataError(fmt::format("{}: broken model file: {}", source, error.what()));
  } catch (const std::invalid_argument& error) {
    throw DataError(fmt::format("{}: broken model file: {}", source, error.what()));
  } catch (const DataError& error) {
    throw DataError(fmt::format("{}: {}", source, error.what()));
  }
}

void save_model(const std::filesystem::path& path, const SavedModel& saved) {
  write_file_atomically(path, to_json(saved).dump(1) + "\n");
}

SavedModel load_model(const std::filesystem::path& path, const Registry& known) {
  const std::string text = read_file(path);
  const Json json = Json::parse(text, nullptr, false);
  if (json.is_discarded()) {
    throw DataError(fmt::format("{}: this is not JSON, so not a model file", path.string()));
  }
  return from_json(json, path.string(), known);
}

}  // namespace mix
