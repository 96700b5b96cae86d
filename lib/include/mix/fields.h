#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "mix/types.h"

namespace mix {

class AnyFamily;

/// Visits the parameters of a distribution or family, each once and by name. Saving, loading,
/// printing and comparing are visitors, so a distribution writes `void fields(Fields& visit)` once:
///
///     void fields(Fields& visit) { visit("rate", rate_); }
///
/// A visitor that loads overwrites the values; when something is derived from them, recompute it
/// after the visits `if (visit.loading())`.
class Fields {
 public:
  virtual ~Fields() = default;

  /// Whether the visits overwrite the values.
  [[nodiscard]] virtual bool loading() const = 0;

  /// Whether there is something of that name to visit; only a visitor that loads may lack it.
  [[nodiscard]] virtual bool has(std::string_view /*name*/) const { return true; }
  /// A field that files of earlier versions do not have: `absent` where it is missing.
  template <class T>
  void optional(std::string_view name, T& value, const T& absent) {
    if (has(name)) {
      (*this)(name, value);
    } else {
      value = absent;
    }
  }

  virtual void operator()(std::string_view name, double& value) = 0;
  virtual void operator()(std::string_view name, Index& value) = 0;
  virtual void operator()(std::string_view name, std::string& value) = 0;
  virtual void operator()(std::string_view name, Vector& value) = 0;
  virtual void operator()(std::string_view name, Matrix& value) = 0;
  virtual void operator()(std::string_view name, std::vector<Index>& value) = 0;
  virtual void operator()(std::string_view name, std::vector<std::string>& value) = 0;
  virtual void operator()(std::string_view name, AnyFamily& value) = 0;

  /// A list of `size` records; a loading visitor calls `resize` with the stored length first.
  virtual void list(std::string_view name, Index size, const std::function<void(Index)>& resize,
                    const std::function<void(Index, Fields&)>& element) = 0;
};

}  // namespace mix
