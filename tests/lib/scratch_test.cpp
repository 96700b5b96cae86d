#include "mix/scratch.h"

#include <gtest/gtest.h>

#include <cstdint>

namespace {

using namespace mix;

TEST(Scratch, KeepsWhatOuterScopesHoldWhileInnerOnesGrow) {
  Scratch outer;
  MatrixMap first = outer.matrix(3, 2);
  first.setConstant(1);
  {
    Scratch inner;
    inner.vector(100000).setConstant(2);  // more than a piece holds
    EXPECT_EQ(first, Matrix::Constant(3, 2, 1));
  }
  outer.matrix(50, 50).setConstant(3);
  EXPECT_EQ(first, Matrix::Constant(3, 2, 1));
}

TEST(Scratch, GivesTheMemoryOfAnEndedScopeAgain) {
  const auto place = [] {
    Scratch scratch;
    return scratch.vector(10).data();
  };
  EXPECT_EQ(place(), place());
}

TEST(Scratch, GivesCacheLines) {
  Scratch scratch;
  for (const Index size : {1, 3, 8, 9}) {
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(scratch.vector(size).data()) % 64, 0U) << size;
  }
}

TEST(MatrixStack, HasItsMatricesSideBySide) {
  Scratch scratch;
  const MatrixStack stack(scratch, 2, 3);
  for (Index k = 0; k < 3; ++k) stack[k].setConstant(static_cast<double>(k));
  EXPECT_EQ(stack.size(), 3);
  for (Index k = 0; k < 3; ++k) {
    EXPECT_EQ(stack[k], Matrix::Constant(2, 2, static_cast<double>(k)));
  }
}

}  // namespace
