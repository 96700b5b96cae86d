#pragma once

#include "climber.h"
#include "starter.h"

namespace mix {

/// The run that a planned start gives: after its first M-step, or as far as the start itself climbs
/// (short-runs, growing).
Run first_run(const Starter& starter, const PlannedStart& planned, Climber& climber);

/// Whether the data defeat the family itself: then every optimum is an artifact, and many starts
/// would look in vain for one that is none.
bool even_one_component_is_spurious(const Starter& starter, const Climber& climber);

}  // namespace mix
