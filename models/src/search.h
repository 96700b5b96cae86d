#pragma once

#include "partitions.h"
#include "run.h"

namespace mix {

/// The best run that the options let one find; fills in what the report says about the search.
/// Partitions are shared with the other fits to `pool`; null shares nothing.
Run search(const MixtureModel& model, const AnyRows& x, const FitOptions& options,
           PartitionPool* pool, Report& report);

}  // namespace mix
