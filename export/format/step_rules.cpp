// The rules of single steps, and the sizes of their parameters.
#include "export/format/step_rules.hpp"

#include <array>

namespace atto::format {
namespace {

constexpr std::int64_t kMaxWindow = std::int64_t{1} << 30;  // taps times channels of one output

/// Bytes of packed weights for `panels` blocks of 16 outputs.
std::uint64_t packed_bytes(Element element, std::uint64_t panels, std::uint64_t taps,
                           std::uint64_t depth) {
  const std::uint64_t together = 4 / element_bytes(element);  // channels in 32 bits
  return panels * taps * ((depth + together - 1) / together) * kLanes * 4;
}

/// F32 and Bf16: a float per lane. U8: an int32 bias and a float multiplier per lane; behind those
/// of an ImageConv, the image's scale and zero point.
std::uint64_t bias_bytes(Element element, std::uint64_t panels) {
  return panels * kLanes * (element == Element::U8 ? 8 : 4);
}

std::uint64_t unsigned_of(std::int64_t value) {
  return static_cast<std::uint64_t>(value);
}

class StepChecker {
 public:
  StepChecker(const Program& program, std::uint64_t weight_bytes, std::string where,
              const Refuse& refuse)
      : program_(program), weight_bytes_(weight_bytes), where_(std::move(where)), refuse_(refuse) {}

  void check_step(const Step& step) const {
    require(is_convolution(step.kind) || step.residual < 0, "residual",
            "does not fit this kind of step");
    check_residual(step);
    check_elements(step);
    check_bf16(step);
    check_winograd(step);
    switch (form_of(step.kind)) {
      case StepForm::Image:
        return check_image_step(step);
      case StepForm::Convolution:
        return check_convolution(step);
      case StepForm::ByLane:
        return check_by_lane(step);
      case StepForm::Pairwise:
        return check_pairwise(step);
      case StepForm::Lanes:
        return check_gather(step);
      case StepForm::Sides:
        return check_resize(step);
    }
  }

 private:
  void require(bool holds, const char* part, const char* rule) const {
    if (!holds) refuse_(where_ + std::string(part), rule);
  }

  const Tensor& tensor(std::size_t index) const { return program_.tensors[index]; }
  const Tensor& in(const Step& step, std::size_t i = 0) const { return tensor(step.inputs[i]); }
  const Tensor& out(const Step& step) const { return tensor(step.output); }

  void require_inputs(const Step& step, std::size_t low, std::size_t high) const {
    require(step.inputs.size() >= low && step.inputs.size() <= high, "inputs",
            "wrong number for this kind of step");
  }
  void require_same_map(const Tensor& a, const Tensor& b) const {
    require(a.height == b.height && a.width == b.width, "output", "must have its input's sides");
  }
  void require_same_blocks(const Tensor& a, const Tensor& b) const {
    require(a.blocks() == b.blocks(), "output", "must have as many blocks as its input");
  }
  /// A step that is not element by element must not overwrite what it reads.
  void require_apart(const Step& step) const {
    for (const std::uint32_t input : step.inputs)
      require(tensor(input).storage != out(step).storage || out(step).is_in_strips(), "output",
              "must not replace its input");
  }
  /// An element-by-element step may overwrite an input of the same layout.
  void require_apart_or_same(const Tensor& source, const Step& step) const {
    const Tensor& output = out(step);
    require(source.storage != output.storage || output.is_in_strips() ||
                (source.halo == output.halo && source.blocks() == output.blocks() &&
                 source.element == output.element && source.height == output.height &&
                 source.width == output.width),
            "output", "may replace only an input of the same layout");
  }
  void require_range(std::uint64_t offset, std::uint64_t bytes, const char* part) const {
    require(offset % kAlignment == 0, part, "must be a multiple of 64");
    require(offset <= weight_bytes_ && bytes <= weight_bytes_ - offset, part,
            "must lie inside the weight section");
  }
  void require_parameters(const Parameters& at, const ParameterBytes& bytes) const {
    require_range(at.weights, bytes.weights, "weights");
    require_range(at.bias, bytes.bias, "bias");
  }

  void check_window(const Window& window) const {
    require(within(window.height, 1, kMaxSide) && within(window.width, 1, kMaxSide), "window",
            "must be 1 to 65536 high and wide");
    for (const Slide& slide : {window.down, window.across}) {
      require(within(slide.stride, 1, kMaxSide), "window.stride", "must be 1 to 65536");
      require(within(slide.pad, 0, kMaxPadding), "window.pad", "must be 0 to 2^21");
    }
    require(within(window.dilation, 1, kMaxSide), "window.dilation", "must be 1 to 65536");
  }
  /// The columns that a window reads are the map's and its halo's.
  void check_columns(const Window& window, std::int64_t width, std::int64_t halo,
                     const Tensor& output) const {
    check_window(window);
    require(window.across.pad <= halo, "window.pad", "must be at most the input's halo");
    require(columns_read(window, output.width) <= width + halo, "window",
            "reads beyond the input's halo");
  }

  void check_wiring(const Step& step, const Tensor& input) const {
    const Wiring& w = step.wiring;
    require(within(w.groups, 1, kMaxSide) && within(w.in_blocks, 1, kMaxSide) &&
                within(w.out_blocks, 1, kMaxSide),
            "wiring", "must be 1 to 65536");
    require(std::int64_t{w.groups} * w.in_blocks <= input.blocks(), "wiring.in_blocks",
            "must be blocks of the input");
    require(std::int64_t{w.groups} * w.out_blocks == out(step).blocks(), "wiring.out_blocks",
            "must be the blocks of the output");
    require(w.interleave == 1 || w.interleave == 2 || w.interleave == 4 || w.interleave == 8,
            "wiring.interleave", "must be 1, 2, 4 or 8");
    require(w.interleave < 8 || w.in_blocks == 1 || input.element == Element::F32,
            "wiring.in_blocks", "must be 1 where eight groups of bytes are interleaved");
    require(within(w.last_depth, 1, kLanes / w.interleave), "wiring.last_depth", "must be 1 to 16");
    require(std::int64_t{step.window.height} * step.window.width <= kMaxWindow / w.depth(),
            "window", "must read at most 2^30 values");
  }

  void check_residual(const Step& step) const {
    if (step.residual < 0) return;
    const Tensor& residual = tensor(static_cast<std::size_t>(step.residual));
    require_same_map(residual, out(step));
    require_same_blocks(residual, out(step));
    require(residual.element == out(step).element, "residual", "must have the output's element");
    require_apart_or_same(residual, step);
  }

  /// Steps read and write one element; a softmax makes floats of bytes.
  void check_elements(const Step& step) const {
    const bool is_softmax = step.kind == StepKind::Softmax;
    for (const std::uint32_t input : step.inputs)
      require(tensor(input).element == out(step).element || is_softmax, "inputs",
              "must have the output's element");
    if (out(step).element != Element::U8) return;
    require(!is_softmax, "kind", "must not make bytes");
    const bool has_table = step.kind == StepKind::Activate;
    require((step.activation <= Activation::Relu6 || has_table) &&
                step.joined_activation <= Activation::Relu6,
            "activation", "must be relu, relu6 or none for bytes");
    if (has_table) require_range(step.parameters.weights, 256, "weights");
  }

  void check_bf16(const Step& step) const {
    const bool is_conv = step.kind == StepKind::Conv || step.kind == StepKind::ImageConv;
    require(!step.is_bf16 || (is_conv && out(step).element == Element::F32), "is_bf16",
            "fits a convolution of floats alone");
  }

  void check_winograd(const Step& step) const {
    const Window& w = step.window;
    require(!step.is_winograd || (step.kind == StepKind::Conv && !step.is_bf16 &&
                                  out(step).element == Element::F32 && step.wiring.groups == 1 &&
                                  step.wiring.interleave == 1 && w.height == 3 && w.width == 3 &&
                                  w.down.stride == 1 && w.across.stride == 1 && w.dilation == 1),
            "is_winograd", "fits a 3x3 convolution of floats alone, of one group and stride 1");
  }

  void check_by_lane(const Step& step) const {
    require(step.kind != StepKind::Activate || step.window == Window{}, "window",
            "does not fit this kind of step");
    require_inputs(step, 1, 1);
    require_same_map(in(step), out(step));
    require_same_blocks(in(step), out(step));
    require_apart_or_same(in(step), step);
  }

  void check_image_step(const Step& step) const {
    require_inputs(step, 0, 0);
    if (step.kind == StepKind::Import) {
      require(out(step).channels == program_.channels && out(step).height == program_.height &&
                  out(step).width == program_.width,
              "output", "must have the image's shape");
      return;
    }
    check_columns(step.window, program_.width, step.window.width, out(step));
    require(step.window.dilation == 1 || (step.window.height == 1 && step.window.width == 1),
            "window", "must not be dilated");
    require(within(step.window.height, 1, 63) && within(step.window.width, 1, 63), "window",
            "must be at most 63 high and wide");
    require(step.wiring.groups == 1 && step.wiring.interleave == 1, "wiring", "must be one group");
    require(step.wiring.out_blocks == out(step).blocks(), "wiring.out_blocks",
            "must be the blocks of the output");
    require_parameters(step.parameters, parameter_bytes(program_, step));
  }

  void check_convolution(const Step& step) const {
    require_inputs(step, 1, 1);
    require_apart(step);
    const Tensor& input = in(step);
    check_columns(step.window, input.width, input.halo, out(step));
    if (step.kind == StepKind::Conv)
      check_wiring(step, input);
    else
      require_same_blocks(input, out(step));
    require_parameters(step.parameters, parameter_bytes(program_, step));
  }

  void check_pairwise(const Step& step) const {
    const bool is_multiply = step.kind == StepKind::Multiply;
    require_inputs(step, 2, is_multiply ? 2 : kMaxSteps);
    for (std::size_t i = 0; i < step.inputs.size(); ++i) {
      require_same_blocks(in(step, i), out(step));
      const bool is_one = in(step, i).height == 1 && in(step, i).width == 1;
      if (!(is_multiply && i == 1 && is_one)) require_same_map(in(step, i), out(step));
      require_apart_or_same(in(step, i), step);
      require(in(step, i).element == out(step).element, "inputs", "must have the output's element");
    }
  }

  void check_gather(const Step& step) const {
    require_inputs(step, 1, kMaxSteps);
    require_apart(step);
    for (const std::uint32_t input : step.inputs) {
      require_same_map(tensor(input), out(step));
      require(tensor(input).element == out(step).element, "inputs",
              "must have the output's element");
    }
    require(std::int64_t(step.gather.size()) == out(step).blocks() * kLanes, "gather",
            "must have an entry per lane of the output");
    for (const LaneSource& source : step.gather) {
      require(within(source.input, -1, std::int64_t(step.inputs.size()) - 1), "gather",
              "must name an input or -1");
      if (source.input < 0) continue;
      const Tensor& from = in(step, static_cast<std::size_t>(source.input));
      require(within(source.lane, 0, from.blocks() * kLanes - 1), "gather",
              "must name a lane of its input");
    }
  }

  void check_resize(const Step& step) const {
    require_inputs(step, 1, 1);
    require_apart(step);
    check_window(step.window);
    const std::int64_t spread = step.kind == StepKind::Spread ? step.window.down.stride : 1;
    require(in(step).blocks() == out(step).blocks() * spread * spread, "output",
            spread == 1 ? "must have as many blocks as its input"
                        : "must have its input's blocks spread over its pixels");
    require(in(step).element == out(step).element, "inputs", "must have the output's element");
    const Window& w = step.window;
    require(step.kind != StepKind::Bilinear || w.down.stride <= kMostBilinear, "window.stride",
            "must be at most 128");
    for (const auto& [from, to, taps, stride, pad] :
         {std::array<std::int64_t, 5>{in(step).height, out(step).height, w.height, w.down.stride,
                                      w.down.pad},
          std::array<std::int64_t, 5>{in(step).width, out(step).width, w.width, w.across.stride,
                                      w.across.pad}}) {
      if (step.kind == StepKind::AverageTo) {
        require(to == 1 || !in(step).is_in_strips(), "output", "must be one pixel of strips");
        require(to <= from, "output", "must not be larger than its input");
      } else if (step.kind != StepKind::MaxPool && step.kind != StepKind::AveragePool) {
        require(w.down.stride == stride && to == from * stride, "output",
                "must be its input times the stride");
      } else {
        require(pad < taps && w.dilation == 1 && (to - 1) * stride - pad < from, "window",
                "must cover more than padding");
      }
    }
  }
  const Program& program_;
  std::uint64_t weight_bytes_;
  std::string where_;
  const Refuse& refuse_;
};

Element weight_element(const Program& program, const Step& step) {
  if (step.is_bf16) return Element::Bf16;
  const std::uint32_t like = step.inputs.empty() ? step.output : step.inputs[0];
  return program.tensors[like].element;
}

ParameterBytes depthwise_bytes(const Program& program, const Step& step) {
  const Tensor& input = program.tensors[step.inputs[0]];
  const auto taps = unsigned_of(std::int64_t{step.window.height} * step.window.width);
  return {unsigned_of(input.blocks()) * taps * kLanes * element_bytes(input.element),
          bias_bytes(input.element, unsigned_of(input.blocks()))};
}

}  // namespace

void check_step(const Program& program, std::uint64_t weight_bytes, std::size_t index,
                const Refuse& refuse) {
  StepChecker(program, weight_bytes, "steps[" + std::to_string(index) + "].", refuse)
      .check_step(program.steps[index]);
}

ParameterBytes parameter_bytes(const Program& program, const Step& step) {
  if (step.kind == StepKind::Depthwise) return depthwise_bytes(program, step);
  const Element element = weight_element(program, step);
  const auto panels = unsigned_of(std::int64_t{step.wiring.groups} * step.wiring.out_blocks);
  auto depth =
      unsigned_of(step.kind == StepKind::ImageConv ? program.channels : step.wiring.depth());
  auto taps =
      step.is_winograd ? 16 : unsigned_of(std::int64_t{step.window.height} * step.window.width);
  if (step.kind == StepKind::ImageConv && step.is_bf16) {
    taps = unsigned_of(std::int64_t{step.window.height} * program.channels);
    depth = unsigned_of(step.window.width);
  }
  const bool quantises = step.kind == StepKind::ImageConv && element == Element::U8;
  return {packed_bytes(element, panels, taps, depth),
          bias_bytes(element, panels) + (quantises ? 8 : 0)};
}

}  // namespace atto::format
