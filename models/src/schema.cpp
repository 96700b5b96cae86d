#include "mix/models/schema.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <functional>
#include <limits>
#include <map>
#include <stdexcept>
#include <utility>

#include "mix/distributions/gated.h"
#include "mix/errors.h"
#include "mix/files.h"
#include "mix/models/model_file.h"

namespace mix {
namespace {

using Reader = std::function<void(const Json& value, const std::string& place)>;
using Readers = std::map<std::string, Reader>;

// Reads the members of an object, each by the reader of its name.
void read_object(const Json& json, const std::string& place, const Readers& readers) {
  std::vector<std::string> known;
  for (const auto& [name, read] : readers) known.push_back(name);
  if (!json.is_object()) {
    throw DataError(fmt::format("{} must be an object with members such as {}",
                                place.empty() ? "a schema" : place, fmt::join(known, ", ")));
  }
  for (const auto& [name, value] : json.items()) {
    const auto reader = readers.find(name);
    const std::string where = place.empty() ? name : fmt::format("{}.{}", place, name);
    if (reader == readers.end()) {
      throw DataError(fmt::format("{} is not known here; there are {}{}", where,
                                  fmt::join(known, ", "), did_you_mean(name, known)));
    }
    reader->second(value, where);
  }
}

Reader text_into(std::string& target) {
  return [&target](const Json& value, const std::string& place) {
    if (!value.is_string()) throw DataError(fmt::format("{} must be a text", place));
    target = value.get<std::string>();
  };
}

Reader texts_into(std::vector<std::string>& target) {
  return [&target](const Json& value, const std::string& place) {
    const bool texts = value.is_array() && std::all_of(value.begin(), value.end(),
                                                       [](const Json& t) { return t.is_string(); });
    if (!texts) throw DataError(fmt::format("{} must be a list of texts", place));
    target = value.get<std::vector<std::string>>();
  };
}

double number_in(const Json& value, const std::string& place) {
  if (value.is_number()) return value.get<double>();
  if (value == "inf") return infinity;
  if (value == "-inf") return -infinity;
  throw DataError(fmt::format("{} must be a number, \"inf\" or \"-inf\"", place));
}

void read_fixed(const Json& value, const std::string& place, std::map<std::string, double>& fixed) {
  if (!value.is_object()) {
    throw DataError(
        fmt::format("{} must be an object of parameters and numbers: {{\"shape\": 2}}", place));
  }
  for (const auto& [parameter, number] : value.items()) {
    fixed[parameter] = number_in(number, fmt::format("{}.{}", place, parameter));
  }
}

FamilyBlock read_block(const Json& json, const std::string& place) {
  FamilyBlock block;
  BlockOptions& options = block.options;
  read_object(
      json, place,
      {{"family", text_into(block.family)},
       {"columns", texts_into(block.columns)},
       {"structure", text_into(options.structure)},
       {"prior", text_into(options.prior)},
       {"prior_weight",
        [&](const Json& value, const std::string& at) {
          options.prior_weight = number_in(value, at);
        }},
       {"eigenvalue_ratio",
        [&](const Json& value, const std::string& at) {
          options.eigenvalue_ratio = number_in(value, at);
        }},
       {"degrees_of_freedom",
        [&](const Json& value, const std::string& at) {
          if (value.is_number()) {
            options.degrees_of_freedom = fmt::format("{}", value.get<double>());
          } else {
            text_into(options.degrees_of_freedom)(value, at);
          }
        }},
       {"intervals",
        [&](const Json& value, const std::string& at) {
          if (!value.is_boolean()) {
            throw DataError(fmt::format(
                "{} must be true where two columns are the ends of intervals, or false", at));
          }
          block.intervals = value.get<bool>();
        }},
       {"factors",
        [&](const Json& value, const std::string& at) {
          if (!value.is_number_integer() || value.get<Index>() < 1) {
            throw DataError(fmt::format("{} must be a whole number of at least 1", at));
          }
          options.factors = value.get<Index>();
        }},
       {"scree",
        [&](const Json& value, const std::string& at) {
          options.scree = number_in(value, at);
          if (!(options.scree > 0 && options.scree < 1)) {
            throw DataError(fmt::format("{} must be a number between 0 and 1, such as 0.2", at));
          }
        }},
       {"bounds",
        [&](const Json& value, const std::string& at) {
          if (!value.is_array() || value.size() != 2) {
            throw DataError(
                fmt::format("{} must be the lower and the upper bound: [0, \"inf\"]", at));
          }
          options.bounds = {number_in(value[0], at + "[0]"), number_in(value[1], at + "[1]")};
        }},
       {"fixed", [&](const Json& value,
                     const std::string& at) { read_fixed(value, at, options.restrictions.fixed); }},
       {"shared", texts_into(options.restrictions.shared)}});
  if (block.intervals && block.columns.size() != 2) {
    throw DataError(fmt::format(
        "{}.columns must be two where intervals are described: the lower and the upper ends",
        place));
  }
  if (block.family.empty()) {
    throw DataError(fmt::format("{}.family is missing: the name of a family", place));
  }
  try {
    (void)parse_blocks(block.family);
  } catch (const std::invalid_argument& error) {
    throw DataError(fmt::format("{}.family: {}", place, error.what()));
  }
  return block;
}

FamilyBlocks read_blocks(const Json& json, const std::string& place) {
  if (json.is_string()) {
    try {
      return parse_blocks(json.get<std::string>());
    } catch (const std::invalid_argument& error) {
      throw DataError(fmt::format("{}: {}", place, error.what()));
    }
  }
  if (!json.is_array()) {
    throw DataError(fmt::format(
        "{} must be a list of objects or a text such as a+b=gaussian,c=poisson", place));
  }
  FamilyBlocks blocks;
  for (std::size_t i = 0; i < json.size(); ++i) {
    blocks.push_back(read_block(json[i], fmt::format("{}[{}]", place, i)));
  }
  const bool all_name = std::none_of(
      blocks.begin(), blocks.end(), [](const FamilyBlock& block) { return block.columns.empty(); });
  if (blocks.size() > 1 && !all_name) {
    throw DataError(fmt::format("{}: of several families each must name its columns", place));
  }
  return blocks;
}

Json block_json(const FamilyBlock& block) {
  Json json = {{"family", block.family}};
  if (!block.columns.empty()) json["columns"] = block.columns;
  if (block.intervals) json["intervals"] = true;
  const BlockOptions& options = block.options;
  if (!options.structure.empty()) json["structure"] = options.structure;
  if (!options.prior.empty()) json["prior"] = options.prior;
  if (options.prior_weight) json["prior_weight"] = *options.prior_weight;
  if (options.eigenvalue_ratio != 0) json["eigenvalue_ratio"] = options.eigenvalue_ratio;
  if (!options.degrees_of_freedom.empty()) {
    json["degrees_of_freedom"] = options.degrees_of_freedom;
  }
  if (options.factors != 0) json["factors"] = options.factors;
  if (options.scree != 0) json["scree"] = options.scree;
  if (options.bounds) {
    json["bounds"] =
        Json::array({json_number(options.bounds->first), json_number(options.bounds->second)});
  }
  for (const auto& [parameter, value] : options.restrictions.fixed) {
    json["fixed"][parameter] = json_number(value);
  }
  if (!options.restrictions.shared.empty()) json["shared"] = options.restrictions.shared;
  return json;
}

// The blocks with the columns that roles add to them.
FamilyBlocks blocks_with_roles(const Schema& schema) {
  FamilyBlocks blocks = schema.blocks;
  if (!schema.roles.trials.empty()) (void)add_trials(blocks, schema.roles.trials);
  if (!schema.roles.errors.empty() && !add_errors(blocks, schema.roles.errors)) {
    throw std::invalid_argument(
        "the schema's errors are standard errors of what Gaussians describe; it has no gaussian");
  }
  return blocks;
}

bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

Json to_json(const Schema& schema) {
  const Roles& roles = schema.roles;
  Json json = Json::object();
  for (const auto& [name, value] :
       {std::pair("weights", &roles.weights), std::pair("label", &roles.label),
        std::pair("groups", &roles.groups), std::pair("trials", &roles.trials),
        std::pair("response", &roles.response), std::pair("offset", &roles.offset)}) {
    if (!value->empty()) json["roles"][name] = *value;
  }
  for (const auto& [name, value] :
       {std::pair("label_prior", &roles.label_prior), std::pair("errors", &roles.errors),
        std::pair("covariates", &roles.covariates), std::pair("gate", &roles.gate),
        std::pair("ignored", &roles.ignored)}) {
    if (!value->empty()) json["roles"][name] = *value;
  }
  for (const FamilyBlock& block : schema.blocks) json["families"].push_back(block_json(block));
  return json;
}

Schema schema_from_json(const Json& json, const std::string& source) {
  try {
    if (json.is_object() && json.contains("format") && json.contains("model")) {
      if (!json.contains("schema")) {
        throw DataError("this model file carries no schema; it was fitted without one");
      }
      return schema_from_json(json["schema"], source);
    }
    Schema schema;
    Roles& roles = schema.roles;
    read_object(json, "",
                {{"roles",
                  [&](const Json& value, const std::string& place) {
                    read_object(value, place,
                                {{"weights", text_into(roles.weights)},
                                 {"label", text_into(roles.label)},
                                 {"label_prior", texts_into(roles.label_prior)},
                                 {"groups", text_into(roles.groups)},
                                 {"errors", texts_into(roles.errors)},
                                 {"trials", text_into(roles.trials)},
                                 {"response", text_into(roles.response)},
                                 {"covariates", texts_into(roles.covariates)},
                                 {"offset", text_into(roles.offset)},
                                 {"gate", texts_into(roles.gate)},
                                 {"ignored", texts_into(roles.ignored)}});
                  }},
                 {"families", [&](const Json& value, const std::string& place) {
                    schema.blocks = read_blocks(value, place);
                  }}});
    return schema;
  } catch (const DataError& error) {
    const std::string message = error.what();
    const std::string prefix = source + ": ";
    throw DataError(message.starts_with(prefix) ? message : prefix + message);
  }
}

Schema load_schema(const std::filesystem::path& path) {
  const Json json = Json::parse(read_file(path), nullptr, false);
  if (json.is_discarded()) {
    throw DataError(fmt::format("{}: this is not JSON, so not a schema", path.string()));
  }
  return schema_from_json(json, path.string());
}

Table described_columns(const Schema& schema, const Table& table) {
  const Roles& roles = schema.roles;
  const FamilyBlocks blocks = blocks_with_roles(schema);
  std::vector<std::string> names;
  for (const FamilyBlock& block : blocks) {
    names.insert(names.end(), block.columns.begin(), block.columns.end());
  }
  if (names.empty()) {
    names = roles.covariates;
    if (names.empty()) {
      std::vector<std::string> others{roles.weights, roles.label, roles.groups};
      for (const auto* more : {&roles.ignored, &roles.gate, &roles.label_prior}) {
        others.insert(others.end(), more->begin(), more->end());
      }
      names = table.names();
      std::erase_if(names, [&](const std::string& name) { return contains(others, name); });
    }
    for (const std::string& last : {roles.offset, roles.response, roles.trials}) {
      if (last.empty()) continue;
      std::erase(names, last);
      names.push_back(last);
    }
    for (const std::string& last : roles.errors) {
      std::erase(names, last);
      names.push_back(last);
    }
  }
  for (const std::string& name : roles.gate) {
    if (!contains(names, name)) names.push_back(name);
  }
  Table described = table.select(names);
  for (const FamilyBlock& block : blocks) {
    if (block.family != "categorical") continue;
    for (const std::string& name : block.columns.empty() ? names : block.columns) {
      if (!contains(roles.gate, name)) described = described.as_category(name);
    }
  }
  return described;
}

AnyFamily make_family(const Schema& schema, const Table& described, Index k) {
  const Roles& roles = schema.roles;
  if (schema.blocks.empty()) {
    throw std::invalid_argument("the schema names no family: give it families");
  }
  const FamilyBlocks blocks = blocks_with_roles(schema);
  std::vector<std::string> columns = described.names();
  std::vector<std::string> own;
  for (const FamilyBlock& block : blocks) {
    own.insert(own.end(), block.columns.begin(), block.columns.end());
  }
  std::erase_if(columns, [&](const std::string& name) {
    return contains(roles.gate, name) && !contains(own, name) && !contains(roles.covariates, name);
  });
  AnyFamily family =
      make_family(blocks, described.select(columns), k,
                  {.has_trials = !roles.trials.empty(), .has_offset = !roles.offset.empty()});
  if (roles.gate.empty()) return family;
  std::vector<Index> gate;
  for (const std::string& name : roles.gate) gate.push_back(described.index_of(name));
  return Gated(std::move(family), std::move(gate));
}

}  // namespace mix
