// Any bytes as a model file: one ModelError, or a program that runs inside its arena. A wrong
// checksum is mended, or nothing behind it would ever be reached.
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <vector>

#include "export/format/model_file.hpp"
#include "export/runtime/engine.hpp"
#include "tests/fuzz/legal_programs.hpp"

using namespace atto;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  void* memory = nullptr;
  if (size < format::kHeaderBytes || ::posix_memalign(&memory, format::kAlignment, size) != 0)
    return 0;
  const std::unique_ptr<std::byte, void (*)(void*)> bytes(static_cast<std::byte*>(memory),
                                                          std::free);
  std::memcpy(bytes.get(), data, size);
  fuzz::repair({bytes.get(), size});
  try {
    const edge::Model model = edge::Model::view({bytes.get(), size});
    const format::Program& program = model.program();
    if (fuzz::bytes_of(program) > fuzz::kMaxBytes || fuzz::work_of(program) > fuzz::kMaxWork)
      return 0;
    const std::vector<float> image(static_cast<std::size_t>(program.channels) *
                                   static_cast<std::size_t>(program.height) *
                                   static_cast<std::size_t>(program.width));
    edge::EngineOptions options;
    const std::size_t levels = edge::available_levels().size();
    options.level = edge::available_levels()[size % levels];
    options.threads = 1 + static_cast<int>(size / levels % 3);
    options.parallel_for = [](int count, const std::function<void(int)>& part) {
      for (int i = 0; i < count; ++i) part(i);
    };
    edge::Engine(model, options).run(image);
  } catch (const format::ModelError&) {
  }
  return 0;
}
