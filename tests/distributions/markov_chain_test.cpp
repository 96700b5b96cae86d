#include "mix/distributions/markov_chain.h"

#include <gtest/gtest.h>

#include <cmath>
#include <stdexcept>

#include "mix/concepts.h"
#include "mix/distributions/categorical.h"
#include "mix/models/fit.h"
#include "support/evaluate.h"
#include "support/score.h"

namespace {

using namespace mix;
using namespace mix::test;

static_assert(ExponentialFamily<MarkovChain> && Sampleable<MarkovChain>);
static_assert(check_component<MarkovChain>());

const Vector initial_states{{0.7, 0.3}};
const Matrix two_state_moves{{0.9, 0.1}, {0.4, 0.6}};

TEST(MarkovChain, MultipliesTransitions) {
  const MarkovChain chain(4, initial_states, two_state_moves);
  EXPECT_NEAR(log_density_at(chain, {0, 0, 1, 0}), std::log(0.7 * 0.9 * 0.1 * 0.4), 1e-14);
  for (const double x : {-1.0, 2.0, 0.5, infinity}) {
    EXPECT_EQ(log_density_at(chain, {0, x, 1, 0}), -infinity) << x;
  }
}

TEST(MarkovChain, EndsAtTheFirstMissingCell) {
  const MarkovChain chain(4, initial_states, two_state_moves);
  EXPECT_NEAR(log_density_at(chain, {1, 0, quiet_nan, quiet_nan}), std::log(0.3 * 0.4), 1e-14);
  EXPECT_EQ(log_density_at(chain, {1, quiet_nan, 0, 0}), -infinity);
  const Matrix x = rows(4, {1, 0, quiet_nan, quiet_nan, 0, 0, 1, quiet_nan});
  EXPECT_EQ(chain.check_support(x), "");
  EXPECT_EQ(chain.check_support(rows(4, {1, quiet_nan, 0, 0})),
            "row 1, column 2: the value is missing");
  MarkovChain fitted(4, 2);
  estimate(fitted, x, Vector::Ones(2));
  EXPECT_EQ(fitted.initial(), (Vector{{0.5, 0.5}}));
  EXPECT_EQ(fitted.transitions(), (Matrix{{0.5, 0.5}, {1, 0}}));
}

TEST(MarkovChain, CountsTransitions) {
  MarkovChain fitted(3);
  const Matrix x = rows(3, {0, 1, 1, 2, 2, 0, 0, 0, 1});
  fitted.prepare(x, Vector::Ones(3));
  EXPECT_EQ(fitted.states(), 3);
  EXPECT_EQ(fitted.parameter_count(), 2 + 6);
  estimate(fitted, x, Vector{{1, 1, 2}});
  EXPECT_EQ(fitted.initial(), (Vector{{0.75, 0, 0.25}}));
  EXPECT_EQ(fitted.transitions(), (Matrix{{0.4, 0.6, 0}, {0, 1, 0}, {0.5, 0, 0.5}}));
}

TEST(MarkovChain, EstimatesTheNumericalOptimum) {
  const Matrix x = draws(MarkovChain(6, initial_states, two_state_moves), 30);
  for (const double pseudo_count : {0.0, 0.5}) {
    MarkovChain fitted(6, 2, {.pseudo_count = pseudo_count});
    estimate(fitted, x, uneven_weights(30));
    EXPECT_LT(score(fitted, x, uneven_weights(30)), 1e-9) << pseudo_count;
  }
}

TEST(MarkovChain, OfOneCellIsCategorical) {
  MarkovChain chain(1, 3);
  Categorical categorical(std::vector<Index>{3});
  const Matrix x = rows(1, {0, 2, 2, 1});
  estimate(chain, x, Vector::Ones(4));
  estimate(categorical, x, Vector::Ones(4));
  EXPECT_EQ(chain.parameter_count(), 2);
  EXPECT_EQ(log_density(chain, x), log_density(categorical, x));
}

TEST(MarkovChain, KeepsTheTransitionsOfAStateThatNoRowLeaves) {
  MarkovChain fitted(2, initial_states, two_state_moves);
  estimate(fitted, rows(2, {0, 1, 0, 0}), Vector::Ones(2));
  EXPECT_EQ(fitted.transitions().row(1), two_state_moves.row(1));
}

// Errors of a share of m transitions: sqrt(p (1 - p) / m), m at least 3000 of each state here.
TEST(MarkovChain, MixturesTellSequencesThatStayFromThoseThatAlternate) {
  const MarkovChain stays(20, Vector{{0.5, 0.5}}, Matrix{{0.9, 0.1}, {0.1, 0.9}});
  const MarkovChain alternates(20, Vector{{0.5, 0.5}}, Matrix{{0.2, 0.8}, {0.8, 0.2}});
  Matrix x(400, 20);
  x << draws(stays, 200, 1), draws(alternates, 200, 2);
  const Fit best = fit(mixture(Untied(MarkovChain(20), 2)), x, {.seed = 1});
  const auto& chains = *best.model.family().as<Untied<MarkovChain>>();
  const Index first = chains.component(0).transitions()(0, 0) > 0.5 ? 0 : 1;
  EXPECT_NEAR(chains.component(first).transitions()(0, 0), 0.9, 0.03);
  EXPECT_NEAR(chains.component(1 - first).transitions()(1, 0), 0.8, 0.04);
  EXPECT_NEAR(best.model.weights()[0], 0.5, 0.02);
}

TEST(MarkovChain, RefusesImpossibleParametersAndRows) {
  EXPECT_THROW(MarkovChain(0), std::invalid_argument);
  EXPECT_THROW(MarkovChain(3, Index{0}), std::invalid_argument);
  EXPECT_THROW(MarkovChain(3, 2000), std::invalid_argument);
  EXPECT_THROW(MarkovChain(3, Vector{{0.5, 0.6}}, two_state_moves), std::invalid_argument);
  EXPECT_THROW(MarkovChain(3, initial_states, Matrix{{0.9, 0.2}, {0.4, 0.6}}),
               std::invalid_argument);
  EXPECT_THROW(MarkovChain(3, initial_states, Matrix::Identity(3, 3)), std::invalid_argument);
  EXPECT_EQ(MarkovChain(2, 2).check_support(rows(2, {0, 1, 1, 2})),
            "row 2, column 2: 2 is not a state from 0 to 1");
}

}  // namespace
