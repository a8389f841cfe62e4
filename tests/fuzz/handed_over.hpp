#pragma once
// How a fuzz target hands a file's bytes to the engine, and which engine it asks for.

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <span>

#include "export/format/header.hpp"
#include "export/runtime/engine.hpp"

namespace atto::fuzz {

/// A copy as model files must lie in memory; empty where the bytes are too few for a header.
class Copy {
 public:
  Copy(const std::uint8_t* data, std::size_t size) {
    void* memory = nullptr;
    if (size < format::kHeaderBytes || ::posix_memalign(&memory, format::kAlignment, size) != 0)
      return;
    std::memcpy(memory, data, size);
    memory_.reset(memory);
    bytes_ = {static_cast<std::byte*>(memory), size};
  }
  std::span<std::byte> bytes() const { return bytes_; }

 private:
  std::unique_ptr<void, void (*)(void*)> memory_{nullptr, std::free};
  std::span<std::byte> bytes_;
};

/// Any level and up to three threads, one after the other, as the size of the file says.
inline edge::EngineOptions options_for(std::size_t size) {
  edge::EngineOptions options;
  const std::size_t levels = edge::available_levels().size();
  options.level = edge::available_levels()[size % levels];
  options.threads = 1 + static_cast<int>(size / levels % 3);
  options.parallel_for = [](int count, const std::function<void(int)>& part) {
    for (int i = 0; i < count; ++i) part(i);
  };
  return options;
}

}  // namespace atto::fuzz
