// Bounds of distances save work in k-means, and change no bit of its result.

#include "lloyd.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "distance_bounds.h"
#include "mix/kernels.h"
#include "mix/parallel.h"
#include "mix/random.h"

namespace mix {
namespace {

// Rows around k points at distances of about `separation` standard deviations.
Matrix rows_around(Index n, Index d, Index k, double separation, std::uint64_t seed) {
  Rng rng(seed);
  Matrix points(k, d);
  for (double& v : points.reshaped())
    v = standard_normal(rng) * separation / std::sqrt(2 * static_cast<double>(d));
  Matrix x(n, d);
  for (Index i = 0; i < n; ++i) {
    const Index c = uniform_index(rng, k);
    for (Index j = 0; j < d; ++j) x(i, j) = points(c, j) + standard_normal(rng);
  }
  return x;
}

struct LloydCase {
  std::string name;
  Matrix x;
  Vector w;
  Matrix centers;
};

LloydCase from_first_rows(std::string name, Matrix x, Index k) {
  const Vector w = Vector::Ones(x.rows());
  const Matrix centers = x.topRows(k);
  return {std::move(name), std::move(x), w, centers};
}

std::vector<LloydCase> lloyd_cases() {
  std::vector<LloydCase> all;
  all.push_back(from_first_rows("overlapping", rows_around(3000, 5, 20, 2, 1), 20));
  all.push_back(from_first_rows("separated", rows_around(3000, 16, 40, 15, 2), 40));
  all.push_back(from_first_rows("many centers", rows_around(2500, 8, 100, 6, 3), 300));
  all.push_back(from_first_rows("wide", rows_around(1100, 100, 30, 8, 4), 30));
  all.push_back(from_first_rows("one column", rows_around(2000, 1, 10, 20, 5), 12));
  all.push_back(from_first_rows("one center", rows_around(700, 3, 2, 5, 6), 1));
  all.push_back(from_first_rows("two centers", rows_around(1500, 2, 2, 4, 7), 2));
  all.push_back(from_first_rows("offset", rows_around(2000, 4, 15, 8, 8).array() + 1e9, 15));
  all.push_back(from_first_rows("great", rows_around(1000, 3, 9, 8, 9) * 1e153, 9));
  all.push_back(from_first_rows("overflowing", rows_around(1000, 3, 9, 8, 9) * 1e155, 9));
  all.push_back(from_first_rows("vanishing", rows_around(1000, 3, 9, 8, 10) * 1e-159, 9));
  // Ties everywhere, also of centers that are equal.
  const Matrix lattice = (1.5 * rows_around(3000, 2, 6, 4, 11)).array().round();
  all.push_back(from_first_rows("lattice", lattice, 25));
  Matrix repeated(3000, 3);
  const Matrix few = rows_around(40, 3, 8, 3, 12);
  for (Index i = 0; i < 3000; ++i) repeated.row(i) = few.row(i % 40);
  all.push_back(from_first_rows("repeated", repeated, 45));
  // Equally far from two centers that do not move, to the last bits.
  Matrix pairs(2000, 1);
  for (Index i = 0; i < 2000; ++i) pairs(i, 0) = static_cast<double>(i % 5) * 0.1;
  all.push_back({"halfway", pairs, Vector::Ones(2000), Matrix{{0.0}, {0.1}, {0.4}}});
  // Clusters that lose all rows at the first iteration and, by weights of zero, later.
  LloydCase emptied = from_first_rows("emptied", rows_around(2500, 3, 12, 6, 13), 20);
  emptied.centers.row(3).setConstant(1e4);
  emptied.centers.row(7).setConstant(-1e4);
  all.push_back(emptied);
  LloydCase weighted = from_first_rows("weighted", rows_around(3000, 6, 25, 7, 14), 30);
  Rng rng(15);
  for (double& w : weighted.w) w = uniform(rng) < 0.3 ? 0.0 : 3 * uniform(rng);
  weighted.w.head(600).setZero();
  all.push_back(weighted);
  return all;
}

void expect_same(const KMeans& actual, const KMeans& expected, const std::string& what) {
  EXPECT_EQ(actual.labels, expected.labels) << what;
  // Bit by bit, for some centers are not finite.
  EXPECT_TRUE((actual.centers.array() == expected.centers.array() ||
               (actual.centers.array().isNaN() && expected.centers.array().isNaN()))
                  .all())
      << what;
  EXPECT_EQ(actual.inertia, expected.inertia) << what;
  EXPECT_EQ(actual.n_iter, expected.n_iter) << what;
  EXPECT_EQ(actual.stop, expected.stop) << what;
}

TEST(Lloyd, BoundsChangeNoBitWhereTheRunStops) {
  for (const LloydCase& each : lloyd_cases()) {
    for (Index most = 1;; most += most / 8 + 1) {
      const KMeans expected = lloyd(each.x, each.w, each.centers, most, Bounds::never);
      for (const Bounds bounds : {Bounds::adaptive, Bounds::always}) {
        expect_same(lloyd(each.x, each.w, each.centers, most, bounds), expected,
                    each.name + " until " + std::to_string(most));
      }
      if (expected.n_iter < most) break;
    }
  }
}

TEST(Lloyd, BoundsGiveTheSameBitsAndWorkForAnyNumberOfThreads) {
  for (const LloydCase& each : lloyd_cases()) {
    const KMeans expected = lloyd(each.x, each.w, each.centers, 1000, Bounds::never);
    for (const Bounds bounds : {Bounds::adaptive, Bounds::always}) {
      double work = 0;
      with_threads(1, [&] { lloyd(each.x, each.w, each.centers, 1000, bounds, &work); });
      for (const Index threads : {1, 2, 7}) {
        double distances = 0;
        with_threads(threads, [&] {
          expect_same(lloyd(each.x, each.w, each.centers, 1000, bounds, &distances), expected,
                      each.name + " with " + std::to_string(threads));
        });
        EXPECT_EQ(distances, work) << each.name;
      }
    }
  }
}

TEST(Lloyd, BoundsGiveTheSameBitsOnAnyInstructionSet) {
  for (const LloydCase& each : lloyd_cases()) {
    const KMeans expected = lloyd(each.x, each.w, each.centers, 1000, Bounds::never);
    for (const std::string& target : kernels::targets()) {
      kernels::use_target(target);
      expect_same(lloyd(each.x, each.w, each.centers, 1000, Bounds::always), expected,
                  each.name + " on " + target);
    }
    kernels::use_target("");
  }
}

TEST(Lloyd, BoundsSaveMostDistancesOfSeparatedRows) {
  const LloydCase each = from_first_rows("", rows_around(20000, 16, 64, 12, 16), 64);
  double all = 0;
  double some = 0;
  const KMeans result = lloyd(each.x, each.w, each.centers, 1000, Bounds::never, &all);
  lloyd(each.x, each.w, each.centers, 1000, Bounds::adaptive, &some);
  EXPECT_EQ(all, 20000.0 * 64 * static_cast<double>(result.n_iter));
  EXPECT_LT(some, 0.6 * all);
}

TEST(Lloyd, OfFewNumbersInCentersAllDistancesAreComputed) {
  const LloydCase each = from_first_rows("", rows_around(4000, 2, 4, 12, 17), 4);
  double all = 0;
  double some = 0;
  lloyd(each.x, each.w, each.centers, 1000, Bounds::never, &all);
  lloyd(each.x, each.w, each.centers, 1000, Bounds::adaptive, &some);
  EXPECT_EQ(some, all);
}

TEST(Nearest, LabelsAreThoseOfBoundsAndOpenAtTies) {
  for (const std::string& target : kernels::targets()) {
    kernels::use_target(target);
    for (const LloydCase& each : lloyd_cases()) {
      kernels::PackedCenters packed;
      packed.pack(each.centers, each.centers.colwise().mean().transpose());
      kernels::Tiles tiles;
      kernels::Nearest bounds;
      kernels::Labels labels;
      for (Index first = 0; first < each.x.rows(); first += block_rows) {
        const Index count = std::min(block_rows, each.x.rows() - first);
        tiles.read(each.x.middleRows(first, count));
        kernels::nearest(tiles, packed, each.x.topRows(0), bounds);
        kernels::nearest(tiles, packed, each.x.topRows(0), labels);
        for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i) {
          if (labels[i] >= 0) {
            EXPECT_EQ(labels[i], bounds.label[i]) << each.name << target;
          } else {  // what roots settle squares settle, but for the last digits
            EXPECT_GT(bounds.within[i] * (1 + 1e-9), bounds.beyond[i]) << each.name << target;
          }
        }
      }
    }
  }
  kernels::use_target("");
}

TEST(Nearest, ReadsRowsInPlaceAndFromACopyAlike) {
  const Matrix x = rows_around(1024, 19, 30, 5, 20);
  Matrix apart(1025, 19);  // its columns do not begin at multiples of pages
  apart.topRows(1024) = x;
  kernels::Tiles copied;
  kernels::Tiles in_place;
  copied.read(x.topRows(512));
  in_place.read(apart.topRows(512));
  EXPECT_NE(copied.data(), x.data());
  EXPECT_EQ(in_place.data(), apart.data());
  kernels::PackedCenters packed;
  packed.pack(x.topRows(30), Vector::Zero(19));
  kernels::Nearest first;
  kernels::Nearest second;
  kernels::nearest(copied, packed, x.topRows(0), first);
  kernels::nearest(in_place, packed, x.topRows(0), second);
  EXPECT_TRUE(std::equal(first.label.begin(), first.label.begin() + 512, second.label.begin()));
  EXPECT_TRUE(std::equal(first.within.begin(), first.within.begin() + 512, second.within.begin()));
  EXPECT_TRUE(std::equal(first.beyond.begin(), first.beyond.begin() + 512, second.beyond.begin()));
  Matrix columns = Matrix::Zero(20, 30);
  columns.topRows(19) = x.topRows(30).transpose();
  std::vector<Index> label(512);
  for (std::size_t i = 0; i < label.size(); ++i) label[i] = first.label[i];
  Vector sum = Vector::Zero(21 * 30);
  Vector same = sum;
  kernels::add_members(copied, columns, label.data(), nullptr, sum);
  kernels::add_members(in_place, columns, label.data(), nullptr, same);
  EXPECT_EQ(sum, same);
  EXPECT_EQ(sum.tail(30).sum(), 512);
}

// The bounds after several moves, some centers of which go farther than the others.
TEST(DistanceBounds, HoldAsCentersMove) {
  constexpr Index n = 500;
  constexpr Index k = 160;
  constexpr Index d = 7;
  const Matrix x = rows_around(n, d, k, 6, 18);
  Matrix centers = x.topRows(k);
  kernels::Tiles tiles;
  kernels::PackedCenters packed;
  kernels::Nearest nearest;
  tiles.read(x);
  packed.pack(centers, centers.colwise().mean().transpose());
  kernels::nearest(tiles, packed, x.topRows(0), nearest);
  DistanceBounds bounds(n, d);
  std::vector<Index> label;
  for (std::size_t i = 0; i < n; ++i) {
    label.push_back(static_cast<Index>(nearest.label[i]));
    bounds.set(static_cast<Index>(i), nearest.within[i], nearest.beyond[i]);
  }
  Rng rng(19);
  bool kept = false;
  bool near = false;
  for (int round = 0; round < 6; ++round) {
    const Matrix before = centers;
    for (Index c = 0; c < k; ++c) {
      const double far = c % 40 == 3 ? 0.5 : 0.001;
      for (Index j = 0; j < d; ++j) centers(c, j) += far * standard_normal(rng);
    }
    EXPECT_LT(bounds.move(before, centers, label), 0.5);
    for (const Index c : {3, 43, 83, 123}) EXPECT_TRUE(bounds.moves(c));
    for (const Index c : bounds.movers()) EXPECT_TRUE(bounds.moves(c));
    EXPECT_LT(bounds.movers().size(), 12U);
    for (Index i = 0; i < n; ++i) {
      const Index own = label[static_cast<std::size_t>(i)];
      const double within = bounds.within(i, own);
      const double beyond = bounds.beyond(i, own);
      const double rest = bounds.beyond_rest(i);
      double nearest_mover = infinity;
      for (Index c = 0; c < k; ++c) {
        const double distance = (x.row(i) - centers.row(c)).norm();
        if (c == own) {
          EXPECT_LE(distance, within);
        } else {
          EXPECT_GE(distance, beyond);
          if (bounds.moves(c)) {
            nearest_mover = std::min(nearest_mover, distance);
          } else {
            EXPECT_GE(distance, rest);
          }
        }
      }
      kept = kept || within < beyond;
      near = near || (within >= beyond && within < rest);
      bounds.set(i, within, std::min(rest, nearest_mover * (1 - 1e-13)));
    }
  }
  EXPECT_TRUE(kept);
  EXPECT_TRUE(near);
}

TEST(DistanceBounds, AreTightWhereOneCenterMovesOnALine) {
  // Distances 1 and 9; the way of 2 toward the row is taken from the lower bound only.
  DistanceBounds bounds(1, 1);
  bounds.set(0, 1, 9);
  bounds.move(Matrix{{1.0}, {-9.0}}, Matrix{{1.0}, {-7.0}}, {0});
  EXPECT_NEAR(bounds.within(0, 0), 1, 1e-14);
  EXPECT_NEAR(bounds.beyond(0, 0), 7, 1e-14);
  EXPECT_GE(bounds.within(0, 0), 1);
  EXPECT_LE(bounds.beyond(0, 0), 7);
  // The center that moved farthest does not move away from its own rows.
  EXPECT_NEAR(bounds.within(0, 1), 3, 1e-14);
  EXPECT_NEAR(bounds.beyond(0, 1), 9, 1e-14);
}

TEST(DistanceBounds, ProveNothingAfterAWayThatIsNotFinite) {
  DistanceBounds bounds(1, 1);
  for (const double bad : {infinity, -infinity, std::nan("")}) {
    bounds.set(0, 1, 9);
    bounds.move(Matrix{{1.0}, {5.0}, {6.0}}, Matrix{{1.0}, {bad}, {6.0}}, {0});
    for (const Index own : {0, 1, 2}) {
      EXPECT_FALSE(bounds.within(0, own) < bounds.beyond(0, own));
      EXPECT_FALSE(bounds.within(0, own) < bounds.beyond_rest(0));
    }
  }
}

}  // namespace
}  // namespace mix
