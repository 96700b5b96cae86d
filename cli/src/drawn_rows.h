#pragma once

#include <optional>
#include <vector>

#include "contours.h"
#include "mix/models/mixture_model.h"
#include "mix/table.h"

namespace mix::cli {

/// The rows of a table that a picture shows, and what the model says about them.
struct DrawnRows {
  Matrix x;                               ///< rows x columns
  std::vector<Index> labels;              ///< the most probable component of each
  Vector certainty;                       ///< its probability, from 0 where all are equal to 1
  Vector weights;                         ///< of each row, positive
  Index complete = 0;                     ///< rows of the table without a missing cell
  Index incomplete = 0;                   ///< rows with one
  std::optional<double> weight_sum = {};  ///< of the complete rows, when rows have weights
};

/// At most `most` of the complete rows, the same ones each time, spread over the table; ends of
/// intervals may be missing. `weights`
/// are those of the table's rows, empty for one each; rows without weight are not drawn.
DrawnRows drawn_rows(const MixtureModel& model, const Table& table, Index most,
                     const Vector& weights = {});

/// `n` numbers between 0 and size in ascending order, a sample without replacement that depends on
/// nothing else.
std::vector<Index> thinned(Index size, Index n);

/// Whether the values of a column are drawn a little beside their place, so that equal ones do not
/// hide each other: categories, and counts most of which are equal to many others.
bool is_jittered(const Column& column, ConstVectorRef values);
/// The values moved by at most 0.3, each time the same; `stream` tells columns apart.
Vector jittered(ConstVectorRef values, std::uint64_t stream);

/// Whether the model gives probability only to single values of this column, as counts have, not to
/// those between them.
bool is_discrete(const MixtureModel& model, ConstMatrixRef x, Index column);

/// The range of the values, with room around them; of positive length also when they are equal.
Range padded_range(ConstVectorRef values, double room);
/// `range` extended to `other`, at most by the share `most` of its length on either side.
Range extended(Range range, Range other, double most);

/// The distance of at most `most` tics at round numbers: 1, 2 or 5 times a power of ten.
double tic_step(Range range, int most);
/// A gnuplot format for the tics of an axis that shows all digits in which they differ.
std::string tic_format(Range range);

/// At most `most` of the columns, in the order of the table: those whose means differ most between
/// the labels, measured by the share of the variance that lies between them.
std::vector<Index> telling_columns(const DrawnRows& rows, const std::vector<Index>& columns,
                                   Index most);

}  // namespace mix::cli
