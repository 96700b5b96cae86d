#include <fmt/format.h>
#include <hwy/targets.h>

#include <stdexcept>

#include "mix/kernels.h"

namespace mix::kernels {
namespace {

// Of the machine, whatever use_target says.
std::vector<std::int64_t> find_targets() {
  std::vector<std::int64_t> bits;
  std::int64_t left = hwy::SupportedTargets() & HWY_TARGETS;
  for (std::int64_t bit = 1; left != 0; bit <<= 1U) {
    if ((left & bit) == 0) continue;
    bits.push_back(bit);
    left &= ~bit;
  }
  return bits;
}

const std::vector<std::int64_t>& target_bits() {
  static const std::vector<std::int64_t> bits = find_targets();
  return bits;
}

}  // namespace

std::vector<std::string> targets() {
  std::vector<std::string> names;
  for (const std::int64_t bit : target_bits()) names.emplace_back(hwy::TargetName(bit));
  return names;
}

void use_target(const std::string& name) {
  std::int64_t chosen = 0;  // all
  for (const std::int64_t bit : target_bits()) {
    if (name == hwy::TargetName(bit)) chosen = bit;
  }
  if (chosen == 0 && !name.empty()) {
    throw std::invalid_argument(fmt::format("use_target: no target '{}' here; there are {}", name,
                                            fmt::join(targets(), ", ")));
  }
  hwy::SetSupportedTargetsForTest(chosen);
  hwy::GetChosenTarget().Update(hwy::SupportedTargets());
}

}  // namespace mix::kernels
