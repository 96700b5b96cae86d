#include "mix/testing/check_distribution.h"

#include <gtest/gtest.h>

#include <cmath>
#include <memory>
#include <stdexcept>
#include <string>

#include "mix/fields.h"
#include "mix/random.h"

// The kit accepts a lawful distribution and names the law that a broken one breaks.
namespace {

using namespace mix;

// The Rayleigh distribution, with s the square of its scale: f(x) = x / s exp(-x^2 / (2 s)).
struct Rayleigh {
  static constexpr std::string_view name = "rayleigh";
  double s = 1;

  [[nodiscard]] Index dimension() const { return 1; }
  [[nodiscard]] Index parameter_count() const { return 1; }
  void log_density(Rows x, VectorRef out) const {
    for (Index i = 0; i < x.rows(); ++i) {
      const double v = x(i, 0);
      out[i] = v > 0 ? std::log(v / s) - v * v / (2 * s) : -infinity;
    }
  }
  void sample(Rng& rng, VectorRef out) const {
    out[0] = std::sqrt(-2 * s * std::log(uniform(rng)));
  }
  [[nodiscard]] Index statistics_size() const { return 2; }
  void accumulate(Rows x, Weights w, VectorRef statistics) const {
    for (Index i = 0; i < x.rows(); ++i) {
      if (!(w[i] > 0)) continue;
      statistics[0] += w[i];
      statistics[1] += w[i] * x(i, 0) * x(i, 0) / 2;
    }
  }
  void maximize(ConstVectorRef sum) {
    if (sum[0] > 0) s = sum[1] / sum[0];
  }
  void fields(Fields& visit) { visit("s", s); }
};

Matrix rayleigh_rows() {
  Rng rng(3);
  const Rayleigh distribution{4};
  Matrix x(50, 1);
  Vector row(1);
  for (Index i = 0; i < x.rows(); ++i) {
    distribution.sample(rng, row);
    x.row(i) = row;
  }
  return x;
}

LawOptions with_grid() {
  const Index n = 20000;
  const double step = 0.002;
  return {.support = Vector::LinSpaced(n, step / 2, (static_cast<double>(n) - 0.5) * step),
          .measure = Vector::Constant(n, step)};
}

template <class D>
LawReport report_of(const D& distribution) {
  return check_distribution(distribution, rayleigh_rows(), with_grid());
}

TEST(LawKit, AcceptsALawfulDistribution) {
  const LawReport report = report_of(Rayleigh{});
  EXPECT_TRUE(report.ok()) << report.text();
  EXPECT_EQ(report.checked.size(), 31U);
}

TEST(LawKit, AcceptsADistributionThatIsOnlyFitted) {
  struct Fitted {
    Rayleigh inner;
    [[nodiscard]] Index dimension() const { return 1; }
    [[nodiscard]] Index parameter_count() const { return 1; }
    void log_density(Rows x, VectorRef out) const { inner.log_density(x, out); }
    void fit(Rows x, Weights w) {
      Vector sum = Vector::Zero(2);
      inner.accumulate(x, w, sum);
      inner.maximize(sum);
    }
  };
  static_assert(Refittable<Fitted> && !Streaming<Fitted>);
  const LawReport report = report_of(Fitted{});
  EXPECT_TRUE(report.ok()) << report.text();
  EXPECT_EQ(report.checked.size(), 24U);  // no statistics, no sampler, no fields
}

TEST(LawKit, LeavesOutWhatIsSkipped) {
  const LawReport report =
      check_distribution(Rayleigh{}, rayleigh_rows(), {.skip = {"sampler", "best"}});
  EXPECT_TRUE(report.ok());
  EXPECT_EQ(report.checked.size(), 28U);
}

TEST(LawKit, NamesExamplesOfAnotherDimension) {
  const LawReport report = check_distribution(Rayleigh{}, Matrix::Ones(30, 2));
  EXPECT_TRUE(report.broke("dimension")) << report.text();
}

// The same with the parts of an exponential family.
struct NaturalRayleigh : Rayleigh {
  bool log_base(Rows x, VectorRef out) const {
    out = x.col(0).array().log();
    return x.minCoeff() > 0;
  }
  [[nodiscard]] Index feature_count() const { return 1; }
  bool features(Rows x, MatrixRef out) const {
    out = x.cwiseAbs2() / 2;
    return true;
  }
  void natural_parameters(VectorRef eta) const { eta[0] = -1 / s; }
  [[nodiscard]] double log_partition() const { return std::log(s); }
};

TEST(LawKit, ComparesAnExponentialFamilyWithItsLogDensity) {
  const LawReport report = report_of(NaturalRayleigh{});
  EXPECT_TRUE(report.ok()) << report.text();
  EXPECT_EQ(report.checked.size(), 32U);
}

TEST(LawKit, CatchesComponentsThatDifferOnTheirOwn) {
  using Two = Untied<Rayleigh>;
  struct OtherDensity : Two {
    using Two::Two;
    void log_density_of(Index k, Rows x, VectorRef out) const {
      Two::log_density_of(1 - k, x, out);
    }
  };
  struct OtherStatistics : Two {
    using Two::Two;
    void accumulate_of(Index k, Rows x, Weights w, VectorRef statistics) const {
      Two::accumulate_of(k, x, 2 * w, statistics);
    }
  };
  struct StatisticsOfOthers : Two {
    using Two::Two;
    void accumulate_of(Index k, Rows x, Weights w, VectorRef statistics) const {
      Two::accumulate_of(k, x, w, statistics);
      if (k == 1) statistics[0] += 1e-13;
    }
  };
  const auto broke = [](const AnyFamily& family) {
    return check_family(family, rayleigh_rows()).broke("separable");
  };
  EXPECT_FALSE(broke(Two(Rayleigh{}, 2)));
  EXPECT_TRUE(broke(OtherDensity(Rayleigh{}, 2)));
  EXPECT_TRUE(broke(OtherStatistics(Rayleigh{}, 2)));
  EXPECT_TRUE(broke(StatisticsOfOthers(Rayleigh{}, 2)));
}

TEST(LawKit, CatchesAWrongLogPartition) {
  struct Broken : NaturalRayleigh {
    [[nodiscard]] double log_partition() const { return 2 * std::log(s); }
  };
  EXPECT_TRUE(report_of(Broken{}).broke("one_by_one")) << report_of(Broken{}).text();
}

TEST(LawKit, CatchesWrongRowsOfFloats) {
  struct Broken : Rayleigh {
    std::string check_support(const AnyRows& x) const {
      return x.floats() != nullptr ? "row 1: wrong" : "";
    }
  };
  EXPECT_TRUE(report_of(Broken{}).broke("float_rows")) << report_of(Broken{}).text();
}

TEST(LawKit, CatchesWrongSparseRows) {
  struct Broken : Rayleigh {
    std::string check_support(Rows /*x*/) const { return {}; }
    std::string check_support(const SparseRows& /*x*/) const { return "row 1: wrong"; }
  };
  EXPECT_TRUE(report_of(Broken{}).broke("sparse_rows")) << report_of(Broken{}).text();
}

TEST(LawKit, CatchesFeaturesThatAreNotTheStatistics) {
  struct Broken : NaturalRayleigh {
    bool features(Rows x, MatrixRef out) const {
      out = x.cwiseAbs2();
      return true;
    }
    void natural_parameters(VectorRef eta) const { eta[0] = -1 / (2 * s); }
  };
  EXPECT_TRUE(report_of(Broken{}).broke("one_by_one")) << report_of(Broken{}).text();
}

TEST(LawKit, CatchesAMaximizeOfTheWrongSign) {
  struct Broken : Rayleigh {
    void maximize(ConstVectorRef sum) {
      if (sum[0] > 0) s *= s * sum[0] / sum[1];
    }
  };
  EXPECT_TRUE(report_of(Broken{}).broke("ascent")) << report_of(Broken{}).text();
}

TEST(LawKit, CatchesAnEstimateThatIsNotTheMaximum) {
  struct Broken : Rayleigh {
    void maximize(ConstVectorRef sum) {
      if (sum[0] > 0) s = sum[1] / sum[0] * 50 / 49;  // "unbiased"
    }
  };
  EXPECT_TRUE(report_of(Broken{}).broke("best")) << report_of(Broken{}).text();
}

TEST(LawKit, CatchesStatisticsThatAreNotAdded) {
  struct Broken : Rayleigh {
    void accumulate(Rows x, Weights w, VectorRef statistics) const {
      statistics.setZero();
      Rayleigh::accumulate(x, w, statistics);
    }
  };
  const LawReport report = report_of(Broken{});
  EXPECT_TRUE(report.broke("add")) << report.text();
  EXPECT_TRUE(report.broke("disjoint_rows")) << report.text();
}

TEST(LawKit, CatchesStatisticsThatAreNotLinear) {
  struct Broken : Rayleigh {
    void accumulate(Rows x, Weights w, VectorRef statistics) const {
      Rayleigh::accumulate(x, w.cwiseAbs2(), statistics);
    }
  };
  const LawReport report = report_of(Broken{});
  EXPECT_TRUE(report.broke("linear")) << report.text();
}

TEST(LawKit, CatchesStatisticsThatCountRowsInsteadOfWeights) {
  struct Broken : Rayleigh {
    void accumulate(Rows x, Weights w, VectorRef statistics) const {
      Rayleigh::accumulate(x, (w.array() > 0).cast<double>(), statistics);
    }
  };
  const LawReport report = report_of(Broken{});
  EXPECT_TRUE(report.broke("linear")) << report.text();
  EXPECT_TRUE(report.broke("repetition")) << report.text();
}

TEST(LawKit, CatchesAPreparationThatMovesTheParameters) {
  struct Broken : Rayleigh {
    void prepare(Rows x, Weights /*w*/) { s = x.mean(); }
  };
  EXPECT_TRUE(report_of(Broken{}).broke("prepare")) << report_of(Broken{}).text();
}

TEST(LawKit, CatchesRowsOfShareZeroThatCount) {
  struct Broken : Rayleigh {
    void accumulate(Rows x, Weights w, VectorRef statistics) const {
      Rayleigh::accumulate(x, w.cwiseMax(1e-3), statistics);
    }
  };
  EXPECT_TRUE(report_of(Broken{}).broke("zero_share")) << report_of(Broken{}).text();
}

TEST(LawKit, CatchesAWrongParameterCount) {
  struct TooMany : Rayleigh {
    [[nodiscard]] Index parameter_count() const { return 2; }
  };
  struct TooFew : Rayleigh {
    [[nodiscard]] Index parameter_count() const { return 0; }
  };
  EXPECT_TRUE(report_of(TooMany{}).broke("parameter_count")) << report_of(TooMany{}).text();
  EXPECT_TRUE(report_of(TooFew{}).broke("parameter_count")) << report_of(TooFew{}).text();
}

TEST(LawKit, CatchesANanDensity) {
  struct Broken : Rayleigh {
    void log_density(Rows x, VectorRef out) const {
      out = (x.array() / s).log() - x.array().square() / (2 * s);
    }
  };
  EXPECT_TRUE(report_of(Broken{}).broke("outside_support")) << report_of(Broken{}).text();
}

TEST(LawKit, CatchesAnExceptionOutsideTheSupport) {
  struct Broken : Rayleigh {
    void log_density(Rows x, VectorRef out) const {
      if (x.minCoeff() <= 0) throw std::domain_error("negative");
      Rayleigh::log_density(x, out);
    }
  };
  EXPECT_TRUE(report_of(Broken{}).broke("outside_support")) << report_of(Broken{}).text();
}

TEST(LawKit, CatchesADensityThatDependsOnTheBlock) {
  struct Broken : Rayleigh {
    void log_density(Rows x, VectorRef out) const { Rayleigh::log_density(x / x.maxCoeff(), out); }
  };
  EXPECT_TRUE(report_of(Broken{}).broke("row_alone")) << report_of(Broken{}).text();
}

TEST(LawKit, CatchesADensityThatIsNotNormalized) {
  struct Broken : Rayleigh {
    void log_density(Rows x, VectorRef out) const {
      Rayleigh::log_density(x, out);
      out.array() += 0.01;
    }
  };
  EXPECT_TRUE(report_of(Broken{}).broke("normalized")) << report_of(Broken{}).text();
}

TEST(LawKit, CatchesCopiesThatShareState) {
  struct Broken : Rayleigh {
    std::shared_ptr<double> shared = std::make_shared<double>(1);
    void log_density(Rows x, VectorRef out) const { Rayleigh{*shared}.log_density(x, out); }
    void maximize(ConstVectorRef sum) {
      if (sum[0] > 0) *shared = sum[1] / sum[0];
    }
  };
  EXPECT_TRUE(report_of(Broken{}).broke("copies")) << report_of(Broken{}).text();
}

TEST(LawKit, CatchesAnAccumulateThatChangesTheDistribution) {
  struct Broken : Rayleigh {
    mutable double calls = 0;
    void log_density(Rows x, VectorRef out) const {
      Rayleigh{s + 1e-6 * calls}.log_density(x, out);
    }
    void accumulate(Rows x, Weights w, VectorRef statistics) const {
      ++calls;
      Rayleigh::accumulate(x, w, statistics);
    }
  };
  EXPECT_TRUE(report_of(Broken{}).broke("const")) << report_of(Broken{}).text();
}

TEST(LawKit, CatchesADivisionByTheWeightZero) {
  struct Broken : Rayleigh {
    void maximize(ConstVectorRef sum) { s = sum[1] / sum[0]; }
  };
  const LawReport report = report_of(Broken{});
  EXPECT_TRUE(report.broke("zero_weight")) << report.text();
  EXPECT_EQ(report.failures.size(), 1U) << report.text();
}

TEST(LawKit, CatchesAParameterThatIsNotSaved) {
  struct Broken : Rayleigh {
    void fields(Fields& /*visit*/) {}
  };
  const LawReport report = report_of(Broken{});
  EXPECT_TRUE(report.broke("round_trip")) << report.text();
  EXPECT_EQ(report.failures.size(), 1U) << report.text();
}

TEST(LawKit, CatchesASamplerOfAnotherDistribution) {
  struct Broken : Rayleigh {
    void sample(Rng& rng, VectorRef out) const {
      Rayleigh::sample(rng, out);
      out *= 1.05;
    }
  };
  const LawReport report = report_of(Broken{});
  EXPECT_TRUE(report.broke("sampler")) << report.text();
  EXPECT_EQ(report.failures.size(), 1U) << report.text();
}

TEST(LawKit, CatchesASamplerWithAMemory) {
  struct Broken : Rayleigh {
    mutable double previous = 1;
    void sample(Rng& rng, VectorRef out) const {
      Rayleigh::sample(rng, out);
      std::swap(previous, out[0]);
    }
  };
  EXPECT_TRUE(report_of(Broken{}).broke("sampler")) << report_of(Broken{}).text();
}

TEST(LawKit, CatchesAnEmbeddingThatIsNotFinite) {
  struct Broken : Rayleigh {
    [[nodiscard]] Matrix embed(Rows x) const { return (x.array() - x.minCoeff()).log(); }
  };
  EXPECT_TRUE(report_of(Broken{}).broke("embed")) << report_of(Broken{}).text();
}

TEST(LawKit, CatchesASupportThatRefusesItsOwnExamples) {
  struct Broken : Rayleigh {
    [[nodiscard]] std::string check_support(Rows /*x*/) const { return "row 1 is odd"; }
  };
  EXPECT_TRUE(report_of(Broken{}).broke("fits_examples")) << report_of(Broken{}).text();
}

}  // namespace
