#include "export/pytorch/entries.hpp"

#include <fmt/format.h>

#include <array>

#include "export/pytorch/python_words.hpp"
#include "prototypes/network/windows.hpp"

namespace atto::deploy::pytorch {
namespace {

using Pads = std::array<int, 4>;  ///< left, right, top, bottom: as torch counts them

constexpr std::array<std::string_view, 10> kActivations = {
    "nn.Identity()",    "nn.ReLU()", "nn.ReLU6()",     "nn.LeakyReLU(0.1)", "nn.Sigmoid()",
    "nn.Hardsigmoid()", "nn.SiLU()", "nn.Hardswish()", "nn.GELU()",         "nn.Tanh()"};

std::string activation_text(net::Activation kind) {
  return std::string(kActivations[static_cast<std::size_t>(kind)]);
}

/// The output of torch's windows with this padding on both sides; 0 where it refuses.
int torch_side(const net::WindowSide& side, int length, int padding, bool ceil) {
  const int room = length + 2 * padding - side.extent();
  if (room < 0) return 0;
  int count = (room + (ceil ? side.stride - 1 : 0)) / side.stride + 1;
  if (ceil && (count - 1) * side.stride >= length + padding) --count;
  return count;
}

/// A window's padding as torch's modules take it, or the pads that are laid around the map first.
struct Padding {
  net::Sides both{0, 0};
  bool ceil = false;
  std::optional<Pads> around;
};

template <class Windowed>
Padding padding_of(const Windowed& op, const net::Shape& in, bool can_ceil) {
  const net::WindowSide rows = net::rows_of(op), columns = net::columns_of(op);
  for (const bool ceil : {false, true})
    if ((!ceil || can_ceil) &&
        torch_side(rows, in.height, rows.before(), ceil) == rows.output(in.height) &&
        torch_side(columns, in.width, columns.before(), ceil) == columns.output(in.width))
      return {{rows.before(), columns.before()}, ceil, std::nullopt};
  return {{0, 0},
          false,
          Pads{columns.before(), columns.after(in.width), rows.before(), rows.after(in.height)}};
}

std::string pads_text(const Pads& pads) {
  return fmt::format("({}, {}, {}, {})", pads[0], pads[1], pads[2], pads[3]);
}

std::string padded_comment(const net::Shape& shape, const Pads& pads) {
  return fmt::format("{} x {} x {}", shape.channels, shape.height + pads[2] + pads[3],
                     shape.width + pads[0] + pads[1]);
}

class Writer {
 public:
  Writer(const Facts& facts, const Unit& unit, const std::string& outputs)
      : facts_(facts), unit_(unit), outputs_(outputs) {}

  std::vector<Entry> write() {
    if (unit_.kind == Unit::Kind::Joining) return {};
    const int from = input();
    if (facts_.is_flat(from) && !takes_flat())
      entries_.push_back({fmt::format("nn.Unflatten(1, ({}, 1, 1))", in().channels),
                          fmt::format("{} x 1 x 1", in().channels),
                          {}});
    if (unit_.kind == Unit::Kind::SqueezeExcite)
      squeeze_excite();
    else
      std::visit(*this, facts_.layer(unit_.first()).op);
    return std::move(entries_);
  }

  void operator()(const net::Conv& op) {
    const Padding padding = padding_of(op, in(), false);
    if (padding.around)
      entries_.push_back({"nn.ZeroPad2d(" + pads_text(*padding.around) + ")",
                          padded_comment(in(), *padding.around),
                          {}});
    const bool is_normalised = unit_.kind == Unit::Kind::Normalised;
    std::string text =
        fmt::format("{}({}, {}", is_normalised ? "Conv" : "nn.Conv2d", in().channels, width());
    if (!is_normalised || op.kernel != net::Sides(1)) text += ", " + sides_text(op.kernel);
    if (op.stride != net::Sides(1)) text += ", stride=" + sides_text(op.stride);
    if (padding.both != net::Sides(0)) text += ", padding=" + sides_text(padding.both);
    if (op.dilation != 1) text += fmt::format(", dilation={}", op.dilation);
    if (op.groups != 1) text += fmt::format(", groups={}", op.groups);
    if (op.bias == is_normalised) text += op.bias ? ", bias=True" : ", bias=False";
    if (!is_normalised) return add(text + ")");
    if (unit_.layers.size() == 3)
      text += ", act=" + activation_text(facts_.op<net::Activate>(unit_.layers[2])->kind);
    entries_.push_back({text + ")",
                        shape_comment(facts_, unit_.last()),
                        {{unit_.layers[0], "0"}, {unit_.layers[1], "1"}}});
  }
  void operator()(const net::Deconv& op) {
    add(fmt::format("nn.ConvTranspose2d({}, {}, {}, stride={}{})", in().channels, out().channels,
                    op.kernel, op.kernel, op.bias ? "" : ", bias=False"));
  }
  void operator()(const net::Dense& /*op*/) {
    if (!facts_.is_flat(input()))
      entries_.push_back({"nn.Flatten()", std::to_string(in().elements()), {}});
    add(fmt::format("nn.Linear({}, {})", in().elements(), width()));
  }
  void operator()(const net::BatchNorm& /*op*/) {
    add(fmt::format("nn.BatchNorm2d({})", out().channels));
  }
  void operator()(const net::LayerNorm& /*op*/) {
    add(fmt::format("LayerNorm({})", out().channels));
  }
  void operator()(const net::LayerScale& op) {
    add(fmt::format("LayerScale({}, {})", out().channels, python_number(op.init)));
  }
  void operator()(const net::Dropout& op) {
    add(fmt::format("nn.Dropout({})", python_number(op.rate)));
  }
  void operator()(const net::Activate& op) { add(activation_text(op.kind)); }
  void operator()(const net::Shuffle& op) { add(fmt::format("ChannelShuffle({})", op.groups)); }
  void operator()(const net::Pool& op) {
    const bool is_max = op.kind == net::Pool::Kind::Max;
    const Padding padding = padding_of(op, in(), true);
    const std::string window = sides_text(op.kernel) + ", stride=" + sides_text(op.stride);
    if (padding.around && is_max)
      entries_.push_back({"nn.ConstantPad2d(" + pads_text(*padding.around) + R"(, float("-inf")))",
                          padded_comment(in(), *padding.around),
                          {}});
    if (padding.around && !is_max)
      return add("AveragePool(" + window + ", around=" + pads_text(*padding.around) + ")");
    std::string text = (is_max ? "nn.MaxPool2d(" : "nn.AvgPool2d(") + window;
    const bool is_padded = padding.both != net::Sides(0);
    if (is_padded) text += ", padding=" + sides_text(padding.both);
    if (padding.ceil) text += ", ceil_mode=True";
    if (!is_max && (is_padded || padding.ceil)) text += ", count_include_pad=False";
    add(text + ")");
  }
  void operator()(const net::GlobalAveragePool& /*op*/) { add("nn.AdaptiveAvgPool2d(1)"); }
  void operator()(const net::Upsample& op) {
    add(fmt::format(R"(nn.Upsample(scale_factor={}, mode="{}"))", op.factor,
                    net::kUpsampleModeNames[static_cast<std::size_t>(op.mode)]));
  }
  void operator()(const net::Zero& op) {
    add("Zero(" + (op.stride == net::Sides(1) ? "" : "stride=" + sides_text(op.stride)) + ")");
  }
  void operator()(const net::Softmax& /*op*/) { add("nn.Softmax(dim=1)"); }
  void operator()(const net::InputLayer& /*op*/) {}
  void operator()(const net::Add& /*op*/) {}
  void operator()(const net::Concat& /*op*/) {}
  void operator()(const net::Slice& /*op*/) {}
  void operator()(const net::PoolTo& /*op*/) {}
  void operator()(const net::Multiply& /*op*/) {}

 private:
  int input() const { return facts_.layer(unit_.first()).inputs[0]; }
  const net::Shape& in() const { return facts_.shape(input()); }
  const net::Shape& out() const { return facts_.shape(unit_.first()); }
  std::string width() const { return outputs_.empty() ? std::to_string(out().channels) : outputs_; }
  bool takes_flat() const { return facts_.is_flat(unit_.first()); }

  void add(const std::string& text) {
    entries_.push_back({text, shape_comment(facts_, unit_.last()), {{unit_.first(), ""}}});
  }
  void squeeze_excite() {
    const auto kind = [&](std::size_t i) {
      return activation_text(facts_.op<net::Activate>(unit_.layers[i])->kind);
    };
    entries_.push_back({fmt::format("SqueezeExcite({}, {}, {}, {})", in().channels,
                                    facts_.shape(unit_.layers[1]).channels, kind(2), kind(4)),
                        shape_comment(facts_, unit_.last()),
                        {{unit_.layers[1], "reduce"}, {unit_.layers[3], "expand"}}});
  }

  const Facts& facts_;
  const Unit& unit_;
  const std::string& outputs_;
  std::vector<Entry> entries_;
};

bool joins(const net::Op& op) {
  return std::holds_alternative<net::Add>(op) || std::holds_alternative<net::Concat>(op) ||
         std::holds_alternative<net::Slice>(op) || std::holds_alternative<net::PoolTo>(op) ||
         std::holds_alternative<net::Multiply>(op);
}

/// Whether `next` is such an operation, reads layer `from` alone, and nobody else does.
template <class Op>
const Op* follows(const Facts& facts, int from, int next) {
  if (next >= facts.size() || !facts.is_needed(next)) return nullptr;
  const Op* op = facts.op<Op>(next);
  return op != nullptr && facts.is_only_for(from, next) && facts.place(from) == facts.place(next)
             ? op
             : nullptr;
}

bool is_pointwise(const net::Conv* op) {
  net::Conv plain;
  plain.bias = true;
  plain.out_channels = op == nullptr ? 0 : op->out_channels;
  return op != nullptr && *op == plain;
}

std::optional<Unit> squeeze_excite_at(const Facts& facts, int first) {
  if (facts.op<net::GlobalAveragePool>(first) == nullptr) return std::nullopt;
  if (!is_pointwise(follows<net::Conv>(facts, first, first + 1)) ||
      follows<net::Activate>(facts, first + 1, first + 2) == nullptr ||
      !is_pointwise(follows<net::Conv>(facts, first + 2, first + 3)) ||
      follows<net::Activate>(facts, first + 3, first + 4) == nullptr ||
      follows<net::Multiply>(facts, first + 4, first + 5) == nullptr)
    return std::nullopt;
  if (facts.layer(first + 5).inputs != std::vector{facts.layer(first).inputs[0], first + 4})
    return std::nullopt;
  return Unit{Unit::Kind::SqueezeExcite,
              {first, first + 1, first + 2, first + 3, first + 4, first + 5}};
}

}  // namespace

Unit unit_at(const Facts& facts, int first) {
  if (joins(facts.layer(first).op)) return {Unit::Kind::Joining, {first}};
  if (auto found = squeeze_excite_at(facts, first)) return std::move(*found);
  Unit unit{Unit::Kind::Single, {first}};
  if (facts.op<net::Conv>(first) == nullptr ||
      follows<net::BatchNorm>(facts, first, first + 1) == nullptr)
    return unit;
  unit.kind = Unit::Kind::Normalised;
  unit.layers.push_back(first + 1);
  if (follows<net::Activate>(facts, first + 1, first + 2) != nullptr)
    unit.layers.push_back(first + 2);
  return unit;
}

std::vector<Entry> entries_of(const Facts& facts, const Unit& unit, const std::string& outputs) {
  return Writer(facts, unit, outputs).write();
}

std::string shape_comment(const Facts& facts, int layer) {
  const net::Shape& shape = facts.shape(layer);
  if (facts.is_flat(layer)) return std::to_string(shape.channels);
  return fmt::format("{} x {} x {}", shape.channels, shape.height, shape.width);
}

std::string sides_text(const net::Sides& sides) {
  return sides.is_square() ? std::to_string(sides.height)
                           : fmt::format("({}, {})", sides.height, sides.width);
}

}  // namespace atto::deploy::pytorch
