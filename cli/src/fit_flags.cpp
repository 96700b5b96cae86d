#include "fit_flags.h"

#include <string>

#include "checkpoint_option.h"
#include "text.h"
#include "validators.h"

namespace mix::cli {

void add_fit_flags(CLI::App& command, FitFlags& flags) {
  flags.command = &command;
  command.add_option("DATA", flags.file, "table to read: .csv, .tsv, .npy or .mtx")
      ->required()
      ->type_name("FILE");
  command
      .add_option("--columns", flags.roles.described,
                  "columns to describe (default: all that the family can describe)")
      ->check(not_empty())
      ->type_name("A,B,...");
  command
      .add_option("--components", flags.components,
                  "number of components, or a range; mml:K or mml:K-K: one run from the most "
                  "components down, which keeps those that shorten the message length (default: "
                  "1-9)")
      ->type_name("K | K-K");
  command
      .add_option("--structure", flags.candidates.structure,
                  "covariances: VVV and the other 13 names of mclust, or full, tied, diag, "
                  "spherical; several with commas; or all (default: all)")
      ->type_name("NAME");
  command
      .add_option("--criterion", flags.criterion,
                  "what models are ranked by, smaller is better: " +
                      join(comparison_criteria(), ", ") + " (cross-validation) (default: bic)")
      ->type_name("NAME");
  command
      .add_option("--folds", flags.cross_validation.folds,
                  "of cv: how many parts the rows are divided into (default: 5)")
      ->check(at_least(2))
      ->type_name("N");
  command
      .add_option("--repeats", flags.cross_validation.repeats,
                  "of cv: how often they are divided anew (default: 1)")
      ->check(at_least(1))
      ->type_name("N");
  command.add_option("--weights", flags.roles.weights, "column with the weight of each row")
      ->type_name("COLUMN");
  command
      .add_option("--labels", flags.roles.labels,
                  "column with the known component of each row, missing where unknown; the default "
                  "number of components is then the number of labels")
      ->type_name("COLUMN");
  command
      .add_option("--label-prior", flags.roles.label_prior,
                  "columns with how probable each component is for a row beforehand, one for each "
                  "component; all missing where nothing is known")
      ->type_name("A,B,...");
  command
      .add_option("--groups", flags.roles.groups,
                  "column whose equal cells mark rows of one component: repeated measurements")
      ->type_name("COLUMN");
  command
      .add_option("--errors", flags.roles.errors,
                  "columns with the standard errors of the described columns, in their order: "
                  "Gaussians of the values without these errors")
      ->type_name("A,B,...");
  command
      .add_option("--trials", flags.roles.trials,
                  "column with the numbers of trials, for the families binomial and beta_binomial")
      ->type_name("COLUMN");
  command
      .add_option("--response", flags.roles.response,
                  "of a regression: the column that it predicts from the covariates")
      ->type_name("COLUMN");
  command
      .add_option("--covariates", flags.roles.covariates,
                  "of a regression: the columns that it predicts from (default: the columns of "
                  "numbers that play no other part)")
      ->type_name("COLUMNS");
  command
      .add_option("--offset", flags.roles.offset,
                  "of a regression: the column that is added to its linear predictor")
      ->type_name("COLUMN");
  command
      .add_option("--gate", flags.roles.gate,
                  "columns that the mixing weights depend on, by multinomial logits")
      ->type_name("COLUMNS");
  command
      .add_option("--init", flags.init,
                  "start: auto, k-means++, kmeans, random, hierarchical, growing, short-runs, or "
                  "labels:COLUMN (default: auto)")
      ->type_name("NAME");
  command
      .add_option("--effort", flags.effort,
                  "how hard to look for the best optimum: fast, default or thorough (default: "
                  "default)")
      ->check(CLI::IsMember({"fast", "default", "thorough"}).description(""))
      ->type_name("NAME");
  add_checkpoint(command, flags.checkpoint);
  command.add_option("--n-init", flags.fit.n_init, "number of starts; 0 chooses (default: 0)")
      ->check(at_least(0))
      ->type_name("N");
  command
      .add_option(
          "--prior", flags.candidates.prior,
          "prior: none; of covariances conjugate or chen-tan; of any family data, imaginary "
          "rows like the data (default: none)")
      ->check(CLI::IsMember({"none", "conjugate", "chen-tan", "data"}).description(""))
      ->type_name("NAME");
  command
      .add_option("--prior-weight", flags.candidates.prior_weight,
                  "of --prior data: how many rows it counts as in each component (default: 1)")
      ->type_name("W");
  command
      .add_option(
          "--eigenvalue-ratio", flags.candidates.eigenvalue_ratio,
          "largest factor by which eigenvalues of gaussian covariances may differ, in units "
          "of the data's; tries the structures that have such a limit (default: none)")
      ->check(number_from(1))
      ->type_name("C");
  command
      .add_option("--fix", flags.fixed,
                  "parameters of the components that have a known value: shape=2,scale=1.5")
      ->type_name("NAME=VALUE,...");
  command
      .add_option("--share", flags.shared,
                  "parameters that all components have in common: standard_deviation")
      ->type_name("NAME,...");
  command
      .add_option("--schema", flags.schema,
                  "file that says what each column is for (JSON), or a model that was fitted with "
                  "one")
      ->type_name("FILE");
  command
      .add_option("--dof", flags.candidates.dof,
                  "degrees of freedom of student_t: per_component or shared, both estimated, or a "
                  "number that stays fixed (default: per_component)")
      ->type_name("CHOICE");
  command
      .add_option("--factors", flags.candidates.factors,
                  "number of factors of factor_analyzers, several with commas (default: 2)")
      ->delimiter(',')
      ->check(at_least(1))
      ->type_name("Q");
  command
      .add_option("--scree", flags.candidates.scree,
                  "threshold of the scree test that chooses each component's own number, at most "
                  "--factors, such as 0.2 (default: by BIC)")
      ->type_name("T");
  command
      .add_option("--bounds", flags.candidates.bounds,
                  "bounds that values are seen within, of truncated_normal and its like: 0,inf")
      ->delimiter(',')
      ->expected(2)
      ->type_name("LOWER,UPPER");
  command
      .add_option("--assignment", flags.assignment,
                  "how rows are shared among components: soft, hard, stochastic, saem[:BURN_IN], "
                  "annealed or truncated:KEEP[,NEIGHBORS[,EXTRA]] (default: soft)")
      ->type_name("NAME");
  command
      .add_option("--trim", flags.trim,
                  "share of the rows, the least probable ones, that is left out of the fit: 0.05 "
                  "(default: 0)")
      ->check(not_negative())
      ->type_name("SHARE");
  command
      .add_option(
          "--precision", flags.precision,
          "arithmetic of Gaussian passes: full, or mixed, which is faster with 5 columns or "
          "more and covariances that are neither diagonal nor common, and refused without such "
          "(default: full)")
      ->check(CLI::IsMember({"full", "mixed"}).description(""))
      ->type_name("NAME");
  command
      .add_option("--accelerate", flags.acceleration,
                  "extrapolation of slow runs: auto, none, squarem or anderson (default: auto)")
      ->check(CLI::IsMember({"auto", "none", "squarem", "anderson"}).description(""))
      ->type_name("NAME");
  command.add_flag("--equal-weights", flags.equal_weights, "all components equally probable");
  command.add_flag("--noise", flags.candidates.noise,
                   "one more component, uniform on the range of the data, for outliers");
  command
      .add_option("--tol", flags.fit.tol,
                  "stop when less than this is still to gain, in nats (default: 0.001)")
      ->check(not_negative())
      ->type_name("T");
  command
      .add_option("--max-iter", flags.fit.max_iter,
                  "largest number of passes over the data (default: 5000)")
      ->check(at_least(1))
      ->type_name("N");
  flags.fit.seed = 1;
  command.add_option("--seed", flags.fit.seed, "seed of the random starts (default: 1)")
      ->check(seed())
      ->type_name("N");
  command
      .add_option("--threads", flags.fit.threads,
                  "threads, 0 for one per core; the result is the same (default: 0)")
      ->check(at_least(0))
      ->type_name("N");
}

}  // namespace mix::cli
