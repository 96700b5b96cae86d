#include "plot.h"
namespace mix::cli {
void plot_comparison(const Comparison&, const std::filesystem::path&) {}
}
