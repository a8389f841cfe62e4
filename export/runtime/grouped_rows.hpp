#pragma once
// Depthwise and small-group convolutions, row by row, into any rows of blocks.

#include <string>

#include "export/runtime/finish.hpp"
#include "export/runtime/step_run.hpp"

namespace atto::edge {

class GroupedRows {
 public:
  /// Reads the step's input. Its activation is the step's own, or the depthwise half's when
  /// `window` is the step's depthwise window.
  GroupedRows(const Ground& ground, const format::Step& step, const format::Window& window,
              const format::Parameters& parameters, const format::Wiring& wiring);

  /// Makes rows [begin, end) of the output's map at `dst`, activated. Only for a depthwise half.
  void run(int begin, int end, float* dst, std::ptrdiff_t row_stride,
           std::ptrdiff_t block_stride) const;
  /// Makes rows of the step's own output, with residual and padding.
  void run(int begin, int end, const View& out, const Finish& finish) const;

  std::string name() const;

 private:
  GroupedRow prepared(int y) const;

  const Kernels& kernels_;
  format::Window window_;
  format::Wiring wiring_;
  format::Activation half_activation_;
  View in_;
  int width_, blocks_;
  const float *weights_, *bias_;
};

}  // namespace atto::edge
