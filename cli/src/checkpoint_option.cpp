#include "checkpoint_option.h"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>
#include <vector>

#include "interrupt.h"
#include "mix/files.h"
#include "mix/version.h"

namespace mix::cli {

void add_checkpoint(CLI::App& command, std::string& file) {
  command
      .add_option("--checkpoint", file,
                  "keep what was done in this file; after an interrupt the same command goes on "
                  "there")
      ->type_name("FILE");
}

std::shared_ptr<Checkpoint> open_checkpoint(const std::string& file, const CLI::App& command,
                                            const Table& rows, const Vector& weights,
                                            const std::string& model) {
  if (file.empty()) return nullptr;
  std::string work = fmt::format("mixture {}\n{}", version(), fingerprint(rows.cells()));
  if (weights.size() > 0) work += ", weights " + fingerprint(Matrix(weights));
  // A model may have been fitted anew into the same file.
  if (!model.empty()) work += "\n" + read_file(model);
  std::istringstream options(command.config_to_str());
  for (std::string line; std::getline(options, line);) {
    const std::string name = line.substr(0, line.find('='));
    const std::vector<std::string> neutral{"checkpoint", "threads", "out", "plot", "json"};
    if (std::find(neutral.begin(), neutral.end(), name) == neutral.end()) work += "\n" + line;
  }
  return std::make_shared<Checkpoint>(file, std::move(work));
}

void save_interrupted(const std::shared_ptr<Checkpoint>& checkpoint) {
  if (checkpoint && interrupted()) checkpoint->write();
}

void end_checkpoint(const std::shared_ptr<Checkpoint>& checkpoint) {
  save_interrupted(checkpoint);
  if (checkpoint && !interrupted()) checkpoint->remove();
}

}  // namespace mix::cli
