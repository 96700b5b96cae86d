// A widget of 2 L: does it come from the batch of small ones?
#include <fmt/core.h>
#include <mix/distributions/normal.h>
#include <mix/models/model_file.h>

#include <cmath>

int main() {
  using namespace mix;
  const MixtureModel factory = mixture({0.75, 0.25}, Normal(1, 0.4), Normal(3, 0.5));

  const Matrix volume{{1.0}, {1.5}, {1.9}, {2.0}, {2.1}, {2.5}, {3.0}};
  const Matrix r = factory.responsibilities(volume);
  for (Index i = 0; i < volume.rows(); ++i) {
    fmt::print("{:.1f} L: small {:.3f}, large {:.3f}\n", volume(i, 0), r(i, 0), r(i, 1));
  }

  const double small = 0.75 * std::exp(-2.5 * 2.5 / 2) / 0.4;
  const double large = 0.25 * std::exp(-2.0 * 2.0 / 2) / 0.5;
  fmt::print("2.0 L by hand: small {:.3f}\n", small / (small + large));

  save_model("widgets.json", {factory, {{"litres"}}});
}
