#include "export/runtime/steps/i8_epilogue.hpp"

#include <algorithm>

#include "export/runtime/steps/epilogue.hpp"

namespace atto::edge {

I8Epilogue::I8Epilogue(const StepContext& context, const format::Step& step, const View& shape)
    : out(byte_view_of(context.program.tensors[step.output], shape)) {
  const std::ptrdiff_t lanes = std::ptrdiff_t{shape.blocks} * format::kLanes;
  const std::byte* bias_at = context.weights.data() + step.parameters.bias;
  bias = reinterpret_cast<const std::int32_t*>(bias_at);
  requantisation.multipliers =
      reinterpret_cast<const float*>(bias_at + lanes * std::ptrdiff_t{sizeof(float)});
  requantisation.clamp = i8_clamp_of(step.activation, out.scale);
  requantisation.joined = i8_clamp_of(step.joined_activation, out.scale);
  requantisation.zero_point = out.zero_point;
  const Clamp last = step.residual < 0 ? requantisation.clamp : requantisation.joined;
  requantisation.low = i8_rounded(last.low, static_cast<float>(out.zero_point));
  requantisation.high = i8_rounded(last.high, static_cast<float>(out.zero_point));
  // Sums are below 2^31 in size.
  fits_int32 = std::all_of(requantisation.multipliers, requantisation.multipliers + lanes,
                           [](float multiplier) { return multiplier >= 0 && multiplier < 0.5F; });
  if (step.residual < 0) return;
  residual =
      byte_view_of(context.program, static_cast<std::uint32_t>(step.residual), context.arena);
  requantisation.residual_factor = i8_multiplier(residual.scale, 1, out.scale);
  requantisation.residual_zero = residual.zero_point;
  fits_int32 = fits_int32 && requantisation.residual_factor < (1 << 20);
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
