#include "mix/distributions/covariance_structure.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <Eigen/Cholesky>
#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <stdexcept>
#include <utility>

namespace mix {
namespace {

constexpr std::array names = {"EII", "VII", "EEI", "VEI", "EVI", "VVI", "EEE",
                              "VEE", "EVE", "VVE", "EEV", "VEV", "EVV", "VVV"};

constexpr std::array<std::pair<std::string_view, Structure>, 10> other_names = {{
    {"E", Structure::EII},
    {"V", Structure::VII},
    {"X", Structure::EII},
    {"XII", Structure::EII},
    {"XXI", Structure::EEI},
    {"XXX", Structure::EEE},
    {"SPHERICAL", Structure::VII},
    {"DIAG", Structure::VVI},
    {"TIED", Structure::EEE},
    {"FULL", Structure::VVV},
}};

Part part(char letter) {
  switch (letter) {
    case 'E':
      return Part::equal;
    case 'V':
      return Part::variable;
    default:
      return Part::identity;
  }
}

}  // namespace

StructureParts parts(Structure structure) {
  const char* letters = names[static_cast<std::size_t>(structure)];
  return {part(letters[0]), part(letters[1]), part(letters[2])};
}

std::string to_string(Structure structure) { return names[static_cast<std::size_t>(structure)]; }

Structure parse_structure(std::string_view name) {
  std::string upper(name);
  std::transform(upper.begin(), upper.end(), upper.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  for (const Structure structure : all_structures()) {
    if (upper == names[static_cast<std::size_t>(structure)]) return structure;
  }
  for (const auto& [other, structure] : other_names) {
    if (upper == other) return structure;
  }
  throw std::invalid_argument(
      fmt::format("unknown covariance structure '{}': use one of {}, spherical, diag, tied, full, "
                  "or E, V for one column",
                  name, fmt::join(names, ", ")));
}

const std::vector<Structure>& all_structures() {
  static const std::vector<Structure> all = {
      Structure::EII, Structure::VII, Structure::EEI, Structure::VEI, Structure::EVI,
      Structure::VVI, Structure::EEE, Structure::VEE, Structure::EVE, Structure::VVE,
      Structure::EEV, Structure::VEV, Structure::EVV, Structure::VVV};
  return all;
}

std::vector<Structure> distinct_structures(Index d) {
  if (d == 1) return {Structure::EII, Structure::VII};
  return all_structures();
}

bool is_diagonal(Structure structure, Index d) {
  return d == 1 || part(names[static_cast<std::size_t>(structure)][2]) == Part::identity;
}

bool is_common(Structure structure, Index d) {
  const StructureParts p = parts(structure);
  return p.volume == Part::equal &&
         (d == 1 || (p.shape != Part::variable && p.orientation != Part::variable));
}

Index covariance_parameter_count(Structure structure, Index k, Index d) {
  const auto count = [k](Part part, Index each) {
    switch (part) {
      case Part::equal:
        return each;
      case Part::variable:
        return k * each;
      default:
        return Index{0};
    }
  };
  const StructureParts p = parts(structure);
  return count(p.volume, 1) + count(p.shape, d - 1) + count(p.orientation, d * (d - 1) / 2);
}

Matrix product_with_transpose(const Matrix& lower) {
  Matrix m = lower * lower.transpose();
  m.triangularView<Eigen::StrictlyUpper>() = m.transpose();
  return m;
}

std::vector<Matrix> Covariances::matrices() const {
  std::vector<Matrix> all;
  for (const Matrix& factor : factors) all.push_back(product_with_transpose(factor));
  return all;
}

double covariance_objective(const std::vector<Matrix>& covariances,
                            const std::vector<Matrix>& scatter, const Vector& mass) {
  double sum = 0;
  for (std::size_t k = 0; k < covariances.size(); ++k) {
    const Eigen::LLT<Matrix> factor(covariances[k]);
    if (factor.info() != Eigen::Success) return -infinity;
    sum += mass[static_cast<Index>(k)] * 2 * factor.matrixLLT().diagonal().array().log().sum() +
           factor.solve(scatter[k]).trace();
  }
  return -0.5 * sum;
}

}  // namespace mix
