// Any bytes: a document or one SpecError.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "design_specs/reading/json.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    const auto document =
        atto::spec::parse_json({reinterpret_cast<const char*>(data), size}, "fuzz.json");
    (void)document.root.shown();
  } catch (const atto::SpecError&) {
  }
  return 0;
}
