// What each column is for.
#include <fmt/core.h>
#include <mix/models/fit.h>
#include <mix/models/schema.h>

int main() {
  using namespace mix;
  Matrix values(8, 4);
  values << 30, 2.5, 3, 1, 41, 3.5, 1, 1, 52, 1.5, 0, 2, 33, 2.1, 4, 1,  //
      45, 3.0, 2, 2, 58, 2.2, 1, 1, 36, 2.4, 5, 1, 49, 3.1, 0, 2;
  const Table table = Table::from_matrix(values, {"age", "income", "visits", "times"});

  Schema schema{.blocks = parse_blocks("age+income=gaussian,visits=poisson")};
  schema.blocks[0].options.structure = "EEI";
  schema.blocks[1].options.prior = "data";
  schema.roles.weights = "times";
  const Table described = described_columns(schema, table);
  const MixtureModel model(make_family(schema, described, 2));

  FitOptions options{.seed = 1};
  options.sample_weight = table.column_values(table.index_of(schema.roles.weights));
  const Fit best = fit(model, described.cells(), options);
  fmt::print("{}: {} free parameters\n", best.model.title(), best.report.parameter_count);
  fmt::print("{}\n", to_json(schema).dump());
}
