#include "export/runtime/steps/epilogue.hpp"

#include <limits>

namespace atto::edge {

bool is_clamp(format::Activation activation) {
  return activation == format::Activation::None || activation == format::Activation::Relu ||
         activation == format::Activation::Relu6;
}

Clamp clamp_of(format::Activation activation) {
  constexpr float kEndless = std::numeric_limits<float>::infinity();
  if (activation == format::Activation::Relu) return {0, kEndless};
  if (activation == format::Activation::Relu6) return {0, 6};
  return {-kEndless, kEndless};
}

Epilogue::Epilogue(const StepContext& context, const format::Step& step)
    : kernels_(context.kernels),
      activation_(step.activation),
      joined_activation_(step.joined_activation),
      has_residual_(step.residual >= 0),
      clamp_(clamp_of(step.activation)),
      joined_(clamp_of(step.joined_activation)) {
  if (has_residual_)
    residual_ = view_of(context.program, static_cast<std::uint32_t>(step.residual), context.arena);
  in_kernel_ = has_residual_ && is_clamp(activation_);
  is_complete_ = is_clamp(activation_) && (!has_residual_ || is_clamp(joined_activation_));
}

void Epilogue::complete_row(float* row, const float* residual, std::size_t values) const {
  if (!is_clamp(activation_)) kernels_.activate(row, row, values, activation_);
  if (!has_residual_) return;
  if (!in_kernel_) kernels_.add(row, row, residual, values);
  if (!in_kernel_ || !is_clamp(joined_activation_))
    kernels_.activate(row, row, values, joined_activation_);
}

void Epilogue::complete(const View& out, int begin, int end, int block_begin, int block_end) const {
  if (!is_complete_)
    for (int y = begin; y < end; ++y)
      for (int b = block_begin; b < block_end; ++b)
        complete_row(out.row(y, b), has_residual_ ? residual_.row(y, b) : nullptr,
                     out.row_values());
  zero_halo(out, begin, end, block_begin, block_end);
}

}  // namespace atto::edge
