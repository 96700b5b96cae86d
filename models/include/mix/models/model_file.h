#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "mix/json_fields.h"
#include "mix/models/mixture_model.h"
#include "mix/models/schema.h"

namespace mix {

/// A model with the columns it describes, as it stands in a file.
struct SavedModel {
  MixtureModel model;
  /// The columns in the order of the model's dimensions; empty when the model was made in code.
  std::vector<Column> columns{};
  /// What the components stand for, such as the known labels of a fit: one name each, empty for a
  /// component without; none when no component has a name.
  std::vector<std::string> component_names{};
  /// By what the table was read and the family made, where a schema was given.
  std::optional<Schema> schema{};
};

/// The families that this library and loaded plugins bring, and mixtures of them.
const Registry& registry();

/// The model as a JSON document: format, version, columns, names, parameters. All bits of every
/// number.
Json to_json(const SavedModel& saved);

/// Reads what to_json wrote. Throws DataError when it is not a mixture model, comes from a newer
/// version, or has parts missing or wrong. `source` names it in messages.
SavedModel from_json(const Json& json, const std::string& source,
                     const Registry& known = registry());

/// Writes the file whole or not at all. Throws DataError when it cannot be written.
void save_model(const std::filesystem::path& path, const SavedModel& saved);

/// Throws DataError that names the file and what is wrong with it.
SavedModel load_model(const std::filesystem::path& path, const Registry& known = registry());

}  // namespace mix
