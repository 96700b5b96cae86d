#include "mix/scratch.h"

#include <algorithm>
#include <vector>

namespace mix {
namespace {

// A stack in pieces: what was given out must not move when it grows.
struct Stack {
  std::vector<Vector> pieces;
  std::size_t piece = 0;  // the one in use
  Index used = 0;         // of its numbers
};

constexpr Index first_piece = 1024;
// Whatever is given begins on a cache line.
constexpr Index line = 8;

Stack& stack() {
  thread_local Stack memory;
  return memory;
}

}  // namespace

Scratch::Scratch() : piece_(stack().piece), used_(stack().used) {}

Scratch::~Scratch() {
  Stack& s = stack();
  s.piece = piece_;
  s.used = used_;
}

double* Scratch::numbers(Index count) {
  Stack& s = stack();
  const Index wanted = (count + line - 1) / line * line;
  if (s.pieces.empty()) s.pieces.emplace_back(std::max(first_piece, wanted));
  if (s.used + wanted > s.pieces[s.piece].size()) {
    ++s.piece;
    s.used = 0;
    // Pieces beyond the one in use hold nothing.
    if (s.piece == s.pieces.size()) s.pieces.emplace_back();
    Vector& next = s.pieces[s.piece];
    if (next.size() < wanted) next.resize(std::max(wanted, 2 * s.pieces[s.piece - 1].size()));
  }
  double* given = s.pieces[s.piece].data() + s.used;
  s.used += wanted;
  return given;
}

}  // namespace mix
