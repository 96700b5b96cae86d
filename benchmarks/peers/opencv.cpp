// OpenCV: cv::ml::EM (VVV, VVI) and cv::kmeans, which takes floats only.

#include <algorithm>
#include <cstdlib>
#include <opencv2/core.hpp>
#include <opencv2/ml.hpp>

#include "driver.h"

namespace {

cv::Mat matrix(const peer::Task& task, const std::string& part) {
  const peer::Values v = task.values(part);
  return cv::Mat(int(v.rows), int(v.cols), CV_64F, v.by_rows().data()).clone();
}

void mixture(const peer::Task& task, const std::string& name) {
  const cv::Mat x = matrix(task, "x");
  const cv::Mat means = matrix(task, "start");
  const std::vector<cv::Mat> covariances(std::size_t(means.rows), matrix(task, "covariance"));
  const cv::Mat weights(1, means.rows, CV_64F, cv::Scalar(1.0 / means.rows));
  double value = 0;
  const auto run = [&](int e_steps) {
    const auto em = cv::ml::EM::create();
    em->setClustersNumber(means.rows);
    em->setTermCriteria(cv::TermCriteria(cv::TermCriteria::COUNT, e_steps, 0));
    em->setCovarianceMatrixType(task.model == "VVV" ? cv::ml::EM::COV_MAT_GENERIC
                                                    : cv::ml::EM::COV_MAT_DIAGONAL);
    cv::Mat log_likelihoods;
    em->trainE(x, means, covariances, weights, log_likelihoods);
    value = cv::mean(log_likelihoods)[0];
  };
  run(task.passes + 1);  // the last one only evaluates
  peer::serve(name, task.passes, run, value);
}

// Labels of the nearest centers, and the inertia per row.
double assign(const cv::Mat& x, const cv::Mat& centers, cv::Mat& labels) {
  cv::Mat norms;
  cv::reduce(centers.mul(centers), norms, 1, cv::REDUCE_SUM);
  labels.create(x.rows, 1, CV_32S);
  double sum = 0;
  for (int first = 0; first < x.rows; first += 1000) {
    const cv::Mat block = x.rowRange(first, std::min(first + 1000, x.rows));
    const cv::Mat distances = -2 * block * centers.t() + cv::repeat(norms.t(), block.rows, 1);
    for (int i = 0; i < block.rows; ++i) {
      double least = 0;
      cv::Point place;
      cv::minMaxLoc(distances.row(i), &least, nullptr, &place);
      labels.at<int>(first + i) = place.x;
      sum += least;
    }
    sum += block.dot(block);
  }
  return sum / x.rows;
}

void kmeans(const peer::Task& task, const std::string& name) {
  const cv::Mat x = matrix(task, "x");
  cv::Mat floats;
  x.convertTo(floats, CV_32F);
  cv::Mat start;
  assign(x, matrix(task, "start"), start);
  cv::Mat centers;
  const auto run = [&](int steps) {
    cv::Mat labels = start.clone();
    // One more, because the first update takes the labels of the start.
    cv::kmeans(floats, task.values("start").rows, labels,
               cv::TermCriteria(cv::TermCriteria::COUNT, 1 + steps, 0), 1,
               cv::KMEANS_USE_INITIAL_LABELS, centers);
  };
  run(std::max(task.passes - 1, 1));
  cv::Mat exact;
  cv::Mat labels;
  centers.convertTo(exact, CV_64F);
  const double value = assign(x, exact, labels);
  peer::serve(name + " float32", task.passes, run, value);
}

}  // namespace

int main(int argc, char** argv) try {
  const peer::Task task(argc, argv);
  if (const char* threads = std::getenv("OMP_NUM_THREADS")) cv::setNumThreads(std::atoi(threads));
  const std::string name = "OpenCV " CV_VERSION;
  if (task.model == "kmeans") {
    kmeans(task, name);
  } else if (task.model == "VVV" || task.model == "VVI") {
    mixture(task, name);
  } else {
    throw std::runtime_error("OpenCV has no model " + task.model);
  }
} catch (const std::exception& error) {
  std::cerr << "peer_opencv: " << error.what() << '\n';
  return 1;
}
