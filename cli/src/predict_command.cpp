#include <fmt/format.h>

#include <cmath>
#include <iterator>
#include <memory>

#include "commands.h"
#include "component_table.h"
#include "data.h"
#include "json_report.h"
#include "mix/csv.h"
#include "mix/models/group_posterior.h"
#include "mix/models/model_file.h"
#include "mix/parallel.h"
#include "output.h"
#include "rows_for_model.h"
#include "text.h"
#include "validators.h"

namespace mix::cli {
namespace {

// Rows in memory at a time; the output does not depend on it.
constexpr Index block_size = 65536;

struct PredictCommand {
  std::string model{};
  std::string data{};
  std::string out{};
  std::string groups{};
  bool responsibilities = false;
  bool uncertainty = false;
  bool json = false;
  Index threads = 0;
};

// What the model says about the rows of a block.
struct Prediction {
  std::vector<Index> labels;  // from 0; -1 where the row cannot be predicted
  Matrix responsibilities;
  Vector log_density;

  // The probability that the label is wrong, 1 less that of the label: the sum of all others, which
  // keeps its digits where the label is nearly certain. NaN without a label.
  [[nodiscard]] double uncertainty(Index row) const {
    const Index label = labels[static_cast<std::size_t>(row)];
    if (label < 0) return quiet_nan;
    double others = 0;
    for (Index k = 0; k < responsibilities.cols(); ++k) {
      if (k != label) others += responsibilities(row, k);
    }
    return others;
  }
};

// What each row's group is. Without rows that the model can judge nothing is known of a group.
Posterior posterior_of_rows(const MixtureModel& model, const Table& block, const Groups& groups,
                            std::vector<bool>& known) {
  Vector w(block.rows());
  for (Index i = 0; i < w.size(); ++i) w[i] = known[static_cast<std::size_t>(i)] ? 1 : 0;
  const Vector known_rows = groups.sums(w);
  const Posterior of_groups = group_posterior(model, block.cells(), w, groups);
  Posterior result{Matrix(w.size(), model.n_components()), Vector(w.size())};
  for (Index i = 0; i < w.size(); ++i) {
    result.responsibilities.row(i) = of_groups.responsibilities.row(groups[i]);
    result.log_density[i] = of_groups.log_density[groups[i]];
    known[static_cast<std::size_t>(i)] = known_rows[groups[i]] > 0;
  }
  return result;
}

Prediction predict(const MixtureModel& model, const Table& block, const Groups& groups) {
  // Of a row without any cell nothing can be said, nor by some families of one that lacks any.
  const bool some = model.takes_missing_cells();
  std::vector<bool> known = some ? rows_with_cells(block) : complete_rows(block);
  Posterior found = groups.empty() ? model.posterior(block.cells())
                                   : posterior_of_rows(model, block, groups, known);
  Prediction result{std::vector<Index>(static_cast<std::size_t>(block.rows()), -1),
                    std::move(found.responsibilities), std::move(found.log_density)};
  for (Index i = 0; i < block.rows(); ++i) {
    const auto label = static_cast<std::size_t>(i);
    // A row outside every support belongs nowhere, but its density is known: zero.
    if (known[label] && result.responsibilities.row(i).sum() > 0) {
      result.responsibilities.row(i).maxCoeff(&result.labels[label]);
    } else {
      result.responsibilities.row(i).setConstant(quiet_nan);
    }
    if (!known[label]) result.log_density[i] = quiet_nan;
  }
  return result;
}

void append_cell(fmt::memory_buffer& text, double value) {
  if (std::isnan(value)) {
    text.append(std::string_view("NA"));
  } else {
    fmt::format_to(std::back_inserter(text), "{}", value);
  }
}

class Writer {
 public:
  virtual ~Writer() = default;
  virtual void add(const Prediction& prediction) = 0;
  virtual void finish() = 0;
};

class CsvWriter final : public Writer {
 public:
  CsvWriter(AtomicFile file, const SavedModel& saved, const PredictCommand& flags)
      : file_(std::move(file)),
        uncertainty_(flags.uncertainty),
        components_(flags.responsibilities ? saved.model.n_components() : 0) {
    if (saved.component_names.empty()) {
      for (Index k = 1; k <= saved.model.n_components(); ++k) names_.push_back(std::to_string(k));
    } else {
      for (const std::string& name : component_titles(saved.model, saved.component_names)) {
        names_.push_back(csv_cell(name));
      }
    }
    header_ = "label,probability,log_density";
    if (uncertainty_) header_ += ",uncertainty";
    for (Index k = 1; k <= components_; ++k) header_ += fmt::format(",responsibility_{}", k);
    header_ += "\n";
  }
  void add(const Prediction& prediction) override {
    const Index rows = prediction.log_density.size();
    std::vector<fmt::memory_buffer> parts(
        static_cast<std::size_t>((rows + block_rows - 1) / block_rows));
    for_each_block(rows, [&](Index first, Index count) {
      fmt::memory_buffer& text = parts[static_cast<std::size_t>(first / block_rows)];
      for (Index i = first; i < first + count; ++i) append_row(text, prediction, i);
    });
    write_header();
    for (const fmt::memory_buffer& text : parts) file_.write({text.data(), text.size()});
  }
  void finish() override {
    write_header();
    file_.commit();
  }

 private:
  // Not before there are rows, so that nothing is written where these are refused.
  void write_header() {
    file_.write(header_);
    header_.clear();
  }
  void append_row(fmt::memory_buffer& text, const Prediction& prediction, Index i) const {
    const Index label = prediction.labels[static_cast<std::size_t>(i)];
    const double density = prediction.log_density[i];
    if (label < 0) {
      text.append(std::string_view("NA,NA,"));
    } else {
      text.append(names_[static_cast<std::size_t>(label)]);
      text.push_back(',');
      append_cell(text, prediction.responsibilities(i, label));
      text.push_back(',');
    }
    // CSV has no infinity here: a density of zero is as good as missing.
    append_cell(text, std::isfinite(density) ? density : quiet_nan);
    if (uncertainty_) {
      text.push_back(',');
      append_cell(text, prediction.uncertainty(i));
    }
    for (Index k = 0; k < components_; ++k) {
      text.push_back(',');
      append_cell(text, prediction.responsibilities(i, k));
    }
    text.push_back('\n');
  }

  AtomicFile file_;
  std::string header_;              // until it is written
  std::vector<std::string> names_;  // of the components, as cells
  bool uncertainty_;                // whether it is written
  Index components_;                // whose responsibilities are written
};

class JsonPrinter final : public Writer {
 public:
  explicit JsonPrinter(AtomicFile file) : file_(std::move(file)) {}
  void add(const Prediction& prediction) override {
    for (Index i = 0; i < prediction.log_density.size(); ++i) {
      const Index label = prediction.labels[static_cast<std::size_t>(i)];
      labels_.push_back(label < 0 ? Json() : Json(label + 1));
      const Vector r = prediction.responsibilities.row(i);
      responsibilities_.push_back(std::vector<double>(r.begin(), r.end()));
      log_density_.push_back(prediction.log_density[i]);
      uncertainty_.push_back(prediction.uncertainty(i));
    }
  }
  void finish() override {
    file_.write(to_line({{"labels", std::move(labels_)},
                         {"responsibilities", std::move(responsibilities_)},
                         {"log_density", std::move(log_density_)},
                         {"uncertainty", std::move(uncertainty_)}}));
    file_.commit();
  }

 private:
  AtomicFile file_;
  Json labels_ = Json::array();
  Json responsibilities_ = Json::array();
  Json log_density_ = Json::array();
  Json uncertainty_ = Json::array();
};

void run_predict(const PredictCommand& flags) {
  if (!flags.groups.empty()) check_read_twice(flags.data, "--groups");
  const SavedModel saved = load_model(flags.model);
  RowsForModel rows(flags.data, saved);
  // Rows of a group may stand anywhere, so all are read at once.
  Groups groups;
  if (!flags.groups.empty()) groups = group_column(read_any_text(flags.data), flags.groups);
  const Index at_once = groups.empty() ? block_size : groups.rows();
  AtomicFile file = output_file(flags.out);
  std::unique_ptr<Writer> writer;
  if (flags.json) {
    writer = std::make_unique<JsonPrinter>(std::move(file));
  } else {
    writer = std::make_unique<CsvWriter>(std::move(file), saved, flags);
  }
  Index impossible = 0;
  std::string first_impossible;
  with_threads(flags.threads, [&] {
    Table block;
    while (rows.next(at_once, block)) {
      const Prediction prediction = predict(saved.model, block, groups);
      writer->add(prediction);
      for (Index i = 0; i < block.rows(); ++i) {
        if (prediction.log_density[i] != -infinity) continue;
        if (impossible++ == 0) first_impossible = rows.place(block, i);
      }
    }
  });
  writer->finish();
  if (saved.model.takes_missing_cells()) {
    rows.say_what_is_missing("is labelled by its other cells, or NA where it has none",
                             "are labelled by their other cells, or NA where they have none");
  } else {
    rows.say_what_is_missing("has no label", "have no label");
  }
  if (impossible > 0) {
    note(fmt::format("without a label: {} of density zero in every component; the first is {}",
                     count_of(impossible, "row"), first_impossible));
  }
}

}  // namespace

void add_predict(CLI::App& app) {
  const auto flags = std::make_shared<PredictCommand>();
  CLI::App& command = *app.add_subcommand(
      "predict", "Label the rows of a table with the components of a fitted model");
  add_model_and_data(command, flags->model, flags->data);
  command.add_option("--out", flags->out, "write to this file instead of standard output")
      ->type_name("FILE");
  command
      .add_option("--groups", flags->groups,
                  "column whose equal cells mark rows of one component: a row gets the label, the "
                  "probability and the log density of its group")
      ->type_name("COLUMN");
  command.add_flag("--responsibilities", flags->responsibilities,
                   "also the probability of every component");
  command.add_flag("--uncertainty", flags->uncertainty,
                   "also the probability that the label is wrong");
  command.add_flag("--json", flags->json, "one JSON object instead of CSV");
  command.add_option("--threads", flags->threads, "threads, 0 for one per core (default: 0)")
      ->check(at_least(0))
      ->type_name("N");
  command.footer(
      "One line per row: label (the component's name, or its number from 1), its probability, log "
      "density of the row's cells that are not missing; NA where that is impossible.\n"
      "Example: mixture predict model.json new.csv --out labels.csv");
  command.callback([flags] { run_predict(*flags); });
}

}  // namespace mix::cli
