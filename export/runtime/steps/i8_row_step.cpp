#include "export/runtime/steps/i8_row_step.hpp"

namespace atto::edge {

I8RowStep::I8RowStep(const Ground& ground, const format::Step& step)
    : parts_(ground.parts),
      step_(step),
      out_(byte_view_of(ground.program, step.output, ground.arena)),
      bounds_(i8_bounds_of(step.activation, out_.scale, out_.zero_point)) {
  for (const std::uint32_t input : step.inputs)
    in_.push_back(byte_view_of(ground.program, input, ground.arena));
}

void I8RowStep::run(const Call& call) const noexcept {
  const Range mine = share(out_.shape.height, call.part, parts_);
  for (int y = mine.begin; y < mine.end; ++y)
    for (int b = 0; b < out_.shape.blocks; ++b) make_row(y, b, call);
  fill_halo(out_, mine.begin, mine.end, 0, out_.shape.blocks);
}

}  // namespace atto::edge
