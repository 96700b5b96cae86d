#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "mix/models/compare.h"
#include "mix/models/merge.h"
#include "mix/models/mixture_model.h"
#include "mix/table.h"

namespace mix::cli {

/// What else a picture of a model shows.
struct PlotOptions {
  std::vector<std::string> component_names{};  ///< as in SavedModel
  Vector weights{};                            ///< of the rows, in histograms; empty: one each
};

/// Draws the rows of `columns` and the model that describes them into an SVG or PNG file, chosen by
/// the file's name. One column: histogram, mixture density and weighted components. Two: rows
/// colored by their most probable component, ellipses that hold 50 % and 95 % of a component,
/// regions of highest density. More: a scatter matrix of at most 6 columns; of counts and
/// categories, and of many columns of components without ellipses, the means and probabilities of
/// every component side by side; of Markov chains the probabilities of first states and of
/// transitions. Columns that are given (covariates) have no place of their own there. A response
/// given other columns: rows, and each component's mean and standard deviation over the given
/// column that goes with it best; shares of successes likewise over the trials. Ends of intervals:
/// the cumulative distribution of rows (Turnbull 1976), mixture and components.
///
/// Rows with missing cells are left out and many rows are thinned out; the picture says so. The
/// file appears whole or not at all. Throws std::invalid_argument for another extension and for
/// columns that the model does not describe or weights that do not fit the rows, DataError when the
/// file cannot be written or gnuplot is missing or fails.
void plot_model(const MixtureModel& model, const Table& columns,
                const std::filesystem::path& picture, const PlotOptions& options = {});

/// Draws the criterion that ranked `comparison` against the number of components, one line per
/// family, the best fit marked; flagged fits are hollow, failed ones left out. When all fits have
/// the same number of components: one row per family. Files and errors as in plot_model; throws
/// std::runtime_error when no fit has a value.
void plot_comparison(const Comparison& comparison, const std::filesystem::path& picture);

/// Draws how components are joined: a dendrogram whose heights are nats of entropy removed so far,
/// what is within each of `clusters` clusters in the color of the cluster. Files and errors as in
/// plot_model.
void plot_merging(const MergeTree& tree, Index clusters, const std::vector<std::string>& names,
                  const std::filesystem::path& picture);

}  // namespace mix::cli
