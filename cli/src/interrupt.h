#pragma once

namespace mix::cli {

/// From now on an interrupt (Ctrl-C, SIGINT, SIGTERM) asks for an end with the best so far; a
/// second one ends the program at once.
void catch_interrupts();

/// Whether there was one.
bool interrupted();

}  // namespace mix::cli
