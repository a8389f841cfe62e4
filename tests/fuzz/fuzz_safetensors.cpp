// Any bytes as a safetensors file: tensors, widened, or one SpecError.
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>

#include "design_specs/errors.hpp"
#include "prototypes/network/weights.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::filesystem::path file =
      std::filesystem::temp_directory_path() / ("atto_fuzz_" + std::to_string(::getpid()));
  {
    std::ofstream out(file, std::ios::binary | std::ios::trunc);
    out.write(reinterpret_cast<const char*>(data), static_cast<std::streamsize>(size));
  }
  try {
    atto::net::TensorFile contents = atto::net::read_safetensors(file);
    atto::net::widen(contents);
  } catch (const atto::SpecError&) {
  }
  std::filesystem::remove(file);
  return 0;
}
