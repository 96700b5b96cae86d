#pragma once

#include <string>
#include <string_view>

#include "mix/any_rows.h"
#include "mix/distributions/smoothing.h"
#include "mix/fields.h"
#include "mix/random.h"
#include "mix/types.h"

namespace mix {

/// Sequences of states coded 0, 1, ..., S - 1, one per row, the next state by chance given the
/// present one. A mixture of these groups sequences by how they move.
///
/// log f(x) = log p(x_1) + sum over t of log q(x_{t-1}, x_t), with initial probabilities p and
/// transition probabilities q, the same at all times. The estimates are the weighted shares of the
/// first states, and of the states that follow each state, which may be exactly 0 unless smoothed.
/// A state that no row leaves keeps its transitions. A sequence that is shorter than the row is
/// followed by NaN.
class MarkovChain {
 public:
  static constexpr std::string_view name = "markov_chain";
  static constexpr bool discrete = true;
  static constexpr bool reads_missing_cells = true;
  /// No chain may have more states.
  static constexpr Index most_states = 1024;

  MarkovChain() = default;
  /// For estimation: rows of `length` cells, whose number of states `prepare` learns (highest code
  /// plus one). Throws std::invalid_argument for a length below 1.
  explicit MarkovChain(Index length, Smoothing smoothing = {});
  /// For estimation with a known number of states, all equally probable. Throws
  /// std::invalid_argument for states below 1 or above 1024.
  MarkovChain(Index length, Index states, Smoothing smoothing = {});
  /// Known parameters: row a of `transitions` holds the probabilities of the states after a. Throws
  /// std::invalid_argument unless `initial` and every row sum to 1.
  MarkovChain(Index length, Vector initial, Matrix transitions, Smoothing smoothing = {});

  [[nodiscard]] Index states() const { return initial_.size(); }
  [[nodiscard]] const Vector& initial() const { return initial_; }
  /// From (rows) and to (columns).
  [[nodiscard]] const Matrix& transitions() const { return transitions_; }

  [[nodiscard]] Index dimension() const { return length_; }
  [[nodiscard]] Index parameter_count() const;
  void log_density(Rows x, VectorRef out) const;
  /// A whole row, without NaN.
  void sample(Rng& rng, VectorRef out) const;

  /// The weight of each first state, then of each transition, those from state 0 first.
  [[nodiscard]] Index statistics_size() const { return states() * (1 + states()); }
  void accumulate(Rows x, Weights w, VectorRef statistics) const;
  void maximize(ConstVectorRef sum);

  /// As an exponential family: the features are 1 for the first state, and the number of
  /// transitions of each kind.
  [[nodiscard]] Index feature_count() const { return statistics_size(); }
  bool features(Rows x, MatrixRef out) const;
  [[nodiscard]] bool same_base(const MarkovChain& other) const {
    return states() == other.states();
  }
  bool log_base(Rows x, VectorRef out) const;
  void natural_parameters(VectorRef eta) const;
  [[nodiscard]] double log_partition() const { return 0; }

  /// Logarithms of the probabilities, in the order of the statistics.
  [[nodiscard]] Vector coordinates() const;
  void set_coordinates(ConstVectorRef v);

  /// Learns the number of states, unless it was given. Parameters that fit it stay.
  void prepare(const AnyRows& x, Weights w);
  /// The log density of the smoothing as a prior, up to a constant; 0 without.
  [[nodiscard]] double log_prior() const;
  [[nodiscard]] std::string check_support(Rows x) const;
  /// Twice the square roots of the numbers of transitions of each kind, and 2 in the column of the
  /// first state.
  [[nodiscard]] Matrix embed(Rows x) const;
  void fields(Fields& visit);
  /// The parameters without settings.
  void describe(Fields& visit) const;

 private:
  enum class States { given, learned };

  void check() const;
  void set_equally_probable(Index states);

  Index length_ = 0;
  Vector initial_;
  Matrix transitions_;
  Smoothing smoothing_;
  States source_ = States::given;
};

}  // namespace mix
