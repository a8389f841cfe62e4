#include "export/runtime/steps/i8_ending.hpp"

#include <algorithm>

#include "export/runtime/steps/finish.hpp"

namespace atto::edge {

I8Ending::I8Ending(const Ground& ground, const format::Step& step, const View& shape)
    : out(byte_view_of(ground.program.tensors[step.output], shape)) {
  const std::ptrdiff_t lanes = std::ptrdiff_t{shape.blocks} * format::kLanes;
  const std::byte* bias_at = ground.weights.data() + step.parameters.bias;
  bias = reinterpret_cast<const std::int32_t*>(bias_at);
  finish.multipliers =
      reinterpret_cast<const float*>(bias_at + lanes * std::ptrdiff_t{sizeof(float)});
  finish.clamp = i8_clamp_of(step.activation, out.scale);
  finish.joined = i8_clamp_of(step.joined_activation, out.scale);
  finish.zero_point = out.zero_point;
  const Clamp last = step.residual < 0 ? finish.clamp : finish.joined;
  finish.low = i8_rounded(last.low, static_cast<float>(out.zero_point));
  finish.high = i8_rounded(last.high, static_cast<float>(out.zero_point));
  // Sums are below 2^31 in size.
  is_tame = std::all_of(finish.multipliers, finish.multipliers + lanes,
                        [](float multiplier) { return multiplier >= 0 && multiplier < 0.5F; });
  if (step.residual < 0) return;
  residual = byte_view_of(ground.program, static_cast<std::uint32_t>(step.residual), ground.arena);
  finish.residual_factor = i8_multiplier(residual.scale, 1, out.scale);
  finish.residual_zero = residual.zero_point;
  is_tame = is_tame && finish.residual_factor < (1 << 20);
}

Clamp i8_clamp_of(format::Activation activation, float scale) {
  Clamp clamp = clamp_of(activation);
  if (activation == format::Activation::Relu6) clamp.high = static_cast<float>(6 / double{scale});
  return clamp;
}

I8Bounds i8_bounds_of(format::Activation activation, float scale, std::int32_t zero_point) {
  const Clamp clamp = i8_clamp_of(activation, scale);
  const auto zero = static_cast<float>(zero_point);
  return {i8_rounded(clamp.low, zero), i8_rounded(clamp.high, zero), zero_point};
}

}  // namespace atto::edge
