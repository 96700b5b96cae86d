#include "mix/criteria.h"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <stdexcept>
#include <utility>

namespace mix {
namespace {

using Entry = std::pair<const char*, double Criteria::*>;
constexpr std::array<Entry, 12> entries{{{"aic", &Criteria::aic},
                                         {"aic3", &Criteria::aic3},
                                         {"aicc", &Criteria::aicc},
                                         {"bic", &Criteria::bic},
                                         {"caic", &Criteria::caic},
                                         {"hqc", &Criteria::hqc},
                                         {"sabic", &Criteria::sabic},
                                         {"icl", &Criteria::icl},
                                         {"icl_map", &Criteria::icl_map},
                                         {"clc", &Criteria::clc},
                                         {"awe", &Criteria::awe},
                                         {"nec", &Criteria::nec}}};

}  // namespace

double Criteria::at(std::string_view name) const {
  for (const auto& [known, member] : entries) {
    if (name == known) return this->*member;
  }
  throw std::invalid_argument(
      fmt::format("there is no criterion named \"{}\"; the known ones are {}", name,
                  fmt::join(criterion_names(), ", ")));
}

const std::vector<std::string>& criterion_names() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> all;
    for (const auto& entry : entries) all.emplace_back(entry.first);
    return all;
  }();
  return names;
}

Criteria criteria(const CriteriaInput& input) {
  const double deviance = -2 * input.log_likelihood;
  const auto nu = static_cast<double>(input.parameter_count);
  const double n = input.n;
  Criteria c;
  c.aic = deviance + 2 * nu;
  c.aic3 = deviance + 3 * nu;
  if (n > nu + 1) c.aicc = c.aic + 2 * nu * (nu + 1) / (n - nu - 1);
  c.bic = deviance + nu * std::log(n);
  c.caic = deviance + nu * (std::log(n) + 1);
  if (n > 1) c.hqc = deviance + 2 * nu * std::log(std::log(n));
  c.sabic = deviance + nu * std::log((n + 2) / 24);
  c.icl = c.bic + 2 * input.entropy;
  c.icl_map = c.bic - 2 * input.log_largest;
  c.clc = deviance + 2 * input.entropy;
  c.awe = -2 * input.classification + 2 * nu * (1.5 + std::log(n));
  if (input.n_components == 1) {
    c.nec = 1;
  } else if (const double gain = input.log_likelihood - input.one_component; gain > 0) {
    c.nec = input.entropy / gain;
  }
  return c;
}

}  // namespace mix
