#include "mix/models/checkpoint.h"

#include <fmt/format.h>

#include <bit>
#include <boost/container_hash/hash.hpp>
#include <cstdint>
#include <utility>

#include "mix/errors.h"
#include "mix/files.h"

namespace mix {
namespace {

constexpr const char* checkpoint_format_name = "mixture-checkpoint";
constexpr auto between_writings = std::chrono::seconds(2);

}  // namespace

Checkpoint::Checkpoint(std::filesystem::path path, std::string work)
    : path_(std::move(path)), work_(std::move(work)), written_(std::chrono::steady_clock::now()) {
  if (!std::filesystem::exists(path_)) {
    check_writable(path_);
    return;
  }
  const Json json = Json::parse(read_file(path_), nullptr, false);
  if (!json.is_object() || json.value("format", std::string()) != checkpoint_format_name ||
      !json.contains("entries") || !json["entries"].is_object()) {
    throw DataError(fmt::format("{}: this is not a checkpoint; name another file", path_.string()));
  }
  if (json.value("work", std::string()) != work_) {
    throw DataError(
        fmt::format("{}: this checkpoint is of other data or options; remove it, or name another "
                    "file",
                    path_.string()));
  }
  for (const auto& [name, value] : json["entries"].items()) entries_[name] = value;
}

Json Checkpoint::find(const std::string& name) const {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(name);
  return found == entries_.end() ? Json() : found->second;
}

void Checkpoint::keep(const std::string& name, Json value) {
  const std::lock_guard lock(mutex_);
  entries_[name] = std::move(value);
  changed_ = true;
  if (std::chrono::steady_clock::now() - written_ >= between_writings) write_locked();
}

void Checkpoint::write() {
  const std::lock_guard lock(mutex_);
  if (changed_) write_locked();
}

void Checkpoint::write_locked() {
  const Json json{{"format", checkpoint_format_name}, {"work", work_}, {"entries", entries_}};
  write_file_atomically(path_, json.dump() + "\n");
  changed_ = false;
  written_ = std::chrono::steady_clock::now();
}

void Checkpoint::remove() {
  const std::lock_guard lock(mutex_);
  changed_ = false;
  std::filesystem::remove(path_);
}

std::string fingerprint(const AnyRows& x) {
  std::size_t hash = 0;
  boost::hash_combine(hash, x.rows());
  for_each_dense_block(x, [&](Index /*first*/, Rows block) {
    for (Index j = 0; j < block.cols(); ++j) {
      for (Index i = 0; i < block.rows(); ++i) {
        boost::hash_combine(hash, std::bit_cast<std::uint64_t>(block(i, j)));
      }
    }
  });
  return fmt::format("{} x {}, {:016x}", x.rows(), x.cols(), hash);
}

}  // namespace mix
