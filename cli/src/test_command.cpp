#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <stdexcept>

#include "commands.h"
#include "fit_flags.h"
#include "interrupt.h"
#include "json_report.h"
#include "mix/models/bootstrap_test.h"
#include "output.h"
#include "problem.h"
#include "progress.h"
#include "report.h"
#include "text.h"
#include "validators.h"

namespace mix::cli {
namespace {

struct TestCommand {
  FitFlags fit{};
  Index replicates = 999;
  Index exceedances = 20;
  double level = 0.05;
  bool json = false;
};

// How many samples are still to come, as the share that exceeds so far lets expect.
double samples_left(Index done, Index exceeding, const BootstrapTestOptions& options) {
  const auto left = static_cast<double>(options.replicates - done);
  if (options.exceedances == 0 || exceeding == 0) return left;
  const double until_early = static_cast<double>(options.exceedances - exceeding) *
                             static_cast<double>(done) / static_cast<double>(exceeding);
  return std::min(left, until_early);
}

std::vector<BootstrapTest> run_tests(const TestCommand& flags, const Problem& problem) {
  catch_interrupts();
  ProgressLine line;
  const auto begin = std::chrono::steady_clock::now();
  Index before = 0;  // samples of all tests so far
  Index last = 0;
  BootstrapTestOptions options{problem.options.fit, flags.replicates, flags.exceedances};
  options.progress = [&](Index done, Index exceeding) {
    if (done < last) before += last;  // another test has begun
    last = done;
    const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - begin;
    const double each = elapsed.count() / static_cast<double>(before + done);
    line.show(fmt::format("{} of at most {} samples, {} as large as the data's; about {} left",
                          done, flags.replicates, exceeding,
                          duration(each * samples_left(done, exceeding, options))));
    return !interrupted();
  };
  try {
    return successive_tests(problem.options.families.front(), problem.options.components,
                            flags.level, problem.data.table.cells(), options);
  } catch (const std::invalid_argument& error) {
    throw std::invalid_argument(with_places(error.what(), problem.data.table));
  }
}

// The number that no test rejects; none where all do.
std::optional<Index> not_rejected(const std::vector<BootstrapTest>& tests, double level) {
  if (tests.back().p_value <= level) return std::nullopt;
  return tests.back().n_components;
}

std::string describe_tests(const TestCommand& flags, const Problem& problem,
                           const std::vector<BootstrapTest>& tests) {
  std::string text = fmt::format(
      "{}\n{}: bootstrap likelihood-ratio tests\n"
      "    K  against    statistic  samples  as large  p-value\n",
      describe_data(problem.data), problem.options.families.front().name);
  Index failed = 0;
  for (const BootstrapTest& test : tests) {
    text += fmt::format("  {:>3}  {:>7}  {:>11.3f}  {:>7}  {:>8}  {:>7.4f}{}\n", test.n_components,
                        test.n_components + 1, test.statistic, test.samples.size(), test.exceeding,
                        test.p_value, test.early ? "  ended early" : "");
    failed += test.failed;
  }
  if (failed > 0) {
    text += fmt::format("{} could not be fitted and count as large.\n", count_of(failed, "sample"));
  }
  const std::optional<Index> chosen = not_rejected(tests, flags.level);
  text += chosen ? fmt::format("\n{} at the level {}.\n",
                               *chosen == 1 ? "1 component is not rejected"
                                            : count_of(*chosen, "component") + " are not rejected",
                               flags.level)
                 : fmt::format("\nAt least {} at the level {}.\n",
                               count_of(tests.back().n_components + 1, "component"), flags.level);
  for (const BootstrapTest& test : tests) {
    for (const Fit* fit : {&test.null, &test.alternative}) {
      if (!fit->report.flagged) continue;
      text += wrapped(fmt::format("Warning: the fit of {} is spurious, so its test is worth little",
                                  count_of(fit->model.n_components(), "component")),
                      94, "  ") +
              "\n";
    }
  }
  return text;
}

Json tests_object(const TestCommand& flags, const Problem& problem,
                  const std::vector<BootstrapTest>& tests) {
  Json array = Json::array();
  for (const BootstrapTest& test : tests) {
    array.push_back({{"n_components", test.n_components},
                     {"log_likelihood", test.null.report.log_likelihood},
                     {"log_likelihood_alternative", test.alternative.report.log_likelihood},
                     {"statistic", test.statistic},
                     {"p_value", test.p_value},
                     {"samples", test.samples.size()},
                     {"exceeding", test.exceeding},
                     {"failed", test.failed},
                     {"ended_early", test.early},
                     {"statistics", test.samples}});
  }
  const std::optional<Index> chosen = not_rejected(tests, flags.level);
  return {{"n", problem.data.table.rows()},
          {"name", problem.options.families.front().name},
          {"level", flags.level},
          {"n_components", chosen ? Json(*chosen) : Json()},
          {"tests", std::move(array)}};
}

void run_test(const TestCommand& flags) {
  const FamilyChoice choice = parse_family(flags.fit.family_or_default());
  if (!(flags.level > 0 && flags.level < 1)) {
    throw std::invalid_argument(
        fmt::format("--level {}: a level is between 0 and 1, such as 0.05", flags.level));
  }
  const Problem problem = make_problem(flags.fit, choice);
  if (problem.options.families.size() > 1) {
    throw std::invalid_argument(fmt::format(
        "test compares numbers of components of one family, but these are {}: {}, {}, ...; choose "
        "one by --family and --structure",
        problem.options.families.size(), problem.options.families[0].name,
        problem.options.families[1].name));
  }
  if (problem.options.annihilate) {
    throw std::invalid_argument(
        fmt::format("--components {}: a test fits each number; give a range such as 1-9",
                    flags.fit.components));
  }
  const Components& components = problem.options.components;
  if (components.first == components.last) {
    throw std::invalid_argument(
        fmt::format("--components {}: a test compares two numbers; give a range such as {}-{}",
                    components.first, components.first, components.first + 1));
  }
  const std::vector<BootstrapTest> tests = run_tests(flags, problem);
  print_out(flags.json ? to_line(tests_object(flags, problem, tests))
                       : describe_tests(flags, problem, tests));
  end_checkpoint(problem);
}

}  // namespace

void add_test(CLI::App& app) {
  const auto flags = std::make_shared<TestCommand>();
  CLI::App& command = *app.add_subcommand(
      "test", "Test numbers of components by the bootstrapped likelihood ratio");
  flags->fit.default_family = "gaussian";
  add_fit_flags(command, flags->fit);
  for (const char* of_ranking : {"--criterion", "--folds", "--repeats"}) {
    command.remove_option(command.get_option(of_ranking));
  }
  command
      .add_option("--family", flags->fit.family,
                  "distribution of the components; for blocks of columns a+b=gaussian,c=poisson "
                  "(default: gaussian)")
      ->type_name("NAME");
  command
      .add_option("--replicates", flags->replicates,
                  "largest number of samples, each fitted anew (default: 999)")
      ->check(at_least(1))
      ->type_name("B");
  command
      .add_option("--exceedances", flags->exceedances,
                  "end a test after so many samples whose statistic is as large as that of the "
                  "data; 0: never (default: 20)")
      ->check(at_least(0))
      ->type_name("N");
  command
      .add_option("--level", flags->level,
                  "K components are rejected when the p-value is at most this, and K+1 are tested "
                  "next (default: 0.05)")
      ->type_name("P");
  command.add_flag("--json", flags->json, "print one JSON object instead of text");
  command.footer(
      "Tests K components against K+1 for each K of the range, until one is not rejected.\n"
      "Example: mixture test faithful.csv --structure EEE --components 1-5");
  command.callback([flags] { run_test(*flags); });
}

}  // namespace mix::cli
