#include <gmock/gmock.h>

#include "run_program.h"

namespace mix::testing {
namespace {

using ::testing::HasSubstr;

const std::string gumbel = MIXTURE_PLUGIN_FOLDER "/libgumbel.so";

TEST(Plugin, BringsAFamilyToEveryCommand) {
  const Folder here;
  const Json fitted =
      here.succeed({"fit", faithful, "--columns", "waiting", "--components", "2", "--plugin",
                    gumbel, "--family", "my_gumbel", "--json", "--out", "model.json"})
          .json();
  EXPECT_NEAR(fitted["log_likelihood"].get<double>(), -1035.87, 0.01);
  const Outcome labels = here.succeed({"predict", "model.json", faithful, "--plugin", gumbel});
  EXPECT_THAT(labels.out, HasSubstr("label"));
  EXPECT_THAT(here.succeed({"sample", "model.json", "-n", "3", "--plugin", gumbel}).out,
              HasSubstr("waiting"));
  EXPECT_THAT(here.succeed({"compare", faithful, "--columns", "waiting", "--components", "2",
                            "--families", "my_gumbel,normal", "--plugin", gumbel + "," + gumbel})
                  .out,
              HasSubstr("my_gumbel"));
  here.refuse({"predict", "model.json", faithful}, {"my_gumbel", "poisson"});
}

TEST(Plugin, OfSeveralColumnsIsABlockForEach) {
  const Folder here;
  const Json fitted = here.succeed({"fit", faithful, "--components", "2", "--plugin", gumbel,
                                    "--family", "my_gumbel", "--json"})
                          .json();
  EXPECT_EQ(fitted["n_parameters"], 9);
}

TEST(Plugin, RefusesWhatIsNone) {
  const Folder here;
  here.write("text.so", "no library");
  const auto refuse = [&](const std::string& file, const std::vector<std::string>& parts) {
    here.refuse({"fit", faithful, "--plugin", file, "--out", "model.json"}, parts);
  };
  refuse("missing.so", {"\"missing.so\"", "no such file"});
  refuse("text.so", {"\"text.so\"", "cannot load"});
  refuse(MIXTURE_PLUGIN_FOLDER "/libno_families.so", {"MIXTURE_PLUGIN"});
  refuse(MIXTURE_PLUGIN_FOLDER "/libclash.so", {"\"poisson\"", "another name"});
  refuse(MIXTURE_PLUGIN_FOLDER "/libother_interface.so",
         {"0, of another time", "compile it again"});
  EXPECT_THAT(here.files(), ::testing::ElementsAre("text.so"));
}

}  // namespace
}  // namespace mix::testing
