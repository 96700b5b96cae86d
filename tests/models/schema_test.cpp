#include "mix/models/schema.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "mix/distributions/imaginary_rows.h"
#include "mix/distributions/poisson.h"
#include "mix/errors.h"
#include "mix/models/model_file.h"

namespace mix {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

Table household() {
  Matrix values(6, 6);
  values << 30, 2.5, 3, 0, 1, 1,  //
      40, 3.5, 1, 1, 1, 0,        //
      50, 1.5, 0, 2, 2, 1,        //
      35, 2.0, 4, 0, 1, 0,        //
      45, 3.0, 2, 1, 2, 1,        //
      55, 2.2, 1, 2, 1, 0;
  return Table::from_matrix(values, {"age", "income", "visits", "color", "times", "id"});
}

const char* const whole_schema = R"({
  "roles": {"weights": "times", "ignored": ["id"]},
  "families": [
    {"family": "gaussian", "columns": ["age"], "structure": "E", "prior": "conjugate"},
    {"family": "gamma", "columns": ["income"], "fixed": {"shape": 2}, "shared": ["scale"]},
    {"family": "poisson", "columns": ["visits"], "prior": "data", "prior_weight": 2},
    {"family": "categorical", "columns": ["color"]}
  ]
})";

std::string schema_error(const std::string& text) {
  try {
    const Schema schema = schema_from_json(Json::parse(text), "s.json");
    (void)make_family(schema, described_columns(schema, household()), 2);
  } catch (const std::exception& error) {
    return error.what();
  }
  return "no error";
}

TEST(Schema, GivesEachBlockItsFamilyAndItsOptions) {
  const Schema schema = schema_from_json(Json::parse(whole_schema), "s.json");
  const Table described = described_columns(schema, household());
  EXPECT_THAT(described.names(), ElementsAre("age", "income", "visits", "color"));
  EXPECT_EQ(described.column(3).kind, ColumnKind::category);
  const AnyFamily family = make_family(schema, described, 3);
  EXPECT_EQ(family.title(),
            "gaussian E x gamma, shape = 2, one scale x poisson, prior of 2 rows x categorical");
  // Means and a variance; a scale; rates; two probabilities per component.
  EXPECT_EQ(family.parameter_count(), 4 + 1 + 3 + 6);
}

TEST(Schema, IsTheSameInJsonAsInCode) {
  const Schema schema = schema_from_json(Json::parse(whole_schema), "s.json");
  EXPECT_EQ(to_json(schema), Json::parse(whole_schema));
  Schema made{.blocks = parse_blocks("age+income=gaussian,visits=poisson")};
  EXPECT_EQ(to_json(made)["families"],
            to_json(schema_from_json(Json{{"families", "age+income=gaussian,visits=poisson"}},
                                     "s"))["families"]);
  made.blocks[0].options.bounds = {0, infinity};
  made.roles.gate = {"age"};
  made.roles.trials = "visits";
  EXPECT_EQ(to_json(schema_from_json(to_json(made), "s")), to_json(made));
}

TEST(Schema, DescribesWhatPlaysNoOtherPart) {
  const Schema all =
      schema_from_json(Json::parse(R"({"roles": {"weights": "times", "ignored": ["id", "color"]},
                      "families": "gaussian"})"),
                       "s");
  EXPECT_THAT(described_columns(all, household()).names(), ElementsAre("age", "income", "visits"));
  const Schema line = schema_from_json(
      Json::parse(R"({"roles": {"response": "income", "covariates": ["age"], "gate": ["visits"]},
                      "families": "gaussian_regression"})"),
      "s");
  const Table described = described_columns(line, household());
  EXPECT_THAT(described.names(), ElementsAre("age", "income", "visits"));
  EXPECT_EQ(make_family(line, described, 2).name(), "gated");
}

TEST(Schema, KnowsGroupsPriorsErrorsAndIntervals) {
  const char* const text = R"({
    "roles": {"groups": "id", "label_prior": ["color", "times"], "errors": ["visits"]},
    "families": [{"family": "gaussian", "columns": ["income"]},
                 {"family": "weibull", "columns": ["age", "limit"], "intervals": true}]
  })";
  Matrix values(6, 7);
  values << *DenseRows(household().cells()), Vector::Constant(6, 70);
  std::vector<std::string> names = household().names();
  names.emplace_back("limit");
  const Table table = Table::from_matrix(values, names);
  const Schema schema = schema_from_json(Json::parse(text), "s");
  EXPECT_EQ(to_json(schema), Json::parse(text));
  EXPECT_EQ(schema.roles.groups, "id");
  const Table described = described_columns(schema, table);
  EXPECT_THAT(described.names(), ElementsAre("income", "visits", "age", "limit"));
  EXPECT_EQ(make_family(schema, described, 2).title(),
            "deconvolved_gaussian V x interval_censored weibull");
  // Of a family that names no columns the errors come last, and other parts are left out.
  const Schema all =
      schema_from_json(Json::parse(R"({"roles": {"groups": "id", "label_prior": ["color", "times"],
                                "errors": ["visits", "limit"]}, "families": "gaussian"})"),
                       "s");
  EXPECT_THAT(described_columns(all, table).names(),
              ElementsAre("age", "income", "visits", "limit"));
  EXPECT_EQ(make_family(all, described_columns(all, table), 2).title(), "deconvolved_gaussian VVV");
  EXPECT_THAT(schema_error(R"({"roles": {"errors": ["id"]}, "families": "age+income=gaussian"})"),
              HasSubstr("errors are in 1 columns, but the Gaussians describe 2"));
  EXPECT_THAT(schema_error(R"({"roles": {"errors": ["id"]}, "families": "visits=poisson"})"),
              HasSubstr("it has no gaussian"));
  EXPECT_THAT(
      schema_error(R"({"families": [{"family": "gamma", "columns": ["age"], "intervals": true}]})"),
      HasSubstr("families[0].columns must be two"));
  EXPECT_THAT(schema_error(R"({"families": [{"family": "gamma", "intervals": 1}]})"),
              HasSubstr("families[0].intervals must be true"));
}

TEST(Schema, IsCarriedByAModelFile) {
  Schema schema = schema_from_json(Json::parse(whole_schema), "s.json");
  const Json file =
      to_json(SavedModel{.model = mixture(AnyFamily(Untied(Poisson(1), 2))), .schema = schema});
  const SavedModel read = from_json(file, "m.json");
  ASSERT_TRUE(read.schema.has_value());
  EXPECT_EQ(to_json(*read.schema), to_json(schema));
  EXPECT_EQ(to_json(schema_from_json(file, "m.json")), to_json(schema));
}

TEST(Schema, SaysWhereItIsWrongAndWhatBelongsThere) {
  EXPECT_EQ(schema_error(R"({"familys": "gaussian"})"),
            "s.json: familys is not known here; there are families, roles; did you mean "
            "\"families\"?");
  EXPECT_EQ(schema_error(R"({"families": [{"family": "gama", "columns": ["age"]}]})")
                .find("s.json: families[0].family: there is no family named \"gama\""),
            0U);
  EXPECT_EQ(schema_error(R"({"families": [{"family": "gamma", "fixed": {"shape": "two"}}]})"),
            "s.json: families[0].fixed.shape must be a number, \"inf\" or \"-inf\"");
  EXPECT_THAT(schema_error(R"({"families": [{"family": "gamma", "bounds": [1]}]})"),
              HasSubstr("families[0].bounds must be the lower and the upper bound"));
  EXPECT_THAT(schema_error(R"({"families": [{"family": "poisson"}, {"family": "gamma"}]})"),
              HasSubstr("each must name its columns"));
  EXPECT_THAT(schema_error(R"({"roles": {"weights": 3}})"),
              HasSubstr("roles.weights must be a text"));
  EXPECT_THAT(schema_error(R"({"roles": {"weights": "age"}})"), HasSubstr("names no family"));
  const auto of_visits = [](const std::string& option) {
    return schema_error(R"({"families": [{"family": "poisson", "columns": ["visits"], )" + option +
                        "}]}");
  };
  EXPECT_EQ(of_visits(R"("structure": "VVV")"),
            "poisson: it has no structures; leave structure out of its options");
  EXPECT_THAT(of_visits(R"("prior": "conjugate")"), HasSubstr("data is a prior for any family"));
  EXPECT_THAT(of_visits(R"("prior": "flat")"), HasSubstr("not \"flat\""));
  EXPECT_THAT(of_visits(R"("prior_weight": 2)"), HasSubstr("the weight of the prior data"));
  EXPECT_THAT(of_visits(R"("factors": 2)"), HasSubstr("it has no factors"));
  EXPECT_THAT(of_visits(R"("bounds": [0, 1])"), HasSubstr("it has no bounds"));
  EXPECT_THAT(of_visits(R"("degrees_of_freedom": 4)"), HasSubstr("only student_t has them"));
  EXPECT_THAT(of_visits(R"("shared": ["shape"])"), HasSubstr("it has rate"));
}

TEST(Blocks, ApplyDefaultsWhereAFamilyHasSuchParameters) {
  const FamilyBlocks blocks = parse_blocks("age=normal,income=gamma");
  const auto made = [&](Restrictions restrictions) {
    return make_family(blocks, household().select({"age", "income"}), 2,
                       {.restrictions = std::move(restrictions)});
  };
  EXPECT_EQ(made({.shared = {"scale"}}).title(), "normal x gamma, one scale");
  EXPECT_EQ(made({.fixed = {{"standard_deviation", 2}}, .shared = {"shape"}}).parameter_count(),
            2 + 3);
  try {
    (void)made({.shared = {"rate"}});
    ADD_FAILURE() << "no complaint";
  } catch (const std::invalid_argument& error) {
    EXPECT_STREQ(error.what(),
                 "there is no parameter \"rate\" to fix or to share; normal has mean, "
                 "standard_deviation; gamma has shape, scale");
  }
  // A block of each column.
  const AnyFamily columns =
      make_family(parse_blocks("gamma"), household().select({"age", "income"}), 2,
                  {.restrictions = {.shared = {"shape"}}});
  EXPECT_EQ(columns.parameter_count(), 2 * 3);
}

}  // namespace
}  // namespace mix
