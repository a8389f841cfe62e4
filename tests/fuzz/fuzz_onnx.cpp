// Any bytes as an ONNX model: a design and its weights, or one SpecError.
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>

#include "design_specs/errors.hpp"
#include "export/import/onnx_import.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::filesystem::path file = std::filesystem::temp_directory_path() /
                                            ("atto_fuzz_" + std::to_string(::getpid()) + ".onnx");
  {
    std::ofstream out(file, std::ios::binary | std::ios::trunc);
    out.write(reinterpret_cast<const char*>(data), static_cast<std::streamsize>(size));
  }
  try {
    atto::deploy::import::import_onnx(file);
  } catch (const atto::SpecError&) {
  }
  std::filesystem::remove(file);
  return 0;
}
