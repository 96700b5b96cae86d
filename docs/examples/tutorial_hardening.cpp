#include <fmt/ranges.h>
#include <mix/csv.h>
#include <mix/distributions/gaussians.h>
#include <mix/models/fit.h>
#include <mix/models/kmeans.h>

#include <fstream>

using namespace mix;

// EM with equal weights and the fixed covariance s^2 I: only the centers move.
Matrix em_centers(const Matrix& x, Matrix centers, double s) {
  for (int step = 0; step < 500; ++step) {
    const Matrix spheres = s * s * Matrix::Identity(x.cols(), x.cols());
    const std::vector<Matrix> covariances(static_cast<std::size_t>(centers.rows()), spheres);
    const Matrix r = mixture(Gaussians(centers, covariances)).responsibilities(x);
    centers = r.colwise().sum().cwiseInverse().asDiagonal() * (r.transpose() * x);
  }
  return centers;
}

int main() {
  const Matrix x = standardized(read_csv("data/faithful.csv").values());
  const KMeans k = kmeans(x, 2);
  fmt::print("k-means  {:.4f}  {:.4f}\n", fmt::join(k.centers.row(0), " "),
             fmt::join(k.centers.row(1), " "));
  for (double s : {2.0, 1.5, 1.0, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1, 0.05}) {
    const Matrix c = em_centers(x, x.topRows(2), s);
    const std::vector<Matrix> covariances(2, s * s * Matrix::Identity(2, 2));
    const Matrix r = mixture(Gaussians(c, covariances)).responsibilities(x);
    fmt::print("{}  {:.4f}  {:.4f} {} {:.5f}\n", s, fmt::join(c.row(0), " "),
               fmt::join(c.row(1), " "), (r.rowwise().maxCoeff().array() < 0.99).count(),
               (c - k.centers).cwiseAbs().maxCoeff());
  }
  FitOptions o;
  o.assignment = Hard{};
  o.mixing = MixingWeights::equal;
  const Fit f = fit(mixture(Gaussians(2, 2, {.structure = Structure::EII})), x, o);
  fmt::print("{}\n", f.model.predict(x) == k.labels);
}
