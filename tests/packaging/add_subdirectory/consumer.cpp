// A program that has the sources of the library in its own tree.
#include <fmt/format.h>
#include <mix/dual.h>
#include <mix/parallel.h>
#include <mix/version.h>

static_assert(EIGEN_MAX_ALIGN_BYTES == 64, "the library's public definitions must arrive");

int main() {
  const mix::Vector sum = mix::sum_over_blocks(
      1000, 1, [](mix::Index /*first*/, mix::Index rows, mix::VectorRef total) {
        total[0] += static_cast<double>(rows);
      });
  fmt::print("mixture {}: {} rows, log 4! = {:.4f}\n", mix::version(), sum[0], mix::log_gamma(5));
}
