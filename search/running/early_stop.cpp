#include "search/running/early_stop.hpp"

#include <signal.h>

#include <cstdlib>
#include <utility>

namespace atto::search {

EarlyStop::EarlyStop(StopSignals& signals, std::function<int()> tell)
    : watch_([&signals, tell = std::move(tell)](const std::stop_token& is_over) {
        while (!is_over.stop_requested()) {
          const int signal = signals.wait(20);
          if (signal != SIGINT && signal != SIGTERM) continue;
          std::_Exit(tell());
        }
      }) {}

void EarlyStop::cease() {
  if (!watch_.joinable()) return;
  watch_.request_stop();
  watch_.join();
}

}  // namespace atto::search
