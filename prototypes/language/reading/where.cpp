#include "prototypes/language/reading/where.hpp"

#include <fmt/format.h>

namespace atto::net {

Where Where::key(std::string_view name) const {
  Where next = *this;
  if (!next.path.empty()) next.path += '.';
  if (!next.place.empty()) next.place += '.';
  next.path += name;
  next.place += name;
  return next;
}

Where Where::index(std::size_t i) const {
  Where next = *this;
  const std::string part = fmt::format("[{}]", i);
  next.path += part;
  next.place += part;
  return next;
}

Where Where::alternative(std::size_t k, DecisionId id) const {
  Where next = *this;
  next.path += fmt::format("#{}", k);
  if (id != kNoDecision) {
    next.parent = id;
    next.first = next.last = static_cast<std::int32_t>(k);
  }
  return next;
}

Where Where::when_at_least(std::int32_t from, const Decision& decision, DecisionId id) const {
  Where next = *this;
  if (from <= 0) return next;
  next.parent = id;
  next.first = from;
  next.last = decision.alternatives - 1;
  return next;
}

}  // namespace atto::net
