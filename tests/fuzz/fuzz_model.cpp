// Any bytes as a model file: one ModelError, or a program that runs inside its arena. A wrong
// checksum is mended, or nothing behind it would ever be reached.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <vector>

#include "export/format/model_file.hpp"
#include "export/runtime/engine.hpp"

namespace {

using namespace atto;

constexpr double kMaxBytes = 1 << 20;  // of the arena and of what chains may hold
constexpr double kMaxWork = 1e7;

void repair(std::byte* file, std::size_t size) {
  std::uint64_t section[2];
  std::memcpy(section, file + 16, 16);
  if (section[0] > size || section[1] > size - section[0]) return;
  const std::span<const std::byte> all(file, size);
  const std::uint64_t sum =
      format::checksum(all.subspan(section[0], section[1]), format::checksum(all.first(48)));
  std::memcpy(file + 48, &sum, 8);
}

double bytes_of(const format::Program& program) {
  auto bytes = static_cast<double>(program.arena_bytes);
  for (const format::Tensor& tensor : program.tensors)
    if (tensor.is_in_strips()) bytes += 4 * static_cast<double>(tensor.extent());
  return bytes;
}

/// A bound on what the steps do; legal programs may still be slow.
double work_of(const format::Program& program) {
  double work = 0;
  for (const format::Step& step : program.steps) {
    const format::Tensor& out = program.tensors[step.output];
    const double taps = static_cast<double>(step.window.height) * step.window.width;
    double reads = static_cast<double>(step.window.across.pad) + 1;
    for (const std::uint32_t input : step.inputs)
      reads += static_cast<double>(program.tensors[input].extent());
    // Unchecked where the step has no use for it.
    const double depth = static_cast<double>(step.wiring.in_blocks) * format::kLanes;
    work += static_cast<double>(out.extent()) * taps * std::max(depth, 1.0) + reads;
  }
  return work + static_cast<double>(program.channels) * program.height * program.width;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  void* memory = nullptr;
  if (size < format::kHeaderBytes || ::posix_memalign(&memory, format::kAlignment, size) != 0)
    return 0;
  const std::unique_ptr<std::byte, void (*)(void*)> bytes(static_cast<std::byte*>(memory),
                                                          std::free);
  std::memcpy(bytes.get(), data, size);
  repair(bytes.get(), size);
  try {
    const edge::Model model = edge::Model::view({bytes.get(), size});
    const format::Program& program = model.program();
    if (bytes_of(program) > kMaxBytes || work_of(program) > kMaxWork) return 0;
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
