#pragma once

#include <CLI/CLI.hpp>

/// The subcommands of the program: each adds itself, its options and what it does to `app`.
namespace mix::cli {

void add_fit(CLI::App& app);
void add_compare(CLI::App& app);
void add_predict(CLI::App& app);
void add_sample(CLI::App& app);
void add_impute(CLI::App& app);
void add_kmeans(CLI::App& app);
void add_plot(CLI::App& app);
void add_info(CLI::App& app);
void add_describe(CLI::App& app);
void add_regress(CLI::App& app);
void add_score(CLI::App& app);
void add_merge(CLI::App& app);
void add_test(CLI::App& app);

}  // namespace mix::cli
