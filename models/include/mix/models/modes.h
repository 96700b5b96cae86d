#pragma once

#include <vector>

#include "mix/models/mixture_model.h"

namespace mix {

/// A local maximum of a density.
struct Mode {
  Vector point;
  double log_density = 0;
};

/// The modes that climbing from the mean of each component reaches, the highest first, each once.
/// A mixture may have modes besides (Carreira-Perpinan 2000), but hardly ever does.
///
/// Where the columns are continuous the climb is Newton's method with differences of the log
/// density, to about eight digits of the standard deviations; it finds modes inside the support,
/// not densities that grow towards an edge. Where a component explains whole numbers alone it walks
/// from one to the next, a column at a time. Throws NotAvailable where a family has no moments; a
/// component without a finite mean or variance is no start.
std::vector<Mode> modes(const MixtureModel& model);

}  // namespace mix
