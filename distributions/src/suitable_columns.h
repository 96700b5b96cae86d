#pragma once

#include "mix/table.h"

namespace mix {

// On which columns a comparison tries a family by itself.

bool all_of_kind(const Table& table, ColumnKind kind);
bool suits_continuous(const Table& table);
/// Where a covariance of all columns has many parameters.
bool suits_many_columns(const Table& table);
/// Several real columns hang together more often than not, which blocks of one column cannot say.
bool suits_one_column(const Table& table);
/// Between whole numbers the edge of an extreme skewness would find room that is not there.
bool suits_measurements(const Table& table);
bool suits_positive(const Table& table);
bool suits_above_zero(const Table& table);
bool suits_shares(const Table& table);
bool suits_counts(const Table& table);
/// Zeros in every column, of which there may be too many.
bool suits_counts_with_zeros(const Table& table);
/// Counts from 1 on, as of what is recorded only when it occurs.
bool suits_counts_from_one(const Table& table);
bool suits_categories(const Table& table);
bool suits_binary(const Table& table);

}  // namespace mix
