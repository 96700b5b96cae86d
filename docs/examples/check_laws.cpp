// The law kit needs no test framework: it says which laws a distribution breaks.
#include <fmt/core.h>
#include <mix/testing/check_distribution.h>

#include "rayleigh.h"

/// A Rayleigh distribution by moments: unbiased in its mean, and not the maximum of anything.
class RayleighByMoments : public Rayleigh {
 public:
  mix::Index statistics_size() const { return 2; }
  void accumulate(mix::Rows x, mix::Weights w, mix::VectorRef statistics) const {
    statistics[0] += w.sum();
    statistics[1] += w.dot(x.col(0));
  }
  void maximize(mix::ConstVectorRef sum) {
    if (sum[0] > 0) *static_cast<Rayleigh*>(this) = Rayleigh(sum[1] / sum[0] / 1.2533);
  }
};

int main() {
  using namespace mix;
  Matrix x(200, 1);
  Rng rng(1);
  for (double& value : x.col(0)) value = 3 * std::sqrt(2 * standard_exponential(rng));

  fmt::print("maximum likelihood: lawful {}\n", check_distribution(Rayleigh(), x).ok());
  const LawReport moments = check_distribution(RayleighByMoments(), x);
  fmt::print("moments: lawful {}, breaks ascent {}\n", moments.ok(), moments.broke("ascent"));
}
