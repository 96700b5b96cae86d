// A mixture learned from a stream, block by block: no row is kept.
#include <fmt/core.h>
#include <mix/distributions/normal.h>
#include <mix/models/mixture_model.h>
#include <mix/streaming_em.h>
#include <mix/untied.h>

int main() {
  using namespace mix;
  const MixtureModel source = mixture({0.3, 0.7}, Normal(-1, 1), Normal(2, 0.7));
  const MixtureModel guess = mixture(Untied<Normal>({Normal(-2, 2), Normal(1, 2)}));

  OnlineEm online(guess.state(), {.average_from = 1000});
  for (int block = 0; block < 2000; ++block) {
    online.update(source.sample(50, static_cast<std::uint64_t>(block)).x, Vector::Ones(50));
  }

  const MixtureState learned = online.averaged();
  const auto& normals = *learned.family.as<Untied<Normal>>();
  for (Index k = 0; k < 2; ++k) {
    fmt::print("weight {:.2f}, mean {:.2f}, standard deviation {:.2f}\n", learned.weights[k],
               normals.component(k).mean(), normals.component(k).standard_deviation());
  }
}
