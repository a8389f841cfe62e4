#pragma once
// What follows a convolution's sums: activation, residual, activation. Minimum and maximum run
// inside the kernels; other activations run over the finished rows.

#include "export/runtime/plan/step_run.hpp"

namespace atto::edge {

class Epilogue {
 public:
  Epilogue(const StepContext& context, const format::Step& step);

  /// For the kernel.
  Clamp clamp() const { return clamp_; }
  Clamp joined() const { return joined_; }
  /// The residual for the kernel, or null.
  const View* residual() const { return in_kernel_ ? &residual_ : nullptr; }

  /// Does the rest for rows [begin, end) and blocks [block_begin, block_end) of `out`, and zeroes
  /// their padding.
  void complete(const View& out, int begin, int end, int block_begin, int block_end) const;

 private:
  void complete_row(float* row, const float* residual, std::size_t values) const;

  const Kernels& kernels_;
  format::Activation activation_, joined_activation_;
  bool has_residual_;
  View residual_;
  bool in_kernel_ = false;  ///< the residual is added by the kernel
  bool is_complete_ = true;
  Clamp clamp_, joined_;
};

/// Returns the bounds of None, Relu and Relu6; others give no bounds.
Clamp clamp_of(format::Activation activation);
bool is_clamp(format::Activation activation);

}  // namespace atto::edge
