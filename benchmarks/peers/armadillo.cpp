// Armadillo: gmm_full (VVV), gmm_diag (VVI) and kmeans.

#include <armadillo>

#include "driver.h"

namespace {

// Columns of x are the observations.
template <class Model, class Covariances>
void mixture(const peer::Task& task, const std::string& name, const arma::mat& x,
             const arma::mat& means, const Covariances& covariances) {
  const arma::rowvec weights(means.n_cols, arma::fill::value(1.0 / double(means.n_cols)));
  const auto run = [&](int steps) {
    Model model;
    model.set_params(means, covariances, weights);
    const arma::uword no_kmeans = 0;
    model.learn(x, means.n_cols, arma::eucl_dist, arma::keep_existing, no_kmeans,
                arma::uword(steps), 1e-10, false);
    return model;
  };
  const double value = run(task.passes).avg_log_p(x);
  peer::serve(
      name, task.passes, [&](int steps) { run(steps); }, value);
}

double inertia_per_row(const arma::mat& x, const arma::mat& centers) {
  const arma::vec norms = arma::sum(arma::square(centers), 0).t();
  double sum = 0;
  for (arma::uword first = 0; first < x.n_cols; first += 1000) {
    const arma::mat block = x.cols(first, std::min(first + 999, x.n_cols - 1));
    arma::mat distances = -2 * centers.t() * block;
    distances.each_col() += norms;
    sum += arma::accu(arma::min(distances, 0)) + arma::accu(arma::square(block));
  }
  return sum / double(x.n_cols);
}

}  // namespace

int main(int argc, char** argv) try {
  const peer::Task task(argc, argv);
  const auto by_columns = [&](const std::string& part) -> arma::mat {
    const peer::Values v = task.values(part);
    return arma::mat(v.by_rows().data(), v.cols, v.rows);
  };
  const arma::mat x = by_columns("x");
  const arma::mat start = by_columns("start");
  const std::string name = "Armadillo " + std::to_string(ARMA_VERSION_MAJOR) + "." +
                           std::to_string(ARMA_VERSION_MINOR) + "." +
                           std::to_string(ARMA_VERSION_PATCH);
  if (task.model == "kmeans") {
    arma::mat centers;
    const auto run = [&](int steps) {
      centers = start;
      arma::kmeans(centers, x, start.n_cols, arma::keep_existing, arma::uword(steps), false);
    };
    run(task.passes);
    const double value = inertia_per_row(x, centers);
    peer::serve(name, task.passes, run, value);
  } else if (task.model == "VVV") {
    arma::cube covariances(x.n_rows, x.n_rows, start.n_cols);
    covariances.each_slice() = by_columns("covariance");
    mixture<arma::gmm_full>(task, name, x, start, covariances);
  } else if (task.model == "VVI") {
    arma::mat variances(x.n_rows, start.n_cols);
    variances.each_col() = by_columns("covariance").diag();
    mixture<arma::gmm_diag>(task, name, x, start, variances);
  } else {
    throw std::runtime_error("Armadillo has no model " + task.model);
  }
} catch (const std::exception& error) {
  std::cerr << "peer_armadillo: " << error.what() << '\n';
  return 1;
}
