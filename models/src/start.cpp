#include "mix/models/start.h"

#include <fmt/format.h>

#include <array>
#include <stdexcept>

namespace mix {
namespace {

struct Name {
  std::string operator()(const start::Auto&) const { return "auto"; }
  std::string operator()(const start::KMeansPlusPlus&) const { return "k-means++"; }
  std::string operator()(const start::KMeans&) const { return "kmeans"; }
  std::string operator()(const start::Random&) const { return "random"; }
  std::string operator()(const start::Labels&) const { return "labels"; }
  std::string operator()(const start::Responsibilities&) const { return "responsibilities"; }
  std::string operator()(const start::Parameters&) const { return "parameters"; }
  std::string operator()(const start::Hierarchical&) const { return "hierarchical"; }
  std::string operator()(const start::Growing&) const { return "growing"; }
  std::string operator()(const start::ShortRuns&) const { return "short-runs"; }
};

}  // namespace

std::string to_string(const Start& start) { return std::visit(Name{}, start); }

Start parse_start(const std::string& name) {
  static const std::array<Start, 7> known{
      start::Auto{},         start::KMeansPlusPlus{}, start::KMeans{},   start::Random{},
      start::Hierarchical{}, start::Growing{},        start::ShortRuns{}};
  std::string names;
  for (const Start& start : known) {
    if (to_string(start) == name) return start;
    names += fmt::format("{}{}", names.empty() ? "" : ", ", to_string(start));
  }
  throw std::invalid_argument(
      fmt::format("there is no start named \"{}\"; the known ones are {}", name, names));
}

}  // namespace mix
