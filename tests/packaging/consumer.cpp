// What a program outside of the project looks like.
#include <mix/types.h>
#include <mix/version.h>

#include <iostream>

static_assert(EIGEN_MAX_ALIGN_BYTES == 64, "the library's public definitions must arrive");

int main() {
  const mix::Matrix x = mix::Matrix::Ones(3, 2);
  const mix::Rows rows = x;
  std::cout << "mixture " << mix::version() << ", " << rows.rows() << " rows\n";
}
