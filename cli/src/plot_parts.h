#pragma once

#include <string>
#include <utility>
#include <vector>

#include "component_shape.h"
#include "drawn_rows.h"
#include "gnuplot.h"
#include "plot.h"

namespace mix::cli {

/// Whether component k is uniform noise beside other components.
bool is_noise(const MixtureModel& model, Index k);
/// The color of component k; gray for noise.
Color component_color(const MixtureModel& model, Index k);
/// What a legend calls component k: its name, or its number counted from 1, and its weight unless
/// that differs by row.
std::string component_label(const MixtureModel& model, Index k,
                            const std::vector<std::string>& names);
/// The line above a picture: the model, the number of rows, and what was left out.
std::string heading(const MixtureModel& model, const DrawnRows& rows);
/// Writes the line above the axes.
void write_heading(Picture& picture, const std::string& text);
/// Of the name of a level beside an axis.
constexpr int most_level_letters = 14;
/// Whether the names of a column's levels, side by side, need more room than so many letters.
bool crowded(const Column& column, int letters);
/// Names the axis `axis` ("x" or "y") by the column, sets its range and about `tics` tics.
/// `letters` fit along it; names of levels that need more stand aslant.
void set_axis(Picture& picture, const std::string& axis, const Column& column, Range range,
              int tics = 8, int letters = 80);

/// The picture of a model of one column.
void plot_distribution(Picture& picture, const MixtureModel& model, const Table& table,
                       const PlotOptions& options);
/// The picture of two columns.
void plot_plane(Picture& picture, const MixtureModel& model, const Table& table,
                const PlotOptions& options, const std::vector<Index>& columns);
/// The picture of more columns.
void plot_matrix(Picture& picture, const MixtureModel& model, const Table& table,
                 const PlotOptions& options, const std::vector<Index>& columns);
/// Whether components are told apart best by profiles: they are Markov chains; or no component has
/// a shape, and the columns are counts and categories, or too many for a matrix.
bool plots_profiles(const MixtureModel& model, const Table& table,
                    const std::vector<Index>& columns);
/// Bars of every component's means and probabilities, side by side; of Markov chains those of the
/// first states and of transitions.
void plot_profiles(Picture& picture, const MixtureModel& model, const Table& table,
                   const PlotOptions& options, const std::vector<Index>& columns);
/// Whether the `described` columns are a single response, whose moments follow from what is given.
bool plots_response(const MixtureModel& model, const std::vector<Index>& described);
/// The response over the given column that goes with it best, with every component's mean and
/// standard deviation; the paler the less weight the component has there.
void plot_response(Picture& picture, const MixtureModel& model, const Table& table,
                   const PlotOptions& options, Index response);
/// Whether all components are binomial or beta-binomial with a trials column.
bool plots_shares(const MixtureModel& model);
/// The shares of successes over the trials, with every component's mean and standard deviation.
void plot_shares(Picture& picture, const MixtureModel& model, const Table& table,
                 const PlotOptions& options);
/// The pairs of columns that hold ends of intervals.
std::vector<std::pair<Index, Index>> interval_columns(const AnyFamily& family);
/// The cumulative probabilities of the values in intervals, a panel for each pair of columns.
void plot_intervals(Picture& picture, const MixtureModel& model, const Table& table,
                    const PlotOptions& options);

/// The axis of column j: its values, and room for the components' ellipses as far as they do not
/// dwarf the data.
Range axis_range(const MixtureModel& model, const Table& table, const DrawnRows& rows, Index j);
/// The ellipses that hold 50 % and 95 % of each component that has a shape in the two columns.
std::vector<std::string> ellipse_elements(Picture& picture, const MixtureModel& model,
                                          const DrawnRows& rows, Index across, Index up,
                                          double width);
/// Entries of a legend: the components, the ellipses when any has a shape in two of the columns,
/// and the innermost regions of highest density.
std::vector<std::string> legend(const MixtureModel& model, const std::vector<std::string>& names,
                                const std::vector<Index>& columns, std::size_t n_regions = 0);
/// How many rows a picture of `panels` panels shows.
Index most_rows(Index panels);
/// One element per component: its rows, colored, paler where uncertain. `size` scales the marks.
std::vector<std::string> scatter_elements(Picture& picture, const MixtureModel& model,
                                          const Table& table, const DrawnRows& rows, Index across,
                                          Index up, double size);

}  // namespace mix::cli
