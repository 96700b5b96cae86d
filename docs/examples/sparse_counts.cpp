// Counts of words, of which most are 0, fitted as sparse rows.
#include <fmt/core.h>
#include <mix/distributions/multinomial.h>
#include <mix/files.h>
#include <mix/matrix_market.h>
#include <mix/models/fit.h>
#include <mix/random.h>

#include <iterator>
#include <map>
#include <string>

namespace {

// Text i is about topic i modulo 3: half of its 40 words are among 100 of the topic's own.
std::string some_texts() {
  mix::Rng rng(1);
  std::string lines;
  int cells = 0;
  for (int i = 0; i < 600; ++i) {
    std::map<mix::Index, int> counts;
    for (int word = 0; word < 40; ++word) {
      const bool own = mix::uniform(rng) < 0.5;
      ++counts[own ? i % 3 * 100 + mix::uniform_index(rng, 100) : mix::uniform_index(rng, 2000)];
    }
    for (const auto& [word, count] : counts) {
      lines += fmt::format("{} {} {}\n", i + 1, word + 1, count);
      ++cells;
    }
  }
  return fmt::format("%%MatrixMarket matrix coordinate integer general\n600 2000 {}\n", cells) +
         lines;
}

}  // namespace

int main() {
  using namespace mix;
  write_file_atomically("texts.mtx", some_texts());
  const SparseMatrix texts = read_matrix_market("texts.mtx");
  const Fit best =
      fit(mixture(Untied(Multinomial(texts.cols(), Smoothing{0.01}), 3)), texts, {.seed = 1});
  const std::vector<Index> topics = best.model.predict(texts);
  const double stored = static_cast<double>(texts.nonZeros()) / static_cast<double>(texts.size());
  fmt::print("{} texts, {} words, {:.1f} % of the cells are not 0\n", texts.rows(), texts.cols(),
             100 * stored);
  for (Index k = 0; k < 3; ++k) {
    std::map<std::size_t, int> count;
    for (std::size_t i = 0; i < topics.size(); ++i) {
      if (topics[i] == k) ++count[i % 3];
    }
    fmt::print("component {}: weight {:.3f}, texts of", k + 1, best.model.weights()[k]);
    for (const auto& [topic, texts_of_topic] : count) {
      fmt::print(" topic {} ({})", topic + 1, texts_of_topic);
    }
    fmt::print("\n");
  }
}
