#include "mix/version.h"

namespace mix {

std::string_view version() { return MIXTURE_VERSION; }

}  // namespace mix
