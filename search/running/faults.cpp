#include "search/running/faults.hpp"

#include <signal.h>
#include <unistd.h>

#include <cstdlib>

namespace atto::search {

Faults::Faults() : Faults(std::getenv("ATTO_FAULT") ? std::getenv("ATTO_FAULT") : "") {}

Faults::Faults(std::string_view text) {
  while (!text.empty()) {
    const std::size_t comma = text.find(',');
    const std::string_view part = text.substr(0, comma);
    text.remove_prefix(comma == std::string_view::npos ? text.size() : comma + 1);
    const std::size_t colon = part.find(':');
    if (colon == std::string_view::npos) continue;
    faults_[std::string(part.substr(0, colon))] = {
        std::strtol(std::string(part.substr(colon + 1)).c_str(), nullptr, 10), part.back() != '!',
        part.back() == '?'};
  }
}

void Faults::pass(std::string_view point, bool is_spared) {
  if (faults_.empty()) return;
  const auto found = faults_.find(point);
  if (found == faults_.end()) return;
  Fault& fault = found->second;
  --fault.left;
  if (fault.stops) {
    if (fault.left == 0) ::kill(::getpid(), SIGSTOP);
  } else if (fault.left <= 0 && !(is_spared && fault.spares)) {
    ::kill(::getpid(), SIGKILL);
  }
}

}  // namespace atto::search
