#include "search/campaign/too_few.hpp"

#include <fmt/format.h>

#include "generator/space/enumeration.hpp"
#include "generator/space/feasibility.hpp"

namespace atto::search {

std::string too_few_text(const gen::FeasibleSpace& space, const Shortage& shortage) {
  const auto& [tried, wanted, seed] = shortage;
  const std::optional<std::size_t> designs = gen::fewer_designs_than(space, wanted);
  const std::string asked = fmt::format("search.candidates asks for {}", wanted);
  if (designs && *designs > 0 && *designs <= tried)
    return fmt::format("the prototype has only {} distinct feasible design{}; {}", *designs,
                       *designs == 1 ? "" : "s", asked);
  if (designs && *designs > 0)
    return fmt::format("{} of the prototype's {} distinct feasible designs were drawn; {}", tried,
                       *designs, asked);
  if (tried > 0) return fmt::format("no new feasible design was drawn after {}; {}", tried, asked);
  const gen::Feasibility found = gen::check_feasibility(space, seed);
  if (found.answer == gen::Feasibility::Answer::Feasible)
    return "no design was tried, though some are feasible";
  return "no design was tried: " + found.reason;
}

}  // namespace atto::search
