#include "population.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace mix {
namespace {

// Runs that differ by less, in nats and in what their components hold, are in the same basin.
constexpr double same_basin = 2;
constexpr double same_share = 0.005;

// Whether two runs are in the same optimum, or on their way to it: then their components hold
// nearly the same rows.
bool head_for_the_same(const Run& a, const Run& b, double total) {
  const double apart = std::abs(a.objective() - b.objective());
  if (apart < same_optimum) return true;
  if (!(apart < same_basin) || a.em.mass.size() != b.em.mass.size()) return false;
  Vector mass_a = a.em.mass;
  Vector mass_b = b.em.mass;
  std::sort(mass_a.begin(), mass_a.end());
  std::sort(mass_b.begin(), mass_b.end());
  return (mass_a - mass_b).cwiseAbs().maxCoeff() < same_share * total;
}

std::vector<Run>::iterator twin_of(const Run& run, std::vector<Run>& population, double total) {
  return std::find_if(population.begin(), population.end(),
                      [&](const Run& one) { return head_for_the_same(one, run, total); });
}

}  // namespace

std::vector<Run> take_population(std::vector<Run>& runs, Index most, double total) {
  std::vector<Run> taken;
  std::vector<Run> others;
  for (Run& run : runs) {
    const bool joins =
        static_cast<Index>(taken.size()) < most && twin_of(run, taken, total) == taken.end();
    (joins ? taken : others).push_back(std::move(run));
  }
  runs = std::move(others);
  return taken;
}

bool settle(std::vector<Run>& population, Run& child, double total) {
  if (!child.more_promising_than(population.back())) return false;
  const auto twin = twin_of(child, population, total);
  const bool fresh = twin == population.end();
  if (!fresh && !child.better_than(*twin)) return false;
  (fresh ? population.back() : *twin) = std::move(child);
  std::stable_sort(population.begin(), population.end(),
                   [](const Run& a, const Run& b) { return a.more_promising_than(b); });
  return fresh;
}

}  // namespace mix
