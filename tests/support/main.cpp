#include <gmock/gmock.h>

#include <cstdlib>

int main(int argc, char** argv) {
  // RapidCheck would seed from the clock. An RC_PARAMS from outside still wins.
  setenv("RC_PARAMS", "seed=20240229", 0);
  testing::InitGoogleMock(&argc, argv);
  return RUN_ALL_TESTS();
}
