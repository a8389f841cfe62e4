// A team of one, for builds without threads.
#include "export/runtime/team.hpp"

namespace atto::edge {

struct Team::State {};

Team::Team(int /*members*/) {}
Team::~Team() = default;

void Team::run(const std::function<void(int)>& work) noexcept {
  work(0);
}
void Team::barrier() noexcept {}

}  // namespace atto::edge
