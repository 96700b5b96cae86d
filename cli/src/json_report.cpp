#include "json_report.h"

#include <utility>

#include "component_table.h"
#include "mix/distributions/product.h"
#include "text.h"

namespace mix::cli {
namespace {

// The families that a family is made of, and how titles join them; none for a simple one.
std::pair<std::vector<const AnyFamily*>, std::string> parts_of(const AnyFamily& family) {
  std::vector<const AnyFamily*> parts;
  if (const auto* list = family.as<FamilyList>()) {
    for (const AnyFamily& part : list->families()) parts.push_back(&part);
    return {parts, " + "};
  }
  if (const auto* product = family.as<Product>()) {
    for (const Product::Block& block : product->blocks()) parts.push_back(&block.family);
    return {parts, " x "};
  }
  return {};
}

std::string name_of(const AnyFamily& family) {
  const auto [parts, separator] = parts_of(family);
  if (parts.empty()) return family.name();
  std::vector<std::string> names;
  for (const AnyFamily* part : parts) names.push_back(name_of(*part));
  return join(names, separator);
}

// What a family's title adds to its name: gaussian VVV. Of several, the first that has one.
Json structure_of(const AnyFamily& family) {
  for (const AnyFamily* part : parts_of(family).first) {
    if (Json structure = structure_of(*part); !structure.is_null()) return structure;
  }
  const std::string title = family.title();
  const std::string prefix = family.name() + " ";
  if (!title.starts_with(prefix)) return nullptr;
  // "VVV, shared dof": what follows the comma is no part of the structure.
  return title.substr(prefix.size(), title.find(',', prefix.size()) - prefix.size());
}

std::string distribution_of(const AnyFamily& family, Index k) {
  const auto* list = family.as<FamilyList>();
  return list == nullptr ? family.name() : list->locate(k).first->name();
}

// Adds the names of the levels of each category, which order its probabilities.
void add_levels(const std::vector<Column>& columns, Json& object) {
  Json levels = Json::object();
  for (const Column& column : columns) {
    if (column.kind == ColumnKind::category) levels[column.name] = column.levels;
  }
  if (!levels.empty()) object["levels"] = std::move(levels);
}

Json optima_array(const std::vector<Optimum>& optima) {
  Json array = Json::array();
  for (const Optimum& optimum : optima) {
    Json one{{"objective", optimum.objective}, {"hits", optimum.hits}};
    if (!optimum.flaw.empty()) one["flaw"] = optimum.flaw;
    array.push_back(std::move(one));
  }
  return array;
}

}  // namespace

std::string to_line(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

Json family_name(const MixtureModel& model) { return name_of(model.family()); }

Json structure_name(const MixtureModel& model) { return structure_of(model.family()); }

Json criteria_object(const Criteria& criteria) {
  Json object = Json::object();
  for (const char* name : {"bic", "aic", "aic3", "aicc", "caic", "hqc", "sabic", "icl", "icl_map",
                           "clc", "awe", "nec"}) {
    object[name] = criteria.at(name);
  }
  return object;
}

Json components_array(const MixtureModel& model, const std::vector<std::string>& names) {
  Json components = Json::array();
  for (Index k = 0; k < model.n_components(); ++k) {
    Json component = Json::object();
    const auto i = static_cast<std::size_t>(k);
    if (i < names.size() && !names[i].empty()) component["label"] = names[i];
    component["weight"] = model.weights()[k];
    component["distribution"] = distribution_of(model.family(), k);
    component.update(json_component(model.family(), k));
    components.push_back(std::move(component));
  }
  return components;
}

Json table_array(const Comparison& comparison) {
  Json table = Json::array();
  for (const Ranked& ranked : comparison.table) {
    Json row = {{"name", ranked.name},
                {"n_components", ranked.n_components},
                {"log_likelihood", ranked.log_likelihood},
                {"n_parameters", ranked.parameter_count}};
    row.update(criteria_object(ranked.criteria));
    row.update({{"mml", ranked.mml},
                {"sbic", ranked.sbic},
                {"slope", ranked.slope},
                {"bic_weight", ranked.bic_weight}});
    if (comparison.criterion == "cv") {
      row["cv"] = ranked.value;
      row["cv_standard_error"] = ranked.standard_error;
    }
    if (comparison.criterion == "exact_icl") row["exact_icl"] = ranked.value;
    for (const AnnihilationStep& step : ranked.path) {
      row["path"].push_back({{"n_components", step.n_components},
                             {"log_likelihood", step.log_likelihood},
                             {"message_length", step.message_length},
                             {"flaw", step.flaw}});
    }
    row["status"] = ranked.status;
    table.push_back(std::move(row));
  }
  return table;
}

Json fit_object(const Problem& problem, const Fit& fit, double seconds) {
  const Table& table = problem.data.table;
  const Report& report = fit.report;
  Json object{{"n", table.rows()},
              {"d", table.column_count()},
              {"columns", table.names()},
              {"name", family_name(fit.model)},
              {"structure", structure_name(fit.model)},
              {"n_components", fit.model.n_components()},
              {"log_likelihood", report.log_likelihood},
              {"n_parameters", report.parameter_count},
              {"criteria", criteria_object(report.criteria)},
              {"converged", report.converged},
              {"stop", to_string(report.stop)},
              {"n_iter", report.n_iter},
              {"objective_history", report.objective_history},
              {"starts", report.starts},
              {"moves", report.moves},
              {"hits", report.hits},
              {"optima", optima_array(report.optima)},
              {"passes", report.passes},
              {"warnings", report.warnings},
              {"components",
               components_array(fit.model, problem.component_names(fit.model.n_components()))},
              {"seconds", seconds}};
  if (report.groups > 0) object["groups"] = report.groups;
  if (problem.options.fit.assignment.as<Trimmed>() != nullptr) {
    object["trimmed"] = problem.trimmed_lines(fit.model);
  }
  if (report.truncation_gap) object["truncation_gap"] = *report.truncation_gap;
  add_levels(table.columns(), object);
  return object;
}

Json model_object(const SavedModel& saved) {
  Json names = Json::array();
  for (const Column& column : columns_or_numbered(saved.columns, saved.model.dimension())) {
    names.push_back(column.name);
  }
  Json object = {{"d", saved.model.dimension()},
                 {"columns", std::move(names)},
                 {"name", family_name(saved.model)},
                 {"structure", structure_name(saved.model)},
                 {"n_components", saved.model.n_components()},
                 {"n_parameters", saved.model.parameter_count()},
                 {"components", components_array(saved.model, saved.component_names)}};
  add_levels(saved.columns, object);
  return object;
}

}  // namespace mix::cli
