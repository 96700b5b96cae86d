#include "plot_parts.h"
namespace mix::cli {
void plot_matrix(Picture&, const MixtureModel&, const Table&) {}
}
