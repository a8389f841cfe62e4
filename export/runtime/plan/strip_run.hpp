#pragma once
// A member of a chain: makes some rows of its output from some rows of its input, in turns.

#include <vector>

#include "export/runtime/plan/step_run.hpp"

namespace atto::edge {

/// How a member's tensors lie, and what its turns are.
struct StripPlan {
  View in, out;              ///< data null: Places say where; no `in` for the image's reader
  std::vector<Range> turns;  ///< the rows of `out` that each turn makes
};

/// Output blocks that are best made together, and how many in a row belong to a group, beyond which
/// they cannot; 0: all blocks are always made together.
struct Panels {
  int blocks = 0, of_group = 0;
};

/// Pixel (0, 0) of block 0 of the tensors, as if all of their rows lay there.
struct Places {
  std::byte* in = nullptr;
  std::byte* out = nullptr;
};

class StripRun {
 public:
  StripRun() = default;
  StripRun(const StripRun&) = delete;
  StripRun& operator=(const StripRun&) = delete;
  virtual ~StripRun() = default;
  /// Does what all blocks of a turn need, in the scratch memory, which run() then finds.
  virtual void prepare(int /*turn*/, const Places& /*places*/,
                       const RunArguments& /*arguments*/) const noexcept {}
  /// Makes the turn's rows of output blocks [blocks.begin, blocks.end).
  virtual void run(int turn, const Places& places, Range blocks,
                   const RunArguments& arguments) const noexcept = 0;
  virtual Panels panels() const { return {}; }
  /// Returns the weights that these output blocks read first, or nothing.
  virtual std::span<const std::byte> weights(Range /*blocks*/) const { return {}; }
  virtual std::size_t scratch_bytes() const { return 0; }
  virtual std::string kernels() const = 0;
};

using StripPointer = std::unique_ptr<const StripRun>;

[[gnu::cold]] StripPointer make_conv(const StepContext& context, const format::Step& step,
                                     const StripPlan& plan);
[[gnu::cold]] StripPointer make_winograd(const StepContext& context, const format::Step& step,
                                         const StripPlan& plan);
[[gnu::cold]] StripPointer make_image_conv(const StepContext& context, const format::Step& step,
                                           const StripPlan& plan);
[[gnu::cold]] StripPointer make_grouped(const StepContext& context, const format::Step& step,
                                        const StripPlan& plan);
[[gnu::cold]] StripPointer make_average(const StepContext& context, const format::Step& step,
                                        const StripPlan& plan);
[[gnu::cold]] StripPointer make_i8_conv(const StepContext& context, const format::Step& step,
                                        const StripPlan& plan);
[[gnu::cold]] StripPointer make_i8_image_conv(const StepContext& context, const format::Step& step,
                                              const StripPlan& plan);
[[gnu::cold]] StripPointer make_i8_depthwise(const StepContext& context, const format::Step& step,
                                             const StripPlan& plan);
[[gnu::cold]] StripPointer make_i8_average(const StepContext& context, const format::Step& step,
                                           const StripPlan& plan);
/// Of floats and of bytes.
[[gnu::cold]] StripPointer make_activate(const StepContext& context, const format::Step& step,
                                         const StripPlan& plan);

}  // namespace atto::edge
