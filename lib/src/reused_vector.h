#pragma once

#include "mix/scratch.h"

namespace mix {

/// A vector whose memory stays as large as it ever was.
class ReusedVector {
 public:
  /// Of so many numbers; what they were may be lost.
  VectorMap resize(Index size) {
    if (memory_.size() < size) memory_.resize(size);
    size_ = size;
    return view();
  }
  [[nodiscard]] Index size() const { return size_; }
  [[nodiscard]] VectorMap view() { return {memory_.data(), size_}; }
  [[nodiscard]] Eigen::Map<const Vector> view() const { return {memory_.data(), size_}; }

 private:
  Vector memory_;
  Index size_ = 0;
};

}  // namespace mix
