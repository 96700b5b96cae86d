#pragma once

#include <filesystem>

namespace mix {

/// Loads a shared library that was written with MIXTURE_PLUGIN (`mix/plugin.h`), and adds its
/// families to registry(). Once loaded it stays; to load it again does nothing. Not while other
/// threads use the registry.
///
/// Throws DataError when the file cannot be loaded, is no plugin, was compiled against another
/// version of mixture or Eigen, or brings a family of a name that exists; then nothing is added.
void load_plugin(const std::filesystem::path& path);

}  // namespace mix
