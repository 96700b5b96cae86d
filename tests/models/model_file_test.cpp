#include "mix/models/model_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "mix/errors.h"
#include "mix/mix.h"
#include "support/data_files.h"

namespace mix {
namespace {

using test::faithful;
using testing::HasSubstr;

std::filesystem::path scratch(const std::string& name) {
  return std::filesystem::path(testing::TempDir()) / name;
}

std::string error_of(const Json& json) {
  try {
    from_json(json, "m.json");
  } catch (const DataError& error) {
    return error.what();
  }
  return "no error";
}

TEST(ModelFile, KeepsEveryBitOfEveryFamily) {
  const Matrix x = faithful();
  Matrix counts(40, 2);
  Rng rng(3);
  for (Index i = 0; i < counts.size(); ++i) counts.data()[i] = poisson(rng, i % 2 == 0 ? 2 : 9);
  const std::vector<std::pair<MixtureModel, Matrix>> models{
      {fit(mixture(Gaussians(2, 2)), x).model, x},
      {fit(mixture(Gaussians(2, 2, {.structure = Structure::VEV}), UniformBox::around(x)), x).model,
       x},
      {fit(mixture(StudentT(2, 2)), x).model, x},
      {fit(mixture(Untied(Poisson(2), 2)), counts).model, counts},
      {fit(mixture(Untied(Multinomial(2), 2)), counts).model, counts},
      {fit(mixture(Untied(Exponential(2), 2)), x).model, x},
      {mixture({0.25, 0.75}, mixture({0.5, 0.5}, Normal(-2, 1), Normal(0, 1)), Normal(2, 1)),
       x.leftCols(1)},
      {mixture(frozen(Normal(1, 2)), Normal(0.1, 1.0 / 3)), x.leftCols(1)},
      {fit(mixture(Restricted(Gamma(), 2, {.fixed = {{"shape", 4}}, .shared = {"scale"}})),
           x.leftCols(1))
           .model,
       x.leftCols(1)},
      {fit(mixture(with_prior(Untied(Poisson(2), 2))), counts).model, counts},
      {fit(mixture(with_prior(Gaussians(2, 2), 3)), x).model, x},
      {fit(mixture(Product({{{0}, Gaussians(2, 1)}, {{1}, Untied(Poisson(1), 2)}})), x).model, x},
  };
  for (const auto& [model, rows] : models) {
    const auto path = scratch("model.json");
    save_model(path, {model, {}});
    const MixtureModel loaded = load_model(path).model;
    EXPECT_EQ(loaded.title(), model.title());
    EXPECT_EQ(loaded.parameter_count(), model.parameter_count());
    EXPECT_EQ(loaded.log_density(rows), model.log_density(rows)) << model.title();
    EXPECT_EQ(loaded.responsibilities(rows), model.responsibilities(rows)) << model.title();
    EXPECT_EQ(to_json({loaded, {}}), to_json({model, {}})) << model.title();
  }
}

TEST(ModelFile, KeepsTheColumns) {
  const SavedModel saved{mixture(Untied(Categorical(std::vector<Index>{2, 3}), 2)),
                         {{"color", ColumnKind::category, {"blue", "red"}},
                          {"size", ColumnKind::category, {"L", "M", "S"}}}};
  EXPECT_EQ(from_json(to_json(saved), "m.json").columns, saved.columns);
}

TEST(ModelFile, ReadsGaussiansOfBeforeTheLimitOfEigenvalues) {
  const MixtureModel model =
      fit(mixture(Gaussians(2, 2, {.eigenvalue_ratio = 20})), faithful()).model;
  const Json written = to_json({model, {}});
  Json json = written;
  Json& family = json["model"]["family"];
  EXPECT_EQ(family["eigenvalue_ratio"], 20);
  ASSERT_EQ(family.erase("eigenvalue_ratio"), 1U);
  const MixtureModel loaded = from_json(json, "old.json").model;
  EXPECT_EQ(loaded.log_density(faithful()), model.log_density(faithful()));
  EXPECT_EQ(loaded.family().as<Gaussians>()->options().eigenvalue_ratio, 0);
  // What was always there must be there.
  family.erase("structure");
  EXPECT_THAT(error_of(json), HasSubstr("structure is missing"));
}

TEST(ModelFile, KeepsTheNamesOfComponents) {
  SavedModel saved{mixture(Normal(0, 1), Normal(4, 1)), {}};
  EXPECT_FALSE(to_json(saved).contains("component_names"));
  saved.component_names = {"small, or less", ""};
  EXPECT_EQ(from_json(to_json(saved), "m.json").component_names, saved.component_names);

  Json json = to_json(saved);
  json["component_names"] = {"small"};
  EXPECT_THAT(error_of(json), HasSubstr("component_names has 1 entries for 2 components"));
  json["component_names"] = {1, 2};
  EXPECT_THAT(error_of(json), HasSubstr("component_names must be a list of texts"));
  json["component_names"] = "small";
  EXPECT_THAT(error_of(json), HasSubstr("component_names must be a list of texts"));
}

TEST(ModelFile, RefusesWhatIsNoModelOrFromANewerVersion) {
  const Json good = to_json({mixture(Normal(0, 1)), {}});
  EXPECT_EQ(error_of(good), "no error");
  EXPECT_THAT(error_of(Json::array()), HasSubstr("m.json: this is not a mixture model"));
  Json newer = good;
  newer["version"] = 99;
  EXPECT_THAT(error_of(newer), HasSubstr("version 99"));
  EXPECT_THAT(error_of(newer), HasSubstr("newer release"));
  Json without = good;
  without["model"].erase("weights");
  EXPECT_THAT(error_of(without), HasSubstr("model.weights is missing"));
  Json text = good;
  text["model"]["weights"] = {"half"};
  EXPECT_THAT(error_of(text), HasSubstr("must be a number"));
  Json unbalanced = good;
  unbalanced["model"]["weights"] = {0.5};
  EXPECT_THAT(error_of(unbalanced), HasSubstr("sum to 1"));
  Json unknown = good;
  unknown["model"]["family"]["distribution"] = "cauchy";
  EXPECT_THAT(error_of(unknown), HasSubstr("no family named \"cauchy\""));
}

TEST(ModelFile, SaysWhatIsWrongWithTheColumns) {
  const Json good = to_json({mixture(Normal(0, 1)), {{"length", ColumnKind::real, {}}}});
  const auto with = [&](const Json& columns) {
    Json file = good;
    file["columns"] = columns;
    return error_of(file);
  };
  EXPECT_EQ(with(good["columns"]), "no error");
  EXPECT_THAT(with({"a"}), HasSubstr("m.json: file.columns[0] must be an object, but is string"));
  EXPECT_THAT(with("a"), HasSubstr("file.columns must be a list"));
  EXPECT_THAT(with({{{"kind", "real"}}}), HasSubstr("file.columns[0].name is missing"));
  EXPECT_THAT(with({{{"name", 3}, {"kind", "real"}}}), HasSubstr("must be a text, but is 3"));
  EXPECT_THAT(with({{{"name", "a"}, {"kind", "category"}}}), HasSubstr("levels is missing"));
  for (const char* part : {"columns", "model"}) {
    Json without = good;
    without.erase(part);
    EXPECT_THAT(error_of(without), HasSubstr(std::string("file.") + part + " is missing"));
  }
}

TEST(ModelFile, RefusesBrokenFiles) {
  const auto path = scratch("broken.json");
  std::ofstream(path) << "{\"format\": \"mixture-mo";
  EXPECT_THROW(load_model(path), DataError);
  EXPECT_THROW(load_model(scratch("absent.json")), DataError);
  EXPECT_THROW(save_model("/no/such/folder/m.json", {mixture(Normal(0, 1)), {}}), DataError);
}

// What a user writes to keep models with a distribution of their own.
struct Half {
  static constexpr std::string_view name = "half";
  double scale = 1;
  [[nodiscard]] Index dimension() const { return 1; }
  [[nodiscard]] Index parameter_count() const { return 1; }
  void log_density(Rows x, VectorRef out) const { out = -x.col(0) / scale; }
  void fit(Rows x, Weights w) { scale = x.col(0).dot(w) / w.sum(); }
  void fields(Fields& visit) { visit("scale", scale); }
};

TEST(ModelFile, LoadsAUsersFamilyFromAnExtendedRegistry) {
  Half half;
  half.scale = 0.1;
  const Json json = to_json({mixture(half), {}});
  EXPECT_THROW(from_json(json, "m.json"), DataError);
  Registry mine = registry();
  mine.add({.name = "half", .empty = [] { return AnyFamily(Untied<Half>()); }});
  const MixtureModel loaded = from_json(json, "m.json", mine).model;
  EXPECT_EQ(loaded.family().as<Untied<Half>>()->component(0).scale, 0.1);
}

}  // namespace
}  // namespace mix
