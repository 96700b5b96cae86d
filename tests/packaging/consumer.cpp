// What a program outside of the project looks like: it fits a mixture.
#include <fmt/format.h>
#include <mix/distributions/gaussians.h>
#include <mix/models/fit.h>
#include <mix/version.h>

static_assert(EIGEN_MAX_ALIGN_BYTES == 64, "the library's public definitions must arrive");

int main() {
  mix::Matrix x(8, 1);
  x << 1.0, 1.1, 0.9, 1.2, 5.0, 5.1, 4.9, 5.2;
  const mix::Fit fit = mix::fit(mix::mixture(mix::Gaussians(2, 1)), x, {.seed = 1});
  fmt::print("mixture {}: means {:.2f} and {:.2f}\n", mix::version(),
             fit.model.family().as<mix::Gaussians>()->mean(0)[0],
             fit.model.family().as<mix::Gaussians>()->mean(1)[0]);
}
