// A model goes to a file with the names of its columns, and comes back with the same bits.
#include <fmt/core.h>
#include <mix/csv.h>
#include <mix/distributions/gaussians.h>
#include <mix/models/fit.h>
#include <mix/models/model_file.h>

int main() {
  using namespace mix;
  const Table table = read_csv("data/faithful.csv");
  const Fit best = fit(mixture(Gaussians(2, 2)), table.values(), {.seed = 1});
  save_model("faithful.json", {best.model, table.columns()});

  const SavedModel loaded = load_model("faithful.json");
  fmt::print("{} with {} components\n", loaded.model.title(), loaded.model.n_components());
  for (const Column& column : loaded.columns) fmt::print("column {}\n", column.name);
  const Matrix x = table.values();
  fmt::print("the log-likelihood differs by {}\n",
             loaded.model.log_likelihood(x) - best.model.log_likelihood(x));
}
