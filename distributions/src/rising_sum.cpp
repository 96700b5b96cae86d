#include "rising_sum.h"

#include <cmath>

#include "mix/special.h"

namespace mix {

RisingTally::RisingTally(double a, Index table) : table_(table), nodes_(window_nodes) {
  const LogWindow window = LogWindow::around(a, least_rising, largest_rising);
  for (Index j = 0; j < window_nodes; ++j) nodes_[j] = std::exp(window.node(j));
}

void RisingTally::add(double count, double weight, VectorRef statistics) const {
  if (count < static_cast<double>(table_)) {
    statistics[static_cast<Index>(count)] += weight;
    return;
  }
  statistics[table_] += weight * count;
  for (Index j = 0; j < window_nodes; ++j) {
    statistics[table_ + 1 + j] += weight * rising_slope(count, nodes_[j]);
  }
}

RisingSum::RisingSum(ConstVectorRef statistics, Index table, double a, double mass)
    : total_(statistics[table] / mass),
      beyond_(Vector::Zero(table)),
      large_(total_),
      slope_(LogWindow::around(a, least_rising, largest_rising),
             statistics.tail(window_nodes) / mass),
      integral_(slope_.integral()),
      range_(large_ > 0 ? LogWindow::around(a, least_rising, largest_rising)
                        : LogWindow{std::log(least_rising), std::log(largest_rising)}) {
  for (Index j = table - 1; j > 0; --j) {
    beyond_[j - 1] = beyond_[j] + statistics[j] / mass;
    total_ += statistics[j] / mass * static_cast<double>(j);
  }
}

double RisingSum::value(double log_a) const {
  const double a = std::exp(log_a);
  double sum = large_ > 0 ? integral_(log_a).first - large_ * log_a : 0;
  for (Index i = 1; i < beyond_.size() && beyond_[i] > 0; ++i) {
    sum += beyond_[i] * std::log1p(static_cast<double>(i) / a);
  }
  return sum;
}

RisingSum::Jet RisingSum::at(double log_a) const {
  const double a = std::exp(log_a);
  Jet jet;
  for (Index i = 0; i < beyond_.size() && beyond_[i] > 0; ++i) {
    const auto j = static_cast<double>(i);
    const double inverse = 1 / (a + j);
    jet.rising += beyond_[i] * (a * inverse);
    jet.first -= beyond_[i] * (j * inverse);
    jet.second += beyond_[i] * (j * inverse) * (a * inverse);
  }
  if (large_ > 0) {
    const auto [slope, curvature] = slope_(log_a);
    jet.rising += slope;
    jet.first += slope - large_;
    jet.second += curvature;
  }
  return jet;
}

}  // namespace mix
