#pragma once

namespace mix {

// Tells when the steps of a linearly converging iteration are rounding: near the end they shrink
// from one to the next, and rounding does not. Steps are relative.
class Stagnation {
 public:
  bool operator()(double step) {
    if (step < near_the_end && !(step < last_)) ++rises_;
    last_ = step;
    return rises_ >= most_rises;
  }

 private:
  static constexpr double near_the_end = 1e-3;
  static constexpr int most_rises = 3;

  double last_ = near_the_end;
  int rises_ = 0;
};

}  // namespace mix
