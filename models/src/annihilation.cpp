#include "mix/models/annihilation.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <stdexcept>
#include <utility>

#include "arguments.h"
#include "message_length.h"
#include "mix/models/choice.h"
#include "mix/parallel.h"
#include "starter.h"

namespace mix {
namespace {

// A sweep that changes the message length by less than this, per unit of weight, is the last.
constexpr double settled_length = 1e-5;
// Of a first estimate, what all components get of all rows alike.
constexpr double common_share = 0.7;
// Logarithms of ratios beyond this no longer go with the scale of their row.
constexpr double largest_exponent = 200;

// Components that compete for the rows.
class Competition {
 public:
  Competition(const MixtureState& state, const AnyRows& x, Weights w)
      : x_(x),
        w_(w),
        weights_(state.weights),
        own_(own_parameter_counts(state.family)),
        numbers_(static_cast<std::size_t>(state.family.size())),
        log_densities_(x.rows(), state.family.size()),
        ratios_(x.rows(), state.family.size()),
        scale_(x.rows()),
        inverse_(x.rows()) {
    std::iota(numbers_.begin(), numbers_.end(), Index{0});
    common_ = static_cast<double>(state.family.parameter_count()) - own_.sum();
    apart_ = common_ == 0 && size() > 1;
    if (apart_) {
      for (const Index k : numbers_) {
        parts_.push_back(state.family);
        parts_.back().select({k});
        evaluate(k);
      }
    } else {
      parts_ = {state.family};
      evaluate(0);
    }
  }

  [[nodiscard]] Index size() const { return weights_.size(); }
  /// The components of the first state that are left.
  [[nodiscard]] const std::vector<Index>& numbers() const { return numbers_; }

  /// Estimates every component once; those that lose all their weight are gone.
  void sweep(Index least) {
    rescale();
    for (Index k = 0; k < size();) {
      share_out();
      Vector shares = shares_of(k);
      if (!weigh(k, least)) {
        remove(k);
        continue;
      }
      if (apart_) {
        parts_[static_cast<std::size_t>(k)].fit(x_, shares);
        own_[k] = static_cast<double>(parts_[static_cast<std::size_t>(k)].parameter_count());
        evaluate(k);
        rescale(k);
      }
      ++k;
    }
    share_out();
    if (apart_) return;
    Matrix shares(x_.rows(), size());
    for (Index k = 0; k < size(); ++k) shares.col(k) = shares_of(k);
    parts_.front().fit(x_, shares);
    evaluate(0);
    rescale();
    share_out();
  }

  void remove(Index k) {
    const auto drop = [k](Matrix& m) {
      m.middleCols(k, m.cols() - 1 - k) = m.rightCols(m.cols() - 1 - k).eval();
      m.conservativeResize(Eigen::NoChange, m.cols() - 1);
    };
    const auto drop_number = [k](Vector& v) {
      v.segment(k, v.size() - 1 - k) = v.tail(v.size() - 1 - k).eval();
      v.conservativeResize(v.size() - 1);
    };
    drop(log_densities_);
    drop(ratios_);
    drop_number(weights_);
    numbers_.erase(numbers_.begin() + k);
    weights_ = weights_.sum() > 0 ? Vector(weights_ / weights_.sum())
                                  : Vector::Constant(size(), 1.0 / static_cast<double>(size()));
    if (apart_) {
      parts_.erase(parts_.begin() + k);
      drop_number(own_);
      return;
    }
    std::vector<Index> kept(static_cast<std::size_t>(size()));
    std::iota(kept.begin(), kept.end(), Index{0});
    for (Index& number : kept) number += number >= k ? 1 : 0;
    AnyFamily& family = parts_.front();
    family.select(kept);
    own_ = own_parameter_counts(family);
    common_ = static_cast<double>(family.parameter_count()) - own_.sum();
  }

  /// The component with the least weight of those that have parameters.
  [[nodiscard]] Index weakest() const {
    Index least = 0;
    (own_.array() > 0).select(weights_, infinity).minCoeff(&least);
    return least;
  }

  /// The first component that looks like an artifact, and why; -1 where none does.
  [[nodiscard]] std::pair<Index, std::string> flawed() const {
    for (Index k = 0; k < size(); ++k) {
      const AnyFamily& part = parts_[static_cast<std::size_t>(apart_ ? k : 0)];
      std::string flaw = part.flaw(apart_ ? 0 : k, mass_[k]);
      if (!flaw.empty()) return {k, std::move(flaw)};
    }
    return {-1, {}};
  }

  [[nodiscard]] double log_likelihood() const {
    const Vector sum = sum_over_blocks(x_.rows(), 1, [&](Index first, Index count, VectorRef into) {
      for (Index i = first; i < first + count; ++i) {
        if (w_[i] > 0) into[0] += w_[i] * (scale_[i] + std::log(w_[i] / inverse_[i]));
      }
    });
    return std::isfinite(sum[0]) ? sum[0] : -infinity;
  }

  [[nodiscard]] double length(double log_likelihood) const {
    return message_length(weights_, own_, common_, MixingWeights::free, log_likelihood, w_.sum());
  }

  /// The probability that a row is of a component, rows x components.
  [[nodiscard]] Matrix responsibilities() const {
    Matrix r = ratios_ * weights_.asDiagonal();
    for (Index i = 0; i < r.rows(); ++i) {
      const double total = r.row(i).sum();
      if (total > 0) {
        r.row(i) /= total;
      } else {
        r.row(i).setConstant(1.0 / static_cast<double>(size()));
      }
    }
    return r;
  }

 private:
  // The log densities of the components of a part.
  void evaluate(Index part) {
    const AnyFamily& family = parts_[static_cast<std::size_t>(part)];
    for_each_block(x_.rows(), [&](Index first, Index count) {
      family.log_densities(x_.middleRows(first, count),
                           log_densities_.block(first, part, count, family.size()));
    });
  }

  // Densities relative to the largest of the row, so that they can be added up.
  void rescale() {
    for_each_block(x_.rows(), [&](Index first, Index count) {
      for (Index i = first; i < first + count; ++i) rescale_row(i);
    });
  }

  void rescale_row(Index i) {
    const double largest = log_densities_.row(i).maxCoeff();
    scale_[i] = std::isfinite(largest) ? largest : 0;
    ratios_.row(i) = (log_densities_.row(i).array() - scale_[i]).exp();
  }

  // The same of the densities of one component that have changed.
  void rescale(Index k) {
    for_each_block(x_.rows(), [&](Index first, Index count) {
      for (Index i = first; i < first + count; ++i) {
        const double exponent = log_densities_(i, k) - scale_[i];
        if (exponent > largest_exponent) {
          rescale_row(i);
        } else {
          ratios_(i, k) = std::exp(exponent);
        }
      }
    });
  }

  // The E-step: what all responsibilities of a row are divided by, and the mass of each component.
  void share_out() {
    mass_ = sum_over_blocks(x_.rows(), size(), [&](Index first, Index count, VectorRef sum) {
      auto rows = ratios_.middleRows(first, count);
      Vector total = rows * weights_;
      for (Index i = 0; i < count; ++i) {
        if (!(total[i] > 0)) {
          rescale_row(first + i);
          total[i] = rows.row(i).dot(weights_);
        }
        inverse_[first + i] = total[i] > 0 ? w_[first + i] / total[i] : 0;
      }
      sum += weights_.cwiseProduct(rows.transpose() * inverse_.segment(first, count));
    });
  }

  [[nodiscard]] Vector shares_of(Index k) const {
    return weights_[k] * ratios_.col(k).cwiseProduct(inverse_);
  }

  // The new weight of a component, the others in proportion; false where it has none any more.
  bool weigh(Index k, Index least) {
    const Vector supported = (mass_ - own_ / 2).cwiseMax(0.0);
    double weight = mass_[k] / mass_.sum();
    if (size() > least) {
      if (!(supported[k] > 0)) return false;
      const double others = supported.sum() - supported[k];
      // Where no other is supported, each still has to lose by itself.
      weight = supported[k] / (others > 0 ? supported[k] + others : mass_.sum());
    }
    const double others = weights_.sum() - weights_[k];
    if (others > 0) weights_ *= (1 - weight) / others;
    weights_[k] = others > 0 ? weight : 1;
    return true;
  }

  AnyRows x_;
  Weights w_;
  Vector weights_;
  Vector own_;  // parameters of each component
  double common_ = 0;
  bool apart_ = true;             // none in common: each part is a component
  std::vector<AnyFamily> parts_;  // otherwise one, of all components
  std::vector<Index> numbers_;
  Matrix log_densities_;
  Matrix ratios_;  // densities divided by exp(scale_)
  Vector scale_;
  Vector inverse_;  // sample weight divided by the sum of weighted ratios
  Vector mass_;
};

// A step that can be gone back to.
struct Rest {
  AnnihilationStep step;
  Matrix responsibilities{};
  std::vector<Index> numbers{};

  [[nodiscard]] bool better_than(const AnnihilationStep& other) const {
    if (step.flaw.empty() != other.flaw.empty()) return step.flaw.empty();
    return step.message_length < other.message_length;
  }
};

// Seeds give components that are narrow, and a small one that fits what is chance does not grow out
// of that: each begins with a share of all rows too.
void broaden(MixtureState& state, const AnyRows& x, Weights w) {
  Matrix r = responsibilities(state, x);
  r = ((1 - common_share) * r.array() + common_share / static_cast<double>(r.cols())).matrix();
  r = w.asDiagonal() * r;
  state.family.fit(x, r);
}

struct Descent {
  Rest best;
  std::vector<AnnihilationStep> path;
  Index sweeps = 0;
  bool interrupted = false;
};

// Sweeps until the message length rests.
AnnihilationStep settle(Competition& components, const AnnihilationOptions& options, double n,
                        Descent& descent) {
  AnnihilationStep step;
  double previous = infinity;
  Index before = 0;
  do {
    previous = step.message_length;
    before = components.size();
    components.sweep(options.least_components);
    ++step.sweeps;
    step.log_likelihood = components.log_likelihood();
    step.message_length = components.length(step.log_likelihood);
    const Progress progress{++descent.sweeps, -step.message_length / 2};
    descent.interrupted = options.fit.progress && !options.fit.progress(progress);
  } while (!descent.interrupted && step.sweeps < options.fit.max_iter &&
           (before != components.size() ||
            std::abs(previous - step.message_length) > settled_length * n));
  step.n_components = components.size();
  return step;
}

Descent descend(Competition components, const AnnihilationOptions& options, double n) {
  Descent descent;
  for (;;) {
    Rest rest{.step = settle(components, options, n, descent)};
    Index weakest = components.weakest();
    if (auto [flawed, why] = components.flawed(); flawed >= 0) {
      weakest = flawed;
      rest.step.flaw = std::move(why);
    }
    descent.path.push_back(rest.step);
    if (descent.path.size() == 1 || rest.better_than(descent.best.step)) {
      rest.responsibilities = components.responsibilities();
      rest.numbers = components.numbers();
      descent.best = std::move(rest);
    }
    if (descent.interrupted || components.size() <= options.least_components) return descent;
    components.remove(weakest);
  }
}

void check_annihilation(const MixtureModel& model, const AnnihilationOptions& options) {
  const auto refuse = [](const std::string& why) {
    throw std::invalid_argument("choose_by_annihilation: " + why);
  };
  if (options.least_components < 1 || options.least_components > model.n_components()) {
    refuse(
        fmt::format("the least number of components must be from 1 to the {} of the model, not "
                    "{}",
                    model.n_components(), options.least_components));
  }
  if (!comes_apart(model.family())) {
    refuse(
        fmt::format("components of the family '{}' cannot be taken out one by one; fit each "
                    "number of components instead",
                    model.family().title()));
  }
  if (options.fit.mixing != MixingWeights::free) {
    refuse(
        fmt::format("a component goes when its weight is estimated as 0, but the mixing weights "
                    "are {}; leave them free",
                    to_string(options.fit.mixing)));
  }
  if (options.fit.assignment.as<Soft>() == nullptr || !options.fit.groups.empty()) {
    refuse(
        "rows must be shared softly, each for itself; leave out the assignment, labels and "
        "groups");
  }
}

}  // namespace

AnnihilationFit choose_by_annihilation(const MixtureModel& model, const AnyRows& x,
                                       const AnnihilationOptions& options) {
  check_arguments(model, x, options.fit);
  check_annihilation(model, options);
  FitOptions from = options.fit;
  const bool chosen = std::holds_alternative<start::Auto>(from.start);
  if (chosen) from.start = start::KMeansPlusPlus{};
  from.more_starts.clear();
  const Vector w = from.sample_weight.size() > 0 ? from.sample_weight : Vector::Ones(x.rows());
  Descent found;
  Index sweeps = 0;
  with_threads(from.threads, [&] {
    const Starter starter(model, x, w, from, nullptr);
    for (const PlannedStart& planned : starter.plan()) {
      MixtureState state = starter.begin(planned);
      if (chosen) broaden(state, x, w);
      Descent descent = descend({state, x, w}, options, w.sum());
      sweeps += descent.sweeps;
      const bool interrupted = descent.interrupted;
      if (found.path.empty() || descent.best.better_than(found.best.step)) {
        found = std::move(descent);
      }
      if (interrupted) break;
    }
  });
  AnyFamily family = model.family();
  if (found.best.step.n_components < family.size()) family.select(found.best.numbers);
  from.start = start::Responsibilities{std::move(found.best.responsibilities)};
  from.n_init = 0;
  from.checkpoint = nullptr;
  AnnihilationFit result{.fit = fit(MixtureModel(std::move(family)), x, from),
                         .path = std::move(found.path)};
  Report& report = result.fit.report;
  report.start = "annihilation";
  report.passes += sweeps;
  result.message_length = message_length(result.fit.model, report.log_likelihood, report.n);
  return result;
}

}  // namespace mix
