#include "interrupt.h"

#include <csignal>

namespace mix::cli {
namespace {

volatile std::sig_atomic_t caught = 0;

extern "C" void note_interrupt(int signal) {
  caught = 1;
  std::signal(signal, SIG_DFL);
}

}  // namespace

void catch_interrupts() {
  std::signal(SIGINT, note_interrupt);
  std::signal(SIGTERM, note_interrupt);
}

bool interrupted() { return caught != 0; }

}  // namespace mix::cli
