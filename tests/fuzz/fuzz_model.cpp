// Any bytes as a model file: one ModelError, or a program that runs inside its arena. A wrong
// checksum is mended, or nothing behind it would ever be reached.
#include <cstdint>
#include <vector>

#include "export/format/model_file.hpp"
#include "export/runtime/engine.hpp"
#include "tests/fuzz/handed_over.hpp"
#include "tests/fuzz/legal_programs.hpp"

using namespace atto;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const fuzz::Copy copy(data, size);
  if (copy.bytes().empty()) return 0;
  fuzz::repair(copy.bytes());
  try {
    const edge::Model model = edge::Model::view(copy.bytes());
    const format::Program& program = model.program();
    if (fuzz::bytes_of(program) > fuzz::kMaxBytes || fuzz::work_of(program) > fuzz::kMaxWork)
      return 0;
    const std::vector<float> image(static_cast<std::size_t>(program.channels) *
                                   static_cast<std::size_t>(program.height) *
                                   static_cast<std::size_t>(program.width));
    edge::Engine(model, fuzz::options_for(size)).run(image);
  } catch (const format::ModelError&) {
  }
  return 0;
}
