#pragma once
// The caller's image in bytes, four of its channels at a time.

#include <vector>

#include "export/runtime/kernels/i8/kernels.hpp"
#include "export/runtime/plan/step_run.hpp"

namespace atto::edge {

class I8Image {
 public:
  I8Image(const StepContext& context, const I8Kernels& kernels, float scale,
          std::int32_t zero_point);

  /// Makes row y of four channels, each where it is below 0 of zero points.
  void make_row(std::uint8_t* to, std::ptrdiff_t pixel_step, const RunArguments& arguments, int y,
                const int* channels) const;

 private:
  void normalise(float* to, const RunArguments& arguments, std::ptrdiff_t pixel, int count,
                 int channel) const;

  const format::Program& program_;
  const I8Kernels& kernels_;
  float scale_;
  std::int32_t zero_point_;
  std::vector<Normalisation> normalisation_;
};

}  // namespace atto::edge
