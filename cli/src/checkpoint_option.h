#pragma once

#include <CLI/CLI.hpp>
#include <memory>
#include <string>

#include "mix/models/checkpoint.h"
#include "mix/table.h"

namespace mix::cli {

/// Adds --checkpoint FILE.
void add_checkpoint(CLI::App& command, std::string& file);

/// The checkpoint in the file: null where none is named. It belongs to the options of the command
/// but for those that do not change results, to the rows and to their weights; throws DataError
/// for one of other work.
std::shared_ptr<Checkpoint> open_checkpoint(const std::string& file, const CLI::App& command,
                                            const Table& rows, const Vector& weights,
                                            const std::string& model = {});

/// After an interrupt what was done is written.
void save_interrupted(const std::shared_ptr<Checkpoint>& checkpoint);
/// Nothing more is to be done: it is removed, unless an interrupt came before the end.
void end_checkpoint(const std::shared_ptr<Checkpoint>& checkpoint);

}  // namespace mix::cli
