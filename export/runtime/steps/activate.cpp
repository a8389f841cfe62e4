// Activations of their own: of floats by the level's kernel, of bytes by a table.
#include <cstring>

#include "export/runtime/kernels/i8/kernels.hpp"
#include "export/runtime/plan/strip_run.hpp"

namespace atto::edge {
namespace {

class ActivateRun final : public StripRun {
 public:
  ActivateRun(const StepContext& context, const format::Step& step, const StripPlan& plan)
      : kernels_(context.kernels), activation_(step.activation), plan_(plan) {
    const format::Tensor& made = context.program.tensors[step.output];
    element_ = static_cast<std::ptrdiff_t>(format::element_bytes(made.element));
    if (made.element == format::Element::F32) return;
    table_row_ = i8_kernels_of(context.level).table_row;
    table_ =
        reinterpret_cast<const std::uint8_t*>(context.weights.data() + step.parameters.weights);
    padding_value_ = made.zero_point;
  }
  void run(int turn, const Places& places, Range blocks,
           const RunArguments& /*arguments*/) const noexcept override {
    const View& out = plan_.out;
    const Range rows = plan_.turns[static_cast<std::size_t>(turn)];
    for (int y = rows.begin; y < rows.end; ++y)
      for (int b = blocks.begin; b < blocks.end; ++b) {
        std::byte* const to = place(places.out, out, y, b);
        make_row(place(places.in, plan_.in, y, b), to);
        fill_padding(to);
      }
    if (rows.end == out.height && blocks.end == out.blocks)
      fill_padding(place(places.out, out, out.height, 0));
  }
  std::string kernels() const override { return table_ == nullptr ? "activate" : "i8table"; }

 private:
  std::byte* place(std::byte* data, const View& view, int y, int block) const {
    return data + (y * view.row_stride + block * view.block_stride) * element_;
  }
  void make_row(const std::byte* from, std::byte* to) const {
    const std::size_t values = plan_.out.row_values();
    if (table_ == nullptr)
      kernels_.activate(reinterpret_cast<float*>(to), reinterpret_cast<const float*>(from), values,
                        activation_);
    else
      table_row_({reinterpret_cast<const std::uint8_t*>(from), table_,
                  reinterpret_cast<std::uint8_t*>(to), values});
  }
  /// What lies left of a row.
  void fill_padding(std::byte* row) const {
    const std::ptrdiff_t bytes = plan_.out.halo * format::kLanes * element_;
    if (bytes > 0) std::memset(row - bytes, padding_value_, static_cast<std::size_t>(bytes));
  }

  const Kernels& kernels_;
  format::Activation activation_;
  StripPlan plan_;
  std::ptrdiff_t element_;
  void (*table_row_)(const I8TableRow& row) = nullptr;
  const std::uint8_t* table_ = nullptr;  ///< of 256, for bytes
  int padding_value_ = 0;
};

}  // namespace

StripPointer make_activate(const StepContext& context, const format::Step& step,
                           const StripPlan& plan) {
  return std::make_unique<ActivateRun>(context, step, plan);
}

}  // namespace atto::edge
