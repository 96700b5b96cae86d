#include <fmt/format.h>

#include <cmath>
#include <iterator>
#include <memory>

#include "commands.h"
#include "component_table.h"
#include "json_report.h"
#include "mix/csv.h"
#include "mix/errors.h"
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
  bool responsibilities = false;
  bool json = false;
  Index threads = 0;
};

// What the model says about the rows of a block; a row with a missing cell has no label.
struct Prediction {
  std::vector<Index> labels;  // from 0; -1 where the row cannot be predicted
  Matrix responsibilities;
  Vector log_density;
};

Prediction predict(const MixtureModel& model, const Matrix& x) {
  Prediction result;
  const std::vector<bool> complete = complete_rows(x);
  Matrix usable = x;
  for (Index i = 0; i < x.rows(); ++i) {
    if (!complete[static_cast<std::size_t>(i)]) usable.row(i).setZero();
  }
  result.responsibilities = model.responsibilities(usable);
  result.log_density = model.log_density(usable);
  result.labels.assign(static_cast<std::size_t>(x.rows()), -1);
  for (Index i = 0; i < x.rows(); ++i) {
    const auto label = static_cast<std::size_t>(i);
    // A row outside every support belongs nowhere, but its density is known: zero.
    if (complete[label] && result.responsibilities.row(i).sum() > 0) {
      result.responsibilities.row(i).maxCoeff(&result.labels[label]);
    } else {
      result.responsibilities.row(i).setConstant(quiet_nan);
    }
    if (!complete[label]) result.log_density[i] = quiet_nan;
  }
  return result;
}

std::string cell(double value) {
  return std::isnan(value) ? std::string("NA") : fmt::format("{}", value);
}

class Writer {
 public:
  virtual ~Writer() = default;
  virtual void add(const Prediction& prediction) = 0;
  virtual void finish() = 0;
};

class CsvWriter final : public Writer {
 public:
  CsvWriter(AtomicFile file, const SavedModel& saved, bool responsibilities)
      : file_(std::move(file)), components_(responsibilities ? saved.model.n_components() : 0) {
    if (saved.component_names.empty()) {
      for (Index k = 1; k <= saved.model.n_components(); ++k) names_.push_back(std::to_string(k));
    } else {
      for (const std::string& name : component_titles(saved.model, saved.component_names)) {
        names_.push_back(csv_cell(name));
      }
    }
    std::string header = "label,probability,log_density";
    for (Index k = 1; k <= components_; ++k) header += fmt::format(",responsibility_{}", k);
    file_.write(header + "\n");
  }
  void add(const Prediction& prediction) override {
    std::string text;
    for (Index i = 0; i < prediction.log_density.size(); ++i) {
      const Index label = prediction.labels[static_cast<std::size_t>(i)];
      const double density = prediction.log_density[i];
      if (label < 0) {
        text += "NA,NA,";
      } else {
        text += fmt::format("{},{},", names_[static_cast<std::size_t>(label)],
                            cell(prediction.responsibilities(i, label)));
      }
      // CSV has no infinity here: a density of zero is as good as missing.
      text += std::isfinite(density) ? cell(density) : "NA";
      for (Index k = 0; k < components_; ++k) {
        text += "," + cell(prediction.responsibilities(i, k));
      }
      text += "\n";
    }
    file_.write(text);
  }
  void finish() override { file_.commit(); }

 private:
  AtomicFile file_;
  std::vector<std::string> names_;  // of the components, as cells
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
    }
  }
  void finish() override {
    file_.write(to_line({{"labels", std::move(labels_)},
                         {"responsibilities", std::move(responsibilities_)},
                         {"log_density", std::move(log_density_)}}));
    file_.commit();
  }

 private:
  AtomicFile file_;
  Json labels_ = Json::array();
  Json responsibilities_ = Json::array();
  Json log_density_ = Json::array();
};

void run_predict(const PredictCommand& flags) {
  const SavedModel saved = load_model(flags.model);
  RowsForModel rows(flags.data, saved);
  AtomicFile file = output_file(flags.out);
  std::unique_ptr<Writer> writer;
  if (flags.json) {
    writer = std::make_unique<JsonPrinter>(std::move(file));
  } else {
    writer = std::make_unique<CsvWriter>(std::move(file), saved, flags.responsibilities);
  }
  Index impossible = 0;
  std::string first_impossible;
  with_threads(flags.threads, [&] {
    Table block;
    while (rows.next(block_size, block)) {
      const Prediction prediction = predict(saved.model, block.values());
      writer->add(prediction);
      for (Index i = 0; i < block.rows(); ++i) {
        if (prediction.log_density[i] != -infinity) continue;
        if (impossible++ == 0) first_impossible = rows.place(block, i);
      }
    }
  });
  writer->finish();
  rows.say_what_is_missing("has no label", "have no label");
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
  command.add_option("MODEL", flags->model, "model file that fit wrote")
      ->required()
      ->type_name("FILE");
  command.add_option("DATA", flags->data, "table to read: .csv, .tsv, .npy or .mtx")
      ->required()
      ->type_name("FILE");
  command.add_option("--out", flags->out, "write to this file instead of standard output")
      ->type_name("FILE");
  command.add_flag("--responsibilities", flags->responsibilities,
                   "also the probability of every component");
  command.add_flag("--json", flags->json, "one JSON object instead of CSV");
  command.add_option("--threads", flags->threads, "threads, 0 for one per core (default: 0)")
      ->check(at_least(0))
      ->type_name("N");
  command.footer(
      "One line per row: label (the component's name, or its number from 1), its probability, log "
      "density of the row; NA where a cell is missing.\n"
      "Example: mixture predict model.json new.csv --out labels.csv");
  command.callback([flags] { run_predict(*flags); });
}

}  // namespace mix::cli
