#include "export/runtime/steps/i8_row_step.hpp"

namespace atto::edge {

I8RowStep::I8RowStep(const StepContext& context, const format::Step& step)
    : parts_(context.parts),
      step_(step),
      out_(byte_view_of(context.program, step.output, context.arena)),
      bounds_(i8_bounds_of(step.activation, out_.scale, out_.zero_point)) {
  for (const std::uint32_t input : step.inputs)
    in_.push_back(byte_view_of(context.program, input, context.arena));
}

void I8RowStep::run(const RunArguments& arguments) const noexcept {
  const Range mine = share(out_.shape.height, arguments.part, parts_);
  for (int y = mine.begin; y < mine.end; ++y)
    for (int b = 0; b < out_.shape.blocks; ++b) make_row(y, b, arguments);
  fill_halo(out_, mine.begin, mine.end, 0, out_.shape.blocks);
}

}  // namespace atto::edge
