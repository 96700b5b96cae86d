#include "field_tape.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <stdexcept>

#include "mix/any_family.h"

namespace mix {
namespace {

bool same_bits(const double* a, const double* b, Index size) {
  return size == 0 || std::memcmp(a, b, static_cast<std::size_t>(size) * sizeof(double)) == 0;
}

struct SameBits {
  bool operator()(double a, double b) const { return same_bits(&a, &b, 1); }
  bool operator()(const Vector& a, const Vector& b) const {
    return a.size() == b.size() && same_bits(a.data(), b.data(), a.size());
  }
  bool operator()(const Matrix& a, const Matrix& b) const {
    return a.rows() == b.rows() && a.cols() == b.cols() && same_bits(a.data(), b.data(), a.size());
  }
  template <class T>
  bool operator()(const T& a, const T& b) const {
    return a == b;
  }
  template <class T, class U>
  bool operator()(const T& /*a*/, const U& /*b*/) const {
    return false;
  }
};

}  // namespace

class FieldTape::Saver final : public Fields {
 public:
  explicit Saver(FieldTape& tape) : tape_(tape) {}

  [[nodiscard]] bool loading() const override { return false; }
  void operator()(std::string_view name, double& value) override { save(name, value); }
  void operator()(std::string_view name, Index& value) override { save(name, value); }
  void operator()(std::string_view name, std::string& value) override { save(name, value); }
  void operator()(std::string_view name, Vector& value) override { save(name, value); }
  void operator()(std::string_view name, Matrix& value) override { save(name, value); }
  void operator()(std::string_view name, std::vector<Index>& value) override { save(name, value); }
  void operator()(std::string_view name, std::vector<std::string>& value) override {
    save(name, value);
  }
  void operator()(std::string_view name, AnyFamily& value) override {
    note(name);
    Saver record(tape_);
    value.fields(record);
  }
  void list(std::string_view name, Index size, const std::function<void(Index)>& /*resize*/,
            const std::function<void(Index, Fields&)>& element) override {
    save(name, size);
    for (Index i = 0; i < size; ++i) {
      Saver record(tape_);
      element(i, record);
    }
  }

 private:
  template <class T>
  void save(std::string_view name, const T& value) {
    note(name);
    tape_.values_.emplace_back(std::string(name), value);
  }
  void note(std::string_view name) {
    if (std::find(names_.begin(), names_.end(), name) != names_.end()) {
      tape_.repeated_.emplace_back(name);
    }
    names_.emplace_back(name);
  }

  FieldTape& tape_;
  std::vector<std::string> names_;  // of this record
};

class FieldTape::Loader final : public Fields {
 public:
  explicit Loader(const FieldTape& tape) : tape_(tape) {}

  [[nodiscard]] bool loading() const override { return true; }
  void operator()(std::string_view name, double& value) override { load(name, value); }
  void operator()(std::string_view name, Index& value) override { load(name, value); }
  void operator()(std::string_view name, std::string& value) override { load(name, value); }
  void operator()(std::string_view name, Vector& value) override { load(name, value); }
  void operator()(std::string_view name, Matrix& value) override { load(name, value); }
  void operator()(std::string_view name, std::vector<Index>& value) override { load(name, value); }
  void operator()(std::string_view name, std::vector<std::string>& value) override {
    load(name, value);
  }
  void operator()(std::string_view /*name*/, AnyFamily& value) override { value.fields(*this); }
  void list(std::string_view name, Index /*size*/, const std::function<void(Index)>& resize,
            const std::function<void(Index, Fields&)>& element) override {
    Index size = 0;
    load(name, size);
    resize(size);
    for (Index i = 0; i < size; ++i) element(i, *this);
  }

 private:
  template <class T>
  void load(std::string_view name, T& value) {
    if (next_ == tape_.values_.size() || tape_.values_[next_].first != name ||
        !std::holds_alternative<T>(tape_.values_[next_].second)) {
      throw std::runtime_error(fmt::format("field '{}' was not saved in this place", name));
    }
    value = std::get<T>(tape_.values_[next_++].second);
  }

  const FieldTape& tape_;
  std::size_t next_ = 0;
};

FieldTape FieldTape::of(const AnyFamily& family) {
  FieldTape tape;
  Saver saver(tape);
  AnyFamily copy = family;
  copy.fields(saver);
  return tape;
}

void FieldTape::load_into(AnyFamily& family) const {
  Loader loader(*this);
  family.fields(loader);
}

bool FieldTape::equals(const FieldTape& other) const {
  return std::equal(values_.begin(), values_.end(), other.values_.begin(), other.values_.end(),
                    [](const auto& a, const auto& b) {
                      return a.first == b.first && std::visit(SameBits{}, a.second, b.second);
                    });
}

}  // namespace mix
