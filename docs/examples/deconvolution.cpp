// Values of two kinds of objects, each measured with an error that is known: half of the errors are
// twice as large as the spread of the values of a kind.
#include <fmt/core.h>
#include <mix/distributions/deconvolved_gaussians.h>
#include <mix/models/fit.h>

int main() {
  using namespace mix;
  Matrix rows(2000, 2);  // value, standard error
  Rng rng(1, Purpose::sample);
  for (Index i = 0; i < rows.rows(); ++i) {
    const double value = (i % 4 == 0 ? 5 : 0) + standard_normal(rng);
    const double error = i / 4 % 2 == 0 ? 0.2 : 2;
    rows.row(i) << value + error * standard_normal(rng), error;
  }

  const GaussianOptions equal{.structure = Structure::EEE};
  const Fit seen = fit(mixture(Gaussians(2, 1, equal)), Matrix(rows.col(0)), {.seed = 1});
  const Fit best = fit(mixture(DeconvolvedGaussians(2, 1, equal)), rows, {.seed = 1});
  const Gaussians& blurred = *seen.model.family().as<Gaussians>();
  const Gaussians& latent = best.model.family().as<DeconvolvedGaussians>()->latent();
  fmt::print("             means           variance  weight of the second\n");
  fmt::print("as measured  {:5.2f} {:5.2f}     {:8.2f}  {:.2f}\n", blurred.mean(0)[0],
             blurred.mean(1)[0], blurred.covariance(0)(0, 0), seen.model.weights()[1]);
  fmt::print("deconvolved  {:5.2f} {:5.2f}     {:8.2f}  {:.2f}\n", latent.mean(0)[0],
             latent.mean(1)[0], latent.covariance(0)(0, 0), best.model.weights()[1]);
}
