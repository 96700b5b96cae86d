#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "mix/any_family.h"
#include "mix/family_list.h"

namespace mix {

/// Which parameters of a distribution are not free, by their names.
struct Restrictions {
  /// Parameters that have a known value; of a vector, all its entries have it.
  std::map<std::string, double> fixed{};
  /// Parameters that all components have in common.
  std::vector<std::string> shared{};

  [[nodiscard]] bool empty() const { return fixed.empty() && shared.empty(); }
};

/// k components of one distribution, some of whose parameters are known or common to all
/// components: gamma distributions of one shape, normal distributions of one standard deviation.
///
/// A step maximizes sum_nk r_nk log f(x_n | fixed, shared, own_k) over what is free, by Newton's
/// method in logarithms of what is positive, logits of probabilities, and other parameters in units
/// of the data, with derivatives by differences; jointly over the components where any is shared.
/// It reads the additive statistics of the distribution where its likelihood is a function of these
/// (exponential families, normal), and otherwise all rows, of which each evaluation is dear: then
/// it is one step of Newton's method (generalized EM). No estimate has a variance of less than
/// 1e-10 of the data's, because restrictions may leave a likelihood without bound.
///
/// Any distribution serves whose parameters are numbers of which each can be moved alone and whose
/// density depends smoothly on them; not probabilities that sum to one, covariance matrices, or
/// Laplace's median.
class Restricted {
 public:
  static constexpr std::string_view name = "restricted";
  static constexpr bool reads_missing_cells = true;

  Restricted() = default;
  /// `k` copies of `prototype`, a family of one component. Throws std::invalid_argument that names
  /// the parameters there are, when one is unknown, restricted twice or cannot have its value, and
  /// when the distribution is none of those described above.
  Restricted(const AnyFamily& prototype, Index k, Restrictions restrictions);

  /// The names of the parameters of a family of one component that can be fixed or shared; none
  /// where it is none of those described above.
  [[nodiscard]] static std::vector<std::string> parameters_of(const AnyFamily& component);

  [[nodiscard]] const Restrictions& restrictions() const { return restrictions_; }
  /// Component k as a family of one.
  [[nodiscard]] const AnyFamily& component(Index k) const;
  [[nodiscard]] std::string title() const;

  [[nodiscard]] Index size() const { return parts_.size(); }
  [[nodiscard]] Index dimension() const { return parts_.dimension(); }
  /// A shared parameter counts once, a fixed one not at all.
  [[nodiscard]] Index parameter_count() const;
  void log_densities(const AnyRows& x, MatrixRef out) const { parts_.log_densities(x, out); }
  void log_densities(const AnyRows& x, MatrixRef out, BlockMemory& memory) const {
    parts_.log_densities(x, out, memory);
  }
  [[nodiscard]] bool samples() const { return parts_.samples(); }
  void sample(Index k, Rng& rng, VectorRef out) const { parts_.sample(k, rng, out); }
  void impute(Index k, MatrixRef x, Rng* rng) const { parts_.impute(k, x, rng); }
  [[nodiscard]] bool takes_missing_cells() const { return parts_.takes_missing_cells(); }
  [[nodiscard]] bool takes_single_precision() const { return parts_.takes_single_precision(); }
  [[nodiscard]] double cdf(Index k, double x) const { return parts_.cdf(k, x); }
  [[nodiscard]] Moments moments(Index k) const { return parts_.moments(k); }

  [[nodiscard]] bool streams() const;
  [[nodiscard]] Index statistics_size() const { return parts_.statistics_size(); }
  void accumulate(const AnyRows& x, Shares shares, VectorRef statistics) const {
    parts_.accumulate(x, shares, statistics);
  }
  void accumulate(const AnyRows& x, Shares shares, VectorRef statistics,
                  BlockMemory& memory) const {
    parts_.accumulate(x, shares, statistics, memory);
  }
  [[nodiscard]] bool separable() const { return streams() && parts_.separable(); }
  void log_density_of(Index k, Rows x, VectorRef out) const { parts_.log_density_of(k, x, out); }
  void accumulate_of(Index k, Rows x, Weights w, VectorRef statistics) const {
    parts_.accumulate_of(k, x, w, statistics);
  }
  void maximize(ConstVectorRef sum);
  void fit(const AnyRows& x, Shares shares);
  /// From the estimates without restrictions; a shared parameter from the mean of these.
  void start(const AnyRows& x, Shares shares);

  /// The shared parameters, then the free ones of each component, as the step moves them.
  [[nodiscard]] Vector coordinates() const;
  void set_coordinates(ConstVectorRef v);

  void prepare(const AnyRows& x, Weights w);
  [[nodiscard]] std::string check_support(const AnyRows& x) const {
    return parts_.check_support(x);
  }
  [[nodiscard]] Matrix embed(const AnyRows& x) const { return parts_.embed(x); }
  [[nodiscard]] double log_prior() const { return parts_.log_prior(); }
  /// That of the distribution of its parameters alone: how few rows a component may hold depends
  /// on what is restricted.
  [[nodiscard]] std::string flaw(Index k, double mass) const;
  [[nodiscard]] std::string caution(Index k) const { return parts_.caution(k); }
  void select(const std::vector<Index>& order);
  void fields(Fields& visit);
  void describe(Index k, Fields& visit) const { parts_.describe(k, visit); }

 private:
  // How a parameter moves without bounds.
  enum class Range { real, positive, unit };
  // One number among the parameters of a component.
  struct Entry {
    std::string parameter;
    Index index = 0;  // within the parameter
    Range range = Range::real;
    double unit = 1;  // of a real one
  };
  // The log-likelihood of component k, with other parameters, up to a constant.
  using Likelihood = std::function<double(Index k, const AnyFamily& component)>;

  // All free numbers of the distribution; none where not all of its parameters are such.
  [[nodiscard]] static std::vector<Entry> entries_of(const AnyFamily& component);
  void sort_entries();
  void learn_units();
  void impose();
  [[nodiscard]] Vector point_of(const AnyFamily& component,
                                const std::vector<Entry>& entries) const;
  [[nodiscard]] static double to_point(const Entry& entry, double value);
  [[nodiscard]] static double from_point(const Entry& entry, double v);
  // Gives the component these parameters and the fixed ones; empty, or why it cannot have them.
  [[nodiscard]] std::string move(AnyFamily& component, const Vector& shared,
                                 const Vector& own) const;
  [[nodiscard]] std::string move_along_coordinates(AnyFamily& component, const Vector& shared,
                                                   const Vector& own) const;
  // The log posterior of component k at this point, minus infinity where there is none.
  [[nodiscard]] double value_at(Index k, const Vector& shared, const Vector& own,
                                const Likelihood& likelihood) const;
  void climb(const std::vector<Index>& components, const Likelihood& likelihood, Index most_steps);
  // Over the components, which are those with any rows.
  void climb_all(const std::vector<Index>& components, const Likelihood& likelihood,
                 Index most_steps);
  // From the likelihood of all rows.
  void climb_rows(const AnyRows& x, Shares shares, Index most_steps);

  FamilyList parts_;  // of one component each
  Restrictions restrictions_;
  std::vector<Entry> shared_;
  std::vector<Entry> own_;
  std::vector<Entry> fixed_;
  bool loads_ = true;          // whether what is described can be loaded
  double least_variance_ = 0;  // of the only column; 0 where there are no moments
};

}  // namespace mix
