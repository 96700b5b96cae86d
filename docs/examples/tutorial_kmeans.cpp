// k-means as the limit of EM: equal weights and one shared variance that shrinks.
#include <fmt/core.h>
#include <fmt/ostream.h>
#include <mix/csv.h>
#include <mix/distributions/gaussians.h>
#include <mix/models/fit.h>
#include <mix/models/kmeans.h>

#include <fstream>

using namespace mix;

/// Two components of equal weight with covariance s^2 times the identity.
MixtureModel spheres(const Matrix& centers, double s) {
  const Matrix covariance = s * s * Matrix::Identity(centers.cols(), centers.cols());
  return mixture(Gaussians(centers, {covariance, covariance}));
}

/// EM in which only the centers move.
Matrix em_centers(const Matrix& x, Matrix centers, double s) {
  for (int step = 0; step < 1000; ++step) {
    const Matrix r = spheres(centers, s).responsibilities(x);  // E-step
    const Vector rows = r.colwise().sum();                     // M-step
    centers = rows.cwiseInverse().asDiagonal() * (r.transpose() * x);
  }
  return centers;
}

/// For the picture: the responsibility of the second component on a grid.
void write_grid(std::ostream& out, const MixtureModel& model) {
  for (double y = -2.5; y <= 2.5; y += 0.05) {
    for (double x = -2.5; x <= 2.5; x += 0.05) {
      fmt::print(out, "{:.2f} {:.2f} {:.4f}\n", x, y, model.responsibilities(Matrix{{x, y}})(0, 1));
    }
  }
  fmt::print(out, "\n\n");
}

int main() {
  const Matrix x = standardized(read_csv("data/faithful.csv").values());
  const KMeans hard = kmeans(x, 2);

  std::ofstream grid("hardening.txt");
  for (const double s : {2.0, 1.2, 0.8, 0.4, 0.2, 0.05}) {
    const Matrix centers = em_centers(x, hard.centers, s);
    const MixtureModel soft = spheres(centers, s);
    const Vector sure = soft.responsibilities(x).rowwise().maxCoeff();
    fmt::print("s = {:4.2f}: centers {:.2f} apart, {:.3f} from those of k-means, {} rows unsure\n",
               s, (centers.row(0) - centers.row(1)).norm(),
               (centers - hard.centers).rowwise().norm().maxCoeff(), (sure.array() < 0.99).count());
    write_grid(grid, soft);
  }

  const Gaussians spherical(2, 2, {.structure = Structure::EII});
  const FitOptions options{.assignment = Hard{}, .mixing = MixingWeights::equal};
  const Fit em = fit(mixture(spherical), x, options);
  const double variance = em.model.family().as<Gaussians>()->covariance(0)(0, 0);
  fmt::print("sum of squares of k-means {:.3f}, of hard EM {:.3f}\n", hard.inertia,
             variance * static_cast<double>(x.size()));
}
