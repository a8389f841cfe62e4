// Any JSON: a prototype or one SpecError; a prototype that was read can be realised at its first
// alternatives, written as a design and read back.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "prototypes/language/prototype.hpp"
#include "prototypes/network/identity.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace atto;
  try {
    const net::Prototype prototype(
        spec::parse_json({reinterpret_cast<const char*>(data), size}, "fuzz.json"));
    net::Assignment assignment(prototype.decisions().size(), net::kInactive);
    net::complete(prototype.decisions(), assignment);
    const auto realised = net::realise(prototype, assignment);
    if (!realised.network) return 0;
    const net::Prototype design(
        spec::parse_json(net::design_text(prototype, assignment), "design.json"));
    const auto again = net::realise(design, {});
    if (!again.network ||
        net::structure_hash(*again.network) != net::structure_hash(*realised.network))
      std::abort();
  } catch (const SpecError&) {
  }
  return 0;
}
