#include "support/information_law.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "entries.h"
#include "mix/models/fit.h"

// The information matrix, for every family: Louis's identity is the second derivative of the
// log-likelihood, scores of rows add up to its first, and weights count as repetition.
namespace {

using namespace mix;
using law_entries::entries;
using law_entries::Entry;

// One test for all, for making the examples takes longer than the law.
TEST(InformationLaw, HoldsForEveryFamily) {
  for (const Entry& entry : entries()) {
    SCOPED_TRACE(entry.name);
    const std::vector<std::string>& skip = entry.options.skip;
    FitOptions options;
    options.start = start::Random{};
    options.max_iter = 6;
    options.acceleration = Acceleration::none;
    const MixtureModel model = fit(MixtureModel(entry.family), entry.x, options).model;
    testing_support::expect_information(model, entry.x, {}, entry.name);
    testing_support::expect_weights_to_repeat(model, entry.x, entry.name);
    if (std::find(skip.begin(), skip.end(), "directions") != skip.end()) continue;
    testing_support::expect_as_many_directions_as_parameters(model, entry.x, entry.name);
  }
}

}  // namespace
