#pragma once

#include <array>
#include <optional>
#include <vector>

#include "mix/em.h"

namespace mix {

/// Extrapolates the parameters of an EM run, in coordinates without bounds. A cycle is two steps of
/// EM from x, and one from a point that these suggest:
///
/// - SQUAREM, scheme S3 (Varadhan & Roland 2008): x + 2 alpha r + alpha^2 v with the first step r,
///   v the second step less r, and alpha = |r| / |v|;
/// - Anderson's rule of type II (Henderson & Varadhan 2019): the combination of the last points and
///   their steps whose step would be the least, if steps were linear in the point.
///
/// The pass at that point tells its objective; where that is below the one after the first step,
/// the run goes on from the second. So no pass is made for the sake of a test, and the objective
/// never falls.
class Accelerator {
 public:
  /// `weights`: whether mixing weights are estimated.
  Accelerator(Acceleration kind, bool weights) : kind_(kind), weights_(weights) { restart(); }

  /// Forgets what it saw, after a change that is no step of EM.
  void restart();
  /// Whether the last pass was at an extrapolated point and its objective too low: `state` is then
  /// what it would be without.
  bool rejects(MixtureState& state, double objective);
  /// To be called after each pass that was not rejected, before the M-step.
  void before_step(const MixtureState& state, double objective);
  /// To be called after each M-step; `state` may become an extrapolated point. `may_extrapolate`:
  /// whether at least two more passes are allowed.
  void after_step(MixtureState& state, bool may_extrapolate);

  /// Whether the next pass is at an extrapolated point.
  [[nodiscard]] bool extrapolates() const { return pending_; }
  /// Whether the run is extrapolated by now.
  [[nodiscard]] bool active() const { return active_; }
  /// How fast the run goes on between extrapolations.
  struct Convergence {
    double gain = 0;        ///< of a plain step
    double rate = 0;        ///< the ratio in which such gains fall, the worst of the last cycles
    double cycle_gain = 0;  ///< of the cycle before
  };
  /// Where the last pass told it.
  [[nodiscard]] const std::optional<Convergence>& convergence() const { return convergence_; }

 private:
  enum class Place { first, second, extrapolated };
  // A step of EM: from where, and where to less that.
  struct Step {
    Vector from;
    Vector change;
  };

  [[nodiscard]] Vector coordinates(const MixtureState& state) const;
  void set_coordinates(MixtureState& state, const Vector& v) const;
  void watch(double objective);
  void judge();
  bool measure();
  [[nodiscard]] bool by_anderson() const;
  [[nodiscard]] std::optional<Vector> squarem();
  [[nodiscard]] std::optional<Vector> anderson() const;

  Acceleration kind_;
  bool weights_;
  bool active_;
  // Plain steps before.
  int slow_;
  Index passes_;
  double last_ = 0;
  double gain_ = 0;
  // The present cycle.
  Place place_;
  bool pending_;
  std::vector<Step> steps_;  // the last ones, the latest last
  double first_objective_;
  double second_objective_ = 0;
  double cycle_gain_ = infinity;
  std::optional<MixtureState> plain_;  // what follows without extrapolation
  double ratio_ = 1;                   // |r| / |v|
  std::array<double, 3> rates_{};      // of the last cycles
  std::size_t next_rate_ = 0;
  // SQUAREM.
  double longest_;  // bound of alpha
  double alpha_ = 1;
  // The choice between the rules.
  Index cycles_;
  bool used_anderson_;
  double first_length_;  // of the first step of the cycle
  // Of SQUAREM and Anderson's rule: the logarithm of the ratio in which steps became shorter in a
  // cycle, of late; infinite before the first.
  std::array<double, 2> merits_{};
  std::optional<Convergence> convergence_;
};

}  // namespace mix
