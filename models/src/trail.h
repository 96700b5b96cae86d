#pragma once

#include <vector>

#include "mix/json_fields.h"
#include "run.h"

namespace mix {

/// What a search has done: all that it needs to go on from there.
struct Trail {
  enum class Stage { race, moves, finals, done };

  Stage stage = Stage::race;
  std::vector<Run> runs;
  Index starts = 0;
  Index moves = 0;
  Index passes = 0;
  std::vector<Optimum> optima;
  // The race: how many of the runs still take part, and how long the next round is.
  Index field = 0;
  Index round = 0;
  // Moves: from whom, what they took, and how many came to nothing of late.
  std::vector<Run> population;
  Index spent = 0;
  Index failures = 0;
  // The finals: which run is next, which is the best so far.
  Index next = 0;
  Index best = -1;
};

/// All bits of every number.
Json to_json(const Trail& trail);
/// Reads what to_json wrote. Throws DataError for anything else, and for families that are not in
/// the registry.
Trail trail_from_json(const Json& json);

}  // namespace mix
