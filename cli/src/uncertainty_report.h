#pragma once

#include <string>
#include <vector>

#include "mix/json_fields.h"
#include "mix/models/bootstrap.h"
#include "mix/models/standard_errors.h"
#include "mix/table.h"

namespace mix::cli {

/// A block of rows for each component, and how sure the estimate is to be a maximum. `names` are
/// the components' titles, one each.
std::string describe_standard_errors(const StandardErrors& errors,
                                     const std::vector<std::string>& names,
                                     const std::vector<Column>& columns);
std::string describe_bootstrap(const Bootstrap& bootstrap, const BootstrapOptions& options,
                               const std::vector<std::string>& names,
                               const std::vector<Column>& columns);

/// The objects that --json prints.
Json standard_errors_object(const StandardErrors& errors);
Json bootstrap_object(const Bootstrap& bootstrap, const BootstrapOptions& options);

}  // namespace mix::cli
