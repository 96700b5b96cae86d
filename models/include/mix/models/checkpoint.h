#pragma once

#include <chrono>
#include <filesystem>
#include <map>
#include <mutex>
#include <string>

#include "mix/any_rows.h"
#include "mix/json_fields.h"

namespace mix {

/// What long work has come to so far, in a file, so that the same work can go on there after an
/// interruption. Entries have names, one for each part of the work. Several threads may use it at
/// once.
class Checkpoint {
 public:
  /// Goes on from the file where there is one, otherwise begins anew; the file is written no sooner
  /// than something is kept. `work` says what is being done: the data, the options. Throws
  /// DataError when the file cannot be read, is no checkpoint, or is one of other work.
  Checkpoint(std::filesystem::path path, std::string work);

  /// What was kept under this name; null where nothing was.
  [[nodiscard]] Json find(const std::string& name) const;
  /// Keeps `value` under the name, instead of what was kept there before. The file is written,
  /// whole or not at all, if that was not done within the last seconds. Throws DataError when it
  /// cannot be.
  void keep(const std::string& name, Json value);
  /// Writes what was not yet written.
  void write();
  /// The work is done: removes the file.
  void remove();

 private:
  void write_locked();

  std::filesystem::path path_;
  std::string work_;
  mutable std::mutex mutex_;
  std::map<std::string, Json> entries_;
  bool changed_ = false;
  std::chrono::steady_clock::time_point written_;
};

/// A number that differs, but for chance, between rows that differ: to tell whether a checkpoint
/// belongs to them.
std::string fingerprint(const AnyRows& x);

}  // namespace mix
