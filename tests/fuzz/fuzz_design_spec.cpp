// Any JSON: a design spec or one SpecError.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "design_specs/requirements/design_spec.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    const auto document =
        atto::spec::parse_json({reinterpret_cast<const char*>(data), size}, "fuzz.json");
    (void)atto::spec::read_design_spec(document, "fuzz.json");
  } catch (const atto::SpecError&) {
  }
  return 0;
}
