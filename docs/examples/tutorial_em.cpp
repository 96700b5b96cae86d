// EM step by step, then soft against hard clustering, on rows whose recipe is known.
#include <fmt/core.h>
#include <mix/distributions/normal.h>
#include <mix/models/fit.h>

#include <string>
#include <vector>

using namespace mix;

MixtureModel two_normals(double first_weight, Normal first, Normal second) {
  return {Vector{{first_weight, 1 - first_weight}}, Untied(std::vector{first, second})};
}

void print(const std::string& title, const MixtureModel& model) {
  fmt::print("{:<8}", title);
  const auto& normals = *model.family().as<Untied<Normal>>();
  for (Index k = 0; k < 2; ++k) {
    const Normal& normal = normals.component(k);
    fmt::print("   {:.2f} of N({:5.2f}, {:.2f})", model.weights()[k], normal.mean(),
               normal.standard_deviation());
  }
  fmt::print("\n");
}

int main() {
  const Matrix x = two_normals(0.25, Normal(-2, 1), Normal(2, 1)).sample(5000, 1).x;
  const MixtureModel guess = two_normals(0.5, Normal(0, 3), Normal(1, 3));
  for (const Index steps : {0, 1, 2, 5, 10, 20, 50}) {
    // The last pass over the data only evaluates.
    const FitOptions options{.start = start::Parameters{}, .tol = 0, .max_iter = steps + 1};
    print(fmt::format("step {}", steps), fit(guess, x, options).model);
  }

  const MixtureModel closer = two_normals(0.25, Normal(-1.5, 1), Normal(1.5, 1));
  const Matrix y = closer.sample(5000, 1).x;
  print("recipe", closer);
  print("soft", fit(guess, y, {.tol = 1e-8}).model);
  print("hard", fit(guess, y, {.assignment = Hard{}}).model);
}
