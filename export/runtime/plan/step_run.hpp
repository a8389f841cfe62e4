#pragma once
// A step of a program, prepared: every address, tile and panel is known; running it allocates
// nothing.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "export/format/program_rules.hpp"
#include "export/runtime/kernels/f32/kernels.hpp"
#include "export/runtime/plan/view.hpp"

namespace atto::edge {

/// What steps are prepared from. All of it outlives them.
struct StepContext {
  const format::Program& program;
  std::span<const std::byte> weights;
  std::byte* arena;
  std::span<const std::uint64_t> places;  ///< as a Layout's
  const Kernels& kernels;
  Level level;
  int parts;  ///< every step is run as that many parts, which may run at the same time
};

/// Kernels load whole vectors, of which they use a part.
inline constexpr std::ptrdiff_t kReadBeyond = 64;

/// Bytes up to the next place in scratch memory that is aligned for vectors.
inline std::ptrdiff_t aligned(std::ptrdiff_t bytes) {
  constexpr auto kAlignment = static_cast<std::ptrdiff_t>(format::kAlignment);
  return (bytes + kAlignment - 1) / kAlignment * kAlignment;
}

/// One call's input (one of the two is set) and the running part's scratch memory.
struct RunArguments {
  const float* image = nullptr;          ///< [C, H, W]
  const std::uint8_t* pixels = nullptr;  ///< [H, W, C]
  std::uint32_t round = 0;               ///< counts the runs of every step
  int part = 0;
  std::byte* scratch = nullptr;          ///< scratch_bytes(), 64-byte aligned
  std::span<const std::byte> next = {};  ///< weights that are read soon after
};

class StepRun {
 public:
  StepRun() = default;
  StepRun(const StepRun&) = delete;
  StepRun& operator=(const StepRun&) = delete;
  virtual ~StepRun() = default;
  virtual void run(const RunArguments& arguments) const noexcept = 0;
  /// Returns the weights that a part reads first, or nothing.
  virtual std::span<const std::byte> first_weights(int /*part*/) const { return {}; }
  /// Returns what each part needs while it runs.
  virtual std::size_t scratch_bytes() const { return 0; }
  /// Returns what runs, for the profile: "dwconv3x3s1+conv1x1s1".
  virtual std::string kernels() const = 0;
};

using StepPointer = std::unique_ptr<const StepRun>;

/// Returns a kernel's name: "conv3x3s1"; with a mark, a number of such: "conv1x1s1g4".
[[gnu::cold]] std::string kernel_name(const char* kind, const format::Window& window,
                                      const char* mark = "", int count = 0);

StepPointer make_step(const StepContext& context, const format::Chain& chain);
/// Of kinds that do not run in strips. What only prepares shall be small (cold), unlike what runs.
[[gnu::cold]] StepPointer make_row_step(const StepContext& context, const format::Step& step);
[[gnu::cold]] StepPointer make_i8_row_step(const StepContext& context, const format::Step& step);
[[gnu::cold]] StepPointer make_i8_pool(const StepContext& context, const format::Step& step);
[[gnu::cold]] StepPointer make_i8_move(const StepContext& context, const format::Step& step);
[[gnu::cold]] StepPointer make_move(const StepContext& context, const format::Step& step);
[[gnu::cold]] StepPointer make_pixel_step(const StepContext& context, const format::Step& step);
[[gnu::cold]] StepPointer make_resize(const StepContext& context, const format::Step& step);

/// Pixel values become what the network sees: value * scale[c] + shift[c].
struct Normalisation {
  float scale, shift;
};
Normalisation normalisation_of(const format::Program& program, int channel);

}  // namespace atto::edge
