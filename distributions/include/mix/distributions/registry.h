#pragma once

#include <functional>
#include <string>
#include <vector>

#include "mix/registry.h"

namespace mix {

/// Every family of this folder by name: one entry each, in distributions/src/registry.cpp.
std::vector<FamilyEntry> distribution_entries();

/// `family` for so many columns: as it is if it describes as many; one of one column becomes a
/// product, a block per column, independent given the component. Throws std::invalid_argument for
/// another number of columns.
AnyFamily for_columns(const AnyFamily& family, Index columns);

/// The entry of a distribution with a constant `name` and a default constructor; estimates set out
/// from `prototype`. `suits` says on which columns a comparison tries it by itself.
template <class D>
FamilyEntry entry_of(D prototype = {}, const std::function<bool(const Table&)>& suits = nullptr) {
  return {.name = std::string(D::name),
          .empty = [] { return AnyFamily(Untied<D>()); },
          .make =
              [prototype](const FamilyRequest& request) {
                return for_columns(Untied(prototype, request.k), request.columns->column_count());
              },
          .suits = suits};
}

}  // namespace mix
