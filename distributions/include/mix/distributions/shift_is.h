#pragma once

namespace mix {

/// Whether the shift of a distribution that begins elsewhere than at 0 is estimated.
enum class ShiftIs { estimated, fixed };

}  // namespace mix
