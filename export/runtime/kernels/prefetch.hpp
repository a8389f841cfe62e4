#pragma once
// What kernels fetch into caches ahead of its use.

#include "export/runtime/kernels/f32/kernels.hpp"

namespace atto::edge {

/// Brings what is read after a panel into the second-level cache, some lines with every block of
/// channels: in one burst they would fill the buffers of the first-level cache, and the tiles wait.
class Prefetch {
 public:
  Prefetch() = default;
  Prefetch(const ConvPanel& panel, const Tile& tile)
      : at_(reinterpret_cast<std::uintptr_t>(panel.prefetch) +
            static_cast<std::uintptr_t>((&tile - panel.tiles) * panel.prefetch_tile)),
        until_(at_),
        step_(static_cast<std::uintptr_t>(panel.prefetch_step)) {}

  [[gnu::always_inline]] void advance() {
    constexpr std::uintptr_t kLine = 64;
    for (until_ += step_; at_ < until_; at_ += kLine)
      __builtin_prefetch(reinterpret_cast<const void*>(at_), 0, 2);
  }

 private:
  std::uintptr_t at_ = 0, until_ = 0, step_ = 0;
};

}  // namespace atto::edge
