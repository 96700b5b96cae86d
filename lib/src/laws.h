#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "mix/any_family.h"
#include "mix/errors.h"
#include "mix/random.h"
#include "mix/testing/check_distribution.h"

/// How check_family works inside: the laws as members of one object.
namespace mix::laws {

/// Largest difference relative to 1 + |value|; equal infinities do not differ, NaN differs from
/// all.
double difference(const Matrix& a, const Matrix& b);

bool has_nan(const Matrix& m);

Matrix log_densities(const AnyFamily& family, const AnyRows& x);

Vector statistics(const AnyFamily& family, const AnyRows& x, Shares shares);

/// One iteration of estimation with fixed shares, as the engine makes it.
void step(AnyFamily& family, Rows x, Shares shares);

/// Steps until the log densities stand still.
void converge(AnyFamily& family, Rows x, Shares shares, Index max_steps);

/// What estimation raises: the log-likelihood of each component, weighted by its shares. A step on
/// augmented statistics raises it too, although it maximizes another function.
double likelihood(const AnyFamily& family, Rows x, Shares shares);

/// The likelihood plus the log prior.
double objective(const AnyFamily& family, Rows x, Shares shares);

class Laws {
 public:
  Laws(const AnyFamily& given, Rows x, const LawOptions& options)
      : given_(given),
        x_(x),
        options_(options),
        rng_(options.seed),
        n_(x.rows()),
        k_(given.size()) {}

  LawReport check();

 private:
  using Law = void (Laws::*)();

  void run(const char* name, Law law) {
    if (std::find(options_.skip.begin(), options_.skip.end(), name) != options_.skip.end()) return;
    law_ = name;
    applies_ = true;
    try {
      (this->*law)();
    } catch (const NotAvailable&) {
      applies_ = false;
    } catch (const std::exception& error) {
      fail(fmt::format("threw: {}", error.what()));
    }
    if (applies_) report_.checked.emplace_back(name);
  }
  void fail(const std::string& what) { report_.failures.push_back(law_ + ": " + what); }
  void require(bool holds, const char* what) {
    if (!holds) fail(what);
  }
  void require_equal(const Matrix& a, const Matrix& b, double tolerance, const char* what) {
    const double gap = difference(a, b);
    if (!(gap <= tolerance)) fail(fmt::format("{} (relative difference {:.3g})", what, gap));
  }
  void require_same_bits(const Matrix& a, const Matrix& b, const char* what) {
    if (!(a.array() == b.array() || (a.array().isNaN() && b.array().isNaN())).all()) fail(what);
  }
  // Compares statistics in units of what single rows contribute, so that cancellation is forgiven.
  void require_equal_statistics(const Vector& a, const Vector& b, const char* what) {
    for (Index j = 0; j < a.size(); ++j) {
      if (std::abs(a[j] - b[j]) <= 1e-10 * scale_[j]) continue;
      fail(fmt::format("{} (statistic {}: {} and {})", what, j, a[j], b[j]));
      return;
    }
  }

  Matrix random_shares() {
    Matrix shares(n_, k_);
    for (Index i = 0; i < n_; ++i) {
      for (Index k = 0; k < k_; ++k) shares(i, k) = 0.1 + standard_exponential(rng_);
      shares.row(i) *= (0.2 + 1.8 * uniform(rng_)) / shares.row(i).sum();
    }
    return shares;
  }
  Matrix perturbed(const Matrix& shares, double by) {
    Matrix out = shares;
    for (Index i = 0; i < out.size(); ++i) out.data()[i] *= 1 + by * (2 * uniform(rng_) - 1);
    return out;
  }
  double slack(double value) const { return options_.tolerance * (1 + std::abs(value)); }

  // The laws, in the order in which they are checked; check() has the names.
  void fits_examples();
  void ascent();
  void fixed_point();
  void row_alone();
  void outside_support();
  void add();
  void linear();
  void disjoint_rows();
  void zero_share();
  void one_by_one();
  void soft_pass();
  void float_rows();
  void sparse_rows();
  void missing_cells();
  void separable();
  void coordinates();
  void constant_statistics();
  void constant();
  void threads();
  void best();
  void start();
  void prepare();
  void zero_weight();
  void tiny_weights();
  void one_row();
  void equal_rows();
  void repetition();
  void copies();
  void round_trip();
  void select();
  void embed();
  void sampler();
  void normalized();
  void cdf();
  void moments();
  void marginal();
  void conditional();
  void parameter_count();
  Matrix draws(Index k);
  double probability(Index k, double from, double to);
  void agrees_with_draws(const AnyFamily& family, Index k, Vector drawn, const char* what);
  void no_damage(AnyFamily family, const char* what);

  const AnyFamily& given_;
  Matrix x_;
  LawOptions options_;
  Rng rng_;
  Index n_;
  Index k_;
  LawReport report_;
  std::string law_;
  bool applies_ = true;  // a law that finds nothing to check says so

  Matrix shares_;
  AnyFamily prepared_;   // knows the data's location and scale
  AnyFamily fitted_;     // to shares_
  AnyFamily elsewhere_;  // other parameters
  Vector scale_;         // of the statistics
};

}  // namespace mix::laws
