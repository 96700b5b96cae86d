#include "family_choice.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <stdexcept>

#include "mix/distributions/product.h"
#include "mix/distributions/uniform_box.h"
#include "mix/errors.h"
#include "mix/models/model_file.h"
#include "text.h"

namespace mix::cli {
namespace {

using Blocks = std::vector<FamilyBlock>;

// The name itself; throws std::invalid_argument that lists the names there are.
std::string known_family(const std::string& name) {
  std::vector<std::string> known;
  for (const FamilyEntry& entry : registry().entries()) {
    if (entry.make) known.push_back(entry.name);
  }
  if (std::find(known.begin(), known.end(), name) != known.end()) return name;
  throw std::invalid_argument(
      fmt::format("there is no family named {}; the known families are {}{}", in_quotes(name),
                  join(known, ", "), did_you_mean(name, known)));
}

CellKind kind_of_family(const std::string& family) {
  if (family == "categorical") return CellKind::categories;
  if (family == "bernoulli") return CellKind::either;
  return CellKind::numbers;
}

// Everything that the candidates of one choice have in common; they share it.
struct Setting {
  Table table;
  CandidateOptions options;
};

AnyFamily make_block(const FamilyBlock& block, const Table& columns, const Setting& setting,
                     const std::string& structure, Index k) {
  FamilyRequest request;
  request.k = k;
  request.columns = &columns;
  request.structure = structure;
  request.prior = setting.options.prior;
  request.has_trials = block.family == "binomial" && !setting.options.trials.empty();
  return registry().find(block.family).make(request);
}

AnyFamily make_family(const Blocks& blocks, const Setting& setting, const std::string& structure,
                      Index k) {
  AnyFamily family;
  const auto structure_for = [&](const FamilyBlock& block) {
    return registry().find(block.family).structures.empty() ? std::string() : structure;
  };
  if (blocks.size() == 1) {
    family = make_block(blocks[0], setting.table, setting, structure_for(blocks[0]), k);
  } else {
    std::vector<Product::Block> parts;
    for (const FamilyBlock& block : blocks) {
      std::vector<Index> positions;
      for (const std::string& column : block.columns) {
        positions.push_back(setting.table.index_of(column));
      }
      parts.push_back({std::move(positions), make_block(block, setting.table.select(block.columns),
                                                        setting, structure_for(block), k)});
    }
    family = Product(std::move(parts));
  }
  if (!setting.options.noise) return family;
  return FamilyList({std::move(family), UniformBox::around(setting.table.values())});
}

// The structures to try: those asked for, or all that every block with structures knows.
std::vector<std::string> structures_of(const Blocks& blocks, const std::string& asked) {
  std::optional<std::vector<std::string>> common;
  for (const FamilyBlock& block : blocks) {
    const std::vector<std::string>& own = registry().find(block.family).structures;
    if (own.empty()) continue;
    if (!common) common = own;
    std::erase_if(*common, [&](const std::string& structure) {
      return std::find(own.begin(), own.end(), structure) == own.end();
    });
  }
  if (!common) return {""};
  return asked.empty() || asked == "all" ? *common : split(asked, ',');
}

// Families that suit the columns; a table of numbers and categories gets a block for each.
std::vector<Blocks> suitable_blocks(const Table& table) {
  std::vector<Blocks> alternatives;
  for (const FamilyEntry& entry : registry().entries()) {
    if (entry.make && entry.suits && entry.suits(table))
      alternatives.push_back(Blocks{FamilyBlock{entry.name}});
  }
  if (!alternatives.empty()) return alternatives;
  FamilyBlock categories{"categorical", {}};
  FamilyBlock numbers{"", {}};
  for (const Column& column : table.columns()) {
    (column.kind == ColumnKind::category ? categories : numbers).columns.push_back(column.name);
  }
  if (numbers.columns.empty()) return {Blocks{categories}};
  const Table numeric = table.select(numbers.columns);
  for (const FamilyEntry& entry : registry().entries()) {
    if (!entry.make || !entry.suits || !entry.suits(numeric)) continue;
    Blocks blocks{{entry.name, numbers.columns}};
    if (!categories.columns.empty()) blocks.push_back(categories);
    alternatives.push_back(std::move(blocks));
  }
  if (alternatives.empty()) {
    throw std::invalid_argument("no family suits the columns; name one with --family");
  }
  return alternatives;
}

void check_noise(const Table& table) {
  for (Index j = 0; j < table.column_count(); ++j) {
    const auto values = table.values().col(j);
    if (table.column(j).kind == ColumnKind::category) {
      throw std::invalid_argument(
          fmt::format("--noise is uniform on a box of numbers, but column \"{}\" holds categories",
                      table.column(j).name));
    }
    if (!(values.minCoeff() < values.maxCoeff())) {
      throw std::invalid_argument(fmt::format(
          "--noise is uniform on the range of each column, but all values of \"{}\" are the same",
          table.column(j).name));
    }
  }
}

}  // namespace

std::vector<std::string> FamilyChoice::columns() const {
  std::vector<std::string> names;
  for (const Blocks& blocks : alternatives) {
    for (const FamilyBlock& block : blocks) {
      names.insert(names.end(), block.columns.begin(), block.columns.end());
    }
  }
  return names;
}

CellKind FamilyChoice::kind_of(const std::string& column) const {
  if (automatic()) return CellKind::either;
  // Alternatives may differ: a column is what all agree on, and numbers as soon as one needs them.
  CellKind kind = CellKind::categories;
  for (const Blocks& blocks : alternatives) {
    for (const FamilyBlock& block : blocks) {
      const bool described = block.columns.empty() ||
                             std::count(block.columns.begin(), block.columns.end(), column) > 0;
      if (!described) continue;
      const CellKind own = kind_of_family(block.family);
      if (own == CellKind::numbers) return own;
      if (own == CellKind::either) kind = own;
    }
  }
  return kind;
}

void FamilyChoice::add_trials(const std::string& trials) {
  bool added = false;
  for (Blocks& blocks : alternatives) {
    for (FamilyBlock& block : blocks) {
      if (block.family != "binomial") continue;
      added = true;
      if (!block.columns.empty()) block.columns.push_back(trials);
    }
  }
  if (!added) {
    throw std::invalid_argument(
        "--trials holds the numbers of trials of a binomial; say --family binomial too");
  }
}

FamilyChoice parse_family(const std::string& text) {
  if (text == "auto") return {};
  if (text.find('=') == std::string::npos) {
    if (text.find(',') != std::string::npos) {
      throw std::invalid_argument(
          fmt::format("--family takes one family, not \"{0}\"; try 'mixture compare DATA.csv "
                      "--families {0}', or name columns: a+b=gaussian,c=poisson",
                      text));
    }
    return FamilyChoice{{Blocks{FamilyBlock{known_family(text)}}}};
  }
  Blocks blocks;
  for (const std::string& part : split(text, ',')) {
    const auto equals = part.rfind('=');
    FamilyBlock block;
    // The part is trimmed, so what follows an equals sign that is not its end is a name.
    if (equals + 1 < part.size()) block.columns = split(part.substr(0, equals), '+');
    if (equals == std::string::npos || block.columns.empty() ||
        std::count(block.columns.begin(), block.columns.end(), "") > 0) {
      throw std::invalid_argument(fmt::format(
          "--family: \"{}\" is not COLUMNS=FAMILY; write for example a+b=gaussian,c=poisson",
          part));
    }
    block.family = known_family(part.substr(part.find_first_not_of(' ', equals + 1)));
    blocks.push_back(std::move(block));
  }
  return FamilyChoice{{std::move(blocks)}};
}

FamilyChoice parse_families(const std::string& text) {
  if (text == "auto") return {};
  FamilyChoice choice;
  for (const std::string& name : split(text, ',')) {
    choice.alternatives.push_back(Blocks{FamilyBlock{known_family(name)}});
  }
  if (choice.automatic()) throw std::invalid_argument("--families names no family");
  return choice;
}

std::vector<Candidate> make_candidates(const FamilyChoice& choice, const Table& columns,
                                       const CandidateOptions& options) {
  if (options.noise) check_noise(columns);
  const auto setting = std::make_shared<const Setting>(Setting{columns, options});
  const std::vector<Blocks> alternatives =
      choice.automatic() ? suitable_blocks(columns) : choice.alternatives;
  std::vector<Candidate> candidates;
  bool structured = false;
  for (const Blocks& blocks : alternatives) {
    for (const std::string& structure : structures_of(blocks, options.structure)) {
      structured = structured || !structure.empty();
      const auto make = [blocks, setting, structure](Index k) {
        return make_family(blocks, *setting, structure, k);
      };
      std::string title;
      try {
        title = make(1).title();
      } catch (const std::exception&) {
        // Alone, it is the user's mistake; among others, compare lists it with the reason.
        if (alternatives.size() == 1) throw;
        title = blocks.front().family + (structure.empty() ? "" : " ") + structure;
      }
      const bool taken = std::any_of(candidates.begin(), candidates.end(),
                                     [&](const Candidate& c) { return c.name == title; });
      if (!taken) candidates.push_back({title, make});
    }
  }
  for (const auto& [option, value] :
       {std::pair("--structure", options.structure), std::pair("--prior", options.prior)}) {
    if (structured || value.empty() || value == "none") continue;
    throw std::invalid_argument(
        fmt::format("{} {}: the family {} has no covariance structures; leave the option out",
                    option, value, candidates.front().name));
  }
  return candidates;
}

}  // namespace mix::cli
