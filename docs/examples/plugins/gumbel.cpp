#include "../gumbel.h"

#include <mix/distributions/registry.h>
#include <mix/plugin.h>

MIXTURE_PLUGIN(known) { known.add(mix::entry_of(mix::Autodiff<NamedGumbel>())); }
