#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "mix/json_fields.h"
#include "mix/models/family_blocks.h"
#include "mix/table.h"

namespace mix {

/// Which columns of a table play a part besides being described; empty names mean none.
struct Roles {
  std::string weights{};                   ///< the weight of each row
  std::string label{};                     ///< the known component of each row
  std::vector<std::string> label_prior{};  ///< how probable each component is for a row beforehand
  std::string groups{};                    ///< rows with the same cell share a component
  std::vector<std::string> errors{};       ///< standard errors of what Gaussians describe
  std::string trials{};                    ///< numbers of trials, of binomial and its like
  std::string response{};                  ///< what regressions predict
  std::vector<std::string> covariates{};   ///< what they predict it from
  std::string offset{};                    ///< what is added to their linear predictors
  std::vector<std::string> gate{};         ///< what mixing weights depend on
  std::vector<std::string> ignored{};      ///< described by no family that names no columns
};

/// What each column of a table is for: roles, and families by blocks of columns with their options.
/// The same in the program (`--schema`), in a JSON file, and here.
struct Schema {
  FamilyBlocks blocks{};
  Roles roles{};
};

/// The schema as a JSON document: `roles`, and `families` as a list of blocks with their options.
Json to_json(const Schema& schema);

/// Reads what to_json wrote; `families` may also be a text such as
/// `age+income=gaussian,visits=poisson`. A model file that carries a schema serves too. Throws
/// DataError that names the place ("families[1].structure") and what belongs there. `source` names
/// the document in messages.
Schema schema_from_json(const Json& json, const std::string& source);

/// The schema in a file. Throws as schema_from_json, and DataError when it cannot be read.
Schema load_schema(const std::filesystem::path& path);

/// The columns of the table that the schema's families describe, in the order in which they take
/// them, and then those that only the gate reads: the rows of these are what its family is fitted
/// to. Throws std::invalid_argument for an unknown column.
Table described_columns(const Schema& schema, const Table& table);

/// The family of k components for the rows of described_columns. Throws as
/// make_family(blocks, ...), and std::invalid_argument for a schema without families.
AnyFamily make_family(const Schema& schema, const Table& described, Index k);

}  // namespace mix
