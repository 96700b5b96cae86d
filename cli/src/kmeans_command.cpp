#include <fmt/format.h>

#include <cmath>
#include <memory>
#include <stdexcept>

#include "commands.h"
#include "component_table.h"
#include "data.h"
#include "json_report.h"
#include "mix/models/kmeans.h"
#include "output.h"
#include "report.h"
#include "text.h"
#include "validators.h"

namespace mix::cli {
namespace {

struct KMeansCommand {
  std::string data{};
  ColumnRoles roles{};
  std::string out{};
  KMeansOptions options{};
  Index k = 0;
  bool standardize = false;
  bool json = false;
};

// Columns centered and divided by their weighted standard deviations, and back.
struct Scale {
  Vector center;
  Vector unit;

  static Scale none(Index columns) { return {Vector::Zero(columns), Vector::Ones(columns)}; }
  static Scale of(Matrix x, const Vector& weights) {
    const Vector w = weights.size() > 0 ? weights : Vector::Ones(x.rows());
    // Squares of numbers below 1 are numbers whatever the column's own unit is. A power of two
    // changes no digit.
    Vector power(x.cols());
    for (Index j = 0; j < x.cols(); ++j) {
      const double largest = x.col(j).cwiseAbs().maxCoeff();
      power[j] = largest > 0 ? std::exp2(std::ilogb(largest)) : 1;
      x.col(j) /= power[j];
    }
    Scale scale{x.transpose() * w / w.sum(), Vector(x.cols())};
    const Matrix centered = x.rowwise() - scale.center.transpose();
    scale.unit = (centered.cwiseAbs2().transpose() * w / w.sum()).cwiseSqrt();
    scale.center.array() *= power.array();
    scale.unit.array() *= power.array();
    // A constant column stays at its center, whatever its unit.
    for (double& unit : scale.unit) unit = unit > 0 ? unit : 1;
    return scale;
  }
  [[nodiscard]] Matrix apply(const Matrix& x) const {
    return (x.rowwise() - center.transpose()).array().rowwise() / unit.transpose().array();
  }
  [[nodiscard]] Matrix undo(const Matrix& z) const {
    return (z.array().rowwise() * unit.transpose().array()).matrix().rowwise() + center.transpose();
  }
};

// One label per row of the file, from 1; rows that were left out have none.
Json label_array(const Data& data, const KMeans& result) {
  Json labels = Json::array();
  for (Index i = 0; i < data.file_rows; ++i) labels.push_back(nullptr);
  for (std::size_t i = 0; i < data.rows.size(); ++i) {
    labels[static_cast<std::size_t>(data.rows[i])] = result.labels[i] + 1;
  }
  return labels;
}

std::string describe(const KMeansCommand& flags, const Data& data, const KMeans& result) {
  std::vector<std::string> titles;
  ComponentRow rows{"rows", {}};
  for (Index k = 0; k < flags.k; ++k) {
    titles.push_back(fmt::format("{}", k + 1));
    rows.cells.push_back(
        fmt::format("{}", std::count(result.labels.begin(), result.labels.end(), k)));
  }
  std::vector<ComponentRow> table{rows, {"center", {}}};
  for (Index j = 0; j < data.table.column_count(); ++j) {
    ComponentRow row{"  " + data.table.column(j).name, {}};
    for (Index k = 0; k < flags.k; ++k) row.cells.push_back(brief(result.centers(k, j)));
    table.push_back(std::move(row));
  }
  std::string stop = to_string(result.stop);
  std::replace(stop.begin(), stop.end(), '_', ' ');
  return describe_data(data) +
         fmt::format(
             "\nk-means with {}: inertia {}{}\n"
             "Best of {}, reached by {}. Stopped after {}: {}.\n\n",
             count_of(flags.k, "cluster"), brief(result.inertia),
             flags.standardize ? " (of standardized columns)" : "",
             count_of(result.starts, "start"), result.hits, count_of(result.n_iter, "iteration"),
             stop) +
         format_components(titles, table);
}

void run_kmeans(KMeansCommand flags) {
  if (!flags.out.empty()) check_writable(flags.out);
  const Data data = read_columns(flags.data, flags.roles, FamilyChoice{{{FamilyBlock{"gaussian"}}}},
                                 Floats::converted)
                        .rows(IncompleteRows::left_out);
  data.say_what_is_missing();
  if (flags.k > data.table.rows()) {
    throw std::invalid_argument(fmt::format("-k {}: there are only {}; ask for at most as many",
                                            flags.k, count_of(data.table.rows(), "row")));
  }
  const Matrix& x = data.table.values();
  const Scale scale =
      flags.standardize ? Scale::of(x, data.weights) : Scale::none(data.table.column_count());
  flags.options.sample_weight = data.weights;
  KMeans result = [&] {
    try {
      return kmeans(flags.standardize ? scale.apply(x) : x, flags.k, flags.options);
    } catch (const std::invalid_argument& error) {
      throw std::invalid_argument(with_places(error.what(), data.table));
    }
  }();
  if (flags.standardize) result.centers = scale.undo(result.centers);
  if (const Index different = distinct_rows(data.table, flags.k); different < flags.k) {
    note(fmt::format("{} of {} hold no rows: only {} different", flags.k - different,
                     count_of(flags.k, "cluster"), different));
  }

  if (!flags.out.empty()) {
    std::string text = "label\n";
    for (const Json& label : label_array(data, result)) {
      text += label.is_null() ? "NA\n" : label.dump() + "\n";
    }
    write_file_atomically(flags.out, text);
  }
  if (flags.json) {
    print_out(to_line({{"inertia", result.inertia},
                       {"centers", json_rows(result.centers)},
                       {"labels", label_array(data, result)},
                       {"n_iter", result.n_iter}}));
  } else {
    print_out(describe(flags, data, result));
  }
}

}  // namespace

void add_kmeans(CLI::App& app) {
  const auto flags = std::make_shared<KMeansCommand>();
  CLI::App& command = *app.add_subcommand("kmeans", "Cluster rows around k centers");
  command.add_option("DATA", flags->data, "table to read: .csv, .tsv, .npy or .mtx")
      ->required()
      ->type_name("FILE");
  command.add_option("-k", flags->k, "number of clusters")
      ->required()
      ->check(at_least(1))
      ->type_name("K");
  command
      .add_option("--columns", flags->roles.described,
                  "columns to use, such as a,b (default: every numeric column)")
      ->check(not_empty())
      ->type_name("A,B,...");
  command.add_option("--weights", flags->roles.weights, "column with the weight of each row")
      ->type_name("COLUMN");
  command.add_flag(
      "--standardize", flags->standardize,
      "divide each column by its standard deviation first; centers are in the columns' "
      "own units, the inertia is not");
  command.add_option("--n-init", flags->options.n_init, "number of starts; 0 chooses (default: 0)")
      ->check(at_least(0))
      ->type_name("N");
  command
      .add_option("--max-iter", flags->options.max_iter,
                  "largest number of iterations of a start (default: 1000)")
      ->check(at_least(1))
      ->type_name("N");
  flags->options.seed = 1;
  command.add_option("--seed", flags->options.seed, "seed of random starts (default: 1)")
      ->check(seed())
      ->type_name("N");
  command
      .add_option("--threads", flags->options.threads,
                  "threads, 0 for one per core; the result is the same (default: 0)")
      ->check(at_least(0))
      ->type_name("N");
  command.add_option("--out", flags->out, "write the label of each row to this file, as CSV")
      ->type_name("FILE");
  command.add_flag("--json", flags->json, "print one JSON object instead of text");
  command.footer("Example: mixture kmeans faithful.csv -k 2 --standardize --out labels.csv");
  command.callback([flags] { run_kmeans(*flags); });
}

}  // namespace mix::cli
