#include "mix/block_memory.h"

namespace mix {
namespace {

struct Stock {
  std::vector<std::unique_ptr<BlockMemory>> all;
  std::size_t lent = 0;
};

Stock& stock() {
  thread_local Stock memory;
  return memory;
}

}  // namespace

BorrowedMemory::BorrowedMemory() {
  Stock& s = stock();
  if (s.lent == s.all.size()) s.all.push_back(std::make_unique<BlockMemory>());
  memory_ = s.all[s.lent++].get();
}

BorrowedMemory::~BorrowedMemory() {
  memory_->allow_single_precision(false);
  memory_->leave_out_common(false);
  memory_->assume_complete(false);
  --stock().lent;
}

}  // namespace mix
