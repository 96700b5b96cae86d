#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "data.h"
#include "family_choice.h"
#include "mix/models/compare.h"

namespace mix::cli {

/// What `fit` and `compare` are told.
struct FitFlags {
  std::string file{};
  std::string family{};          ///< the text of --family or --families
  std::string default_family{};  ///< what counts where there is none
  std::string schema{};          ///< the file
  std::string fixed{};           ///< `shape=2,scale=1.5`
  std::string shared{};          ///< `scale,shape`
  ColumnRoles roles{};
  CandidateOptions candidates{};
  std::string components{};  ///< `3`, `1-9` or `mml:20`; empty chooses
  std::string criterion = "bic";
  CrossValidationOptions cross_validation{};
  std::string init = "auto";
  std::string effort = "default";
  std::string precision = "full";
  std::string acceleration = "auto";
  std::string assignment = "soft";
  double trim = 0;           ///< the share of rows that is left out
  std::string checkpoint{};  ///< the file
  const CLI::App* command = nullptr;
  FitOptions fit{};
  bool equal_weights = false;

  [[nodiscard]] const std::string& family_or_default() const {
    return family.empty() ? default_family : family;
  }
};

/// Adds the options that `fit` and `compare` share.
void add_fit_flags(CLI::App& command, FitFlags& flags);

}  // namespace mix::cli
