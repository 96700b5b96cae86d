#include "mix/models/plugins.h"

#include <dlfcn.h>
#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "known_families.h"
#include "mix/errors.h"
#include "mix/plugin.h"

namespace mix {
namespace {

// A function of the library, null when it has none of that name.
template <class Function>
Function* function_of(void* library, const char* name) {
  return reinterpret_cast<Function*>(dlsym(library, name));
}

bool contains(const Registry& known, const std::string& name) {
  return std::any_of(known.entries().begin(), known.entries().end(),
                     [&](const FamilyEntry& entry) { return entry.name == name; });
}

}  // namespace

void load_plugin(const std::filesystem::path& path) {
  static std::vector<void*> loaded;
  const auto refuse = [&](const std::string& why) -> DataError {
    return DataError(fmt::format("plugin {}: {}", in_quotes(path.string()), why));
  };
  std::error_code error;
  if (!std::filesystem::exists(path, error)) throw refuse("there is no such file");
  // Of a name without a folder dlopen would look elsewhere.
  void* library = dlopen(std::filesystem::absolute(path).c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    throw refuse(fmt::format("the system cannot load it as a shared library: {}", dlerror()));
  }
  if (std::find(loaded.begin(), loaded.end(), library) != loaded.end()) return;

  auto* interface = function_of<const char*()>(library, "mixture_plugin_interface");
  auto* families = function_of<void(Registry&)>(library, "mixture_plugin_families");
  if (interface == nullptr || families == nullptr) {
    throw refuse("it brings no families; a plugin has MIXTURE_PLUGIN(known) { ... } in its source");
  }
  if (std::string_view(interface()) != MIXTURE_PLUGIN_INTERFACE) {
    throw refuse(
        fmt::format("it was compiled for the interface {}, this is {}; compile it again "
                    "with the headers of this version",
                    interface(), MIXTURE_PLUGIN_INTERFACE));
  }
  Registry brought;
  families(brought);
  for (const FamilyEntry& entry : brought.entries()) {
    if (!contains(known_families(), entry.name)) continue;
    throw refuse(fmt::format("there is a family {} already; give the plugin's another name",
                             in_quotes(entry.name)));
  }
  for (const FamilyEntry& entry : brought.entries()) known_families().add(entry);
  loaded.push_back(library);
}

}  // namespace mix
