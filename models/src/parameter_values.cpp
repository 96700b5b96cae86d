#include "mix/models/parameter_values.h"

#include <fmt/format.h>

namespace mix {
namespace {

class NumberVisitor final : public Fields {
 public:
  NumberVisitor(Index component, std::string prefix, std::vector<ParameterValue>& values)
      : component_(component), prefix_(std::move(prefix)), values_(values) {}

  [[nodiscard]] bool loading() const override { return false; }
  void operator()(std::string_view name, double& value) override { add(std::string(name), value); }
  void operator()(std::string_view /*name*/, Index& /*value*/) override {}
  void operator()(std::string_view /*name*/, std::string& /*value*/) override {}
  void operator()(std::string_view name, Vector& value) override {
    for (Index i = 0; i < value.size(); ++i) {
      add(value.size() == 1 ? std::string(name) : fmt::format("{}[{}]", name, i + 1), value[i]);
    }
  }
  void operator()(std::string_view name, Matrix& value) override {
    const bool symmetric = value.rows() == value.cols() && value == value.transpose();
    for (Index i = 0; i < value.rows(); ++i) {
      const Index end = symmetric ? i + 1 : value.cols();
      for (Index j = 0; j < end; ++j) {
        add(fmt::format("{}[{},{}]", name, i + 1, j + 1), value(i, j));
      }
    }
  }
  void operator()(std::string_view /*name*/, std::vector<Index>& /*value*/) override {}
  void operator()(std::string_view /*name*/, std::vector<std::string>& /*value*/) override {}
  void operator()(std::string_view name, AnyFamily& value) override {
    NumberVisitor inside(component_, fmt::format("{}{}.", prefix_, name), values_);
    value.fields(inside);
  }
  void list(std::string_view name, Index size, const std::function<void(Index)>& /*resize*/,
            const std::function<void(Index, Fields&)>& element) override {
    for (Index i = 0; i < size; ++i) {
      NumberVisitor inside(component_, fmt::format("{}{}[{}].", prefix_, name, i + 1), values_);
      element(i, inside);
    }
  }

 private:
  void add(std::string name, double value) {
    values_.push_back({component_, prefix_ + std::move(name), value});
  }

  Index component_;
  std::string prefix_;
  std::vector<ParameterValue>& values_;
};

}  // namespace

std::vector<ParameterValue> parameter_values(const MixtureModel& model) {
  std::vector<ParameterValue> values;
  for (Index k = 0; k < model.n_components(); ++k) {
    values.push_back({k, "weight", model.weights()[k]});
    NumberVisitor visit(k, "", values);
    model.family().describe(k, visit);
  }
  return values;
}

}  // namespace mix
