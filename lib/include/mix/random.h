#pragma once

#include <Random123/philox.h>

#include <cstdint>
#include <limits>
#include <vector>

#include "mix/types.h"

namespace mix {

/// What a stream of random numbers is drawn for; streams of different purposes never overlap.
enum class Purpose : std::uint32_t { start, assignment, sample, fold, projection, user };

/// A counter-based generator (Philox4x64-10, Salmon et al. 2011): the stream is a function of
/// (seed, purpose, iteration, row) alone, so that a draw never depends on threads or on other
/// draws. Models std::uniform_random_bit_generator.
class Rng {
 public:
  using result_type = std::uint64_t;

  explicit Rng(std::uint64_t seed, Purpose purpose = Purpose::user, std::uint64_t iteration = 0,
               std::uint64_t row = 0)
      : key_{{seed, static_cast<std::uint64_t>(purpose) << 48U ^ iteration}},
        counter_{{0, row, 0, 0}} {}

  static constexpr result_type min() { return 0; }
  static constexpr result_type max() { return std::numeric_limits<result_type>::max(); }

  result_type operator()() {
    if (used_ == 4) refill();
    return words_[used_++];
  }

 private:
  void refill() {
    words_ = r123::Philox4x64()(counter_, key_);
    ++counter_[0];
    used_ = 0;
  }

  r123::Philox4x64::key_type key_;
  r123::Philox4x64::ctr_type counter_;
  r123::Philox4x64::ctr_type words_{};
  unsigned used_ = 4;
};

/// A draw from the open interval (0, 1).
double uniform(Rng& rng);

/// An integer from 0 to `n - 1`, each with the same probability.
Index uniform_index(Rng& rng, Index n);

/// A draw from Normal(0, 1).
double standard_normal(Rng& rng);

/// A draw from the exponential distribution with mean 1.
double standard_exponential(Rng& rng);

/// A draw from the gamma distribution with the given shape and scale 1.
double standard_gamma(Rng& rng, double shape);

/// A draw from the Poisson distribution with the given mean.
double poisson(Rng& rng, double mean);

/// A draw from the binomial distribution.
double binomial(Rng& rng, double trials, double probability);

/// An index drawn with probability proportional to `weights` (non-negative, positive sum).
Index categorical(Rng& rng, ConstVectorRef weights);

/// `k` different indices from 0 to `n - 1` in random order.
std::vector<Index> sample_without_replacement(Rng& rng, Index n, Index k);

}  // namespace mix
