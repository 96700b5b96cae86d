// Penguins: two measurements alone, then with the island on which the bird lives.
#include <fmt/core.h>
#include <mix/csv.h>
#include <mix/distributions/categorical.h>
#include <mix/distributions/gaussians.h>
#include <mix/distributions/product.h>
#include <mix/models/fit.h>

#include <string>

using namespace mix;

/// How many birds of each species the components hold.
void print(const std::string& title, const MixtureModel& model, const Matrix& x,
           const Table& birds) {
  const Index species = birds.index_of("species");
  Eigen::MatrixXi count = Eigen::MatrixXi::Zero(model.n_components(), 3);
  const std::vector<Index> labels = model.predict(x);
  for (Index i = 0; i < x.rows(); ++i) {
    count(labels[static_cast<std::size_t>(i)], static_cast<Index>(birds.values()(i, species))) += 1;
  }
  fmt::print("{:<20} Adelie  Chinstrap  Gentoo\n", title);
  for (Index k = 0; k < count.rows(); ++k) {
    fmt::print("{:<20} {:6}  {:9}  {:6}\n", "", count(k, 0), count(k, 1), count(k, 2));
  }
}

int main() {
  const Table birds =
      read_csv("data/penguins.csv").drop_missing({"bill_length_mm", "body_mass_g"}).table;

  const Matrix measured = birds.select({"bill_length_mm", "body_mass_g"}).values();
  print("measurements", fit(mixture(Gaussians(3, 2)), measured, {.tol = 1e-8}).model, measured,
        birds);

  const Matrix mixed = birds.select({"bill_length_mm", "body_mass_g", "island"}).values();
  const Product product({{{0, 1}, Gaussians(3, 2)}, {{2}, Untied(Categorical(1), 3)}});
  const MixtureModel model = fit(mixture(product), mixed, {.tol = 1e-8}).model;
  print("and the island", model, mixed, birds);

  const auto& islands = *model.family().as<Product>()->blocks()[1].family.as<Untied<Categorical>>();
  for (Index k = 0; k < 3; ++k) {
    const Matrix p = islands.component(k).probabilities();
    fmt::print("{:.2f}: Biscoe {:.2f}, Dream {:.2f}, Torgersen {:.2f}\n", model.weights()[k],
               p(0, 0), p(0, 1), p(0, 2));
  }
}
