#pragma once

#include <filesystem>

#include "plot.h"

namespace mix::cli {

/// Throws std::invalid_argument or DataError unless a picture can be written there.
void check_picture(const std::filesystem::path& picture);

/// `p-criterion.svg` for `p.svg`.
std::filesystem::path criterion_picture(const std::filesystem::path& picture);

}  // namespace mix::cli
