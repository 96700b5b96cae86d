#include <gtest/gtest.h>

#include "entries.h"
#include "mix/testing/check_distribution.h"

// Every law, for every family.
namespace {

using namespace mix;
using law_entries::entries;
using law_entries::Entry;

class Laws : public testing::TestWithParam<Entry> {};

TEST_P(Laws, HoldForEveryFamily) {
  const Entry& entry = GetParam();
  const LawReport report = check_family(entry.family, entry.x, entry.options);
  EXPECT_TRUE(report.ok()) << report.text();
  // All, except those that may find nothing to check.
  const AnyFamily& family = entry.family;
  const std::size_t expected = 32 - (family.one_by_one() ? 0 : 1) - (family.separable() ? 0 : 1) -
                               (family.charted() ? 0 : 1) -
                               (entry.options.support.rows() > 0 ? 0 : 1) -
                               (family.streams() ? 0 : 4) - (family.samples() ? 0 : 1) -
                               (family.parameter_count() > 0 ? 0 : 1) - entry.options.skip.size();
  EXPECT_GE(report.checked.size(), expected);
}

INSTANTIATE_TEST_SUITE_P(All, Laws, testing::ValuesIn(entries()),
                         [](const auto& entry) { return entry.param.name; });

}  // namespace
