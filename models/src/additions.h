#pragma once

#include "mix/random.h"
#include "starter.h"

namespace mix {

/// A mixture with one component more than `mother`'s; of its components `cheapest` can go at the
/// least loss.
struct Addition {
  Matrix log_joint;  ///< rows x components, the new one last
  Index cheapest = -1;
};

/// The best of several random additions to a mixture, by the log-likelihood that is left after one
/// of the old components is given up. Each is found by partial EM: the new component and its weight
/// climb, and the others stay as they are (Verbeek, Vlassis & Krose 2003). A pass costs as much as
/// the new component alone. No addition (`cheapest` < 0) where all of them look spurious.
class Additions {
 public:
  /// `places`, `part`: the components that take part, and of which family of a list each is.
  Additions(const Starter& starter, const AnyRows& x, Weights w, const std::vector<Index>& places,
            const std::vector<Index>& part)
      : starter_(starter), x_(x), w_(w), places_(places), part_(part) {}

  [[nodiscard]] Addition best(const Matrix& log_joint, Rng& rng) const;
  /// What `best` costs, in passes of all components.
  [[nodiscard]] Index passes() const;

 private:
  struct Candidate {
    Vector shares;  // of the rows, with their weights
    Vector log_joint;
    AnyFamily family;
    Index place = 0;  // of the component that it is like
    double weight = 0;
    double gain = -infinity;
  };

  [[nodiscard]] Candidate near_some_row(const Matrix& r, const Vector& log_density, Rng& rng) const;
  // One pass of partial EM; the gain becomes minus infinity where the component looks spurious.
  void step(Candidate& candidate, const Vector& log_density) const;
  [[nodiscard]] Vector losses(const Matrix& r, const Candidate& candidate) const;

  const Starter& starter_;
  AnyRows x_;
  Weights w_;
  const std::vector<Index>& places_;
  const std::vector<Index>& part_;
};

/// A row drawn from those that the density explains worst: in proportion to how far its log density
/// lies below the median.
Index badly_explained_row(const Vector& log_density, Weights w, Rng& rng);

}  // namespace mix
