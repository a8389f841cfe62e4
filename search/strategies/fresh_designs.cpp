#include "search/strategies/fresh_designs.hpp"

namespace atto::search {

std::optional<gen::Candidate> FreshDesigns::draw(std::int64_t position, const Draw& draw) const {
  spec::Random random = stream_.fork(static_cast<std::uint64_t>(position));
  for (int i = 0; i < kTries; ++i) {
    poll_();
    std::optional<gen::Candidate> candidate = draw(random);
    if (candidate && taken_.count(candidate->hash) == 0) return candidate;
  }
  return {};
}

void FreshDesigns::steer(const Steering& steering) {
  space_ = steering.space;
  taken_.insert(steering.taken.begin(), steering.taken.end());
}

std::optional<gen::Candidate> FreshDesigns::sample(std::int64_t position) const {
  return draw(position, [&](spec::Random& random) { return space_->sample(random); });
}

}  // namespace atto::search
