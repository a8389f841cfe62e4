#include "prototypes/network/dot.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>

#include "prototypes/network/shapes.hpp"

namespace atto::net {
namespace {

std::string conv_text(const Conv& conv) {
  std::string text = fmt::format("conv {}x{}", conv.kernel.height, conv.kernel.width);
  if (conv.stride != Sides(1)) text += " /" + sides_text(conv.stride);
  if (conv.groups > 1) text += fmt::format(" g{}", conv.groups);
  if (conv.dilation > 1) text += fmt::format(" d{}", conv.dilation);
  if (conv.padding == Padding::Valid) text += " valid";
  if (conv.bias) text += " bias";
  return text;
}

/// Escapes a text for a label in double quotes.
std::string escaped(std::string_view text) {
  std::string result;
  for (const char c : text) {
    if (c == '"' || c == '\\') result += '\\';
    result += c == '\n' ? ' ' : c;
  }
  return result;
}

bool is_output(const Network& network, std::size_t layer) {
  return std::any_of(network.outputs.begin(), network.outputs.end(), [&](const Output& output) {
    return static_cast<std::size_t>(output.layer) == layer;
  });
}

}  // namespace

std::string sides_text(const Sides& sides) {
  return sides.is_square() ? std::to_string(sides.height)
                           : fmt::format("{}x{}", sides.height, sides.width);
}

std::string op_text(const Op& op) {
  if (const auto* conv = std::get_if<Conv>(&op)) return conv_text(*conv);
  if (const auto* activate = std::get_if<Activate>(&op)) {
    const auto kind = static_cast<std::size_t>(activate->kind);
    return std::string(kind < kActivationNames.size() ? kActivationNames[kind] : op_name(op));
  }
  if (const auto* slice = std::get_if<Slice>(&op))
    return fmt::format("slice {}:{}", slice->begin, slice->end);
  if (const auto* shuffle = std::get_if<Shuffle>(&op))
    return fmt::format("shuffle g{}", shuffle->groups);
  if (const auto* upsample = std::get_if<Upsample>(&op))
    return fmt::format("upsample x{}{}", upsample->factor,
                       upsample->mode == Upsample::Mode::Bilinear ? " bilinear" : "");
  if (const auto* deconv = std::get_if<Deconv>(&op))
    return fmt::format("deconv {0}x{0}{1}", deconv->kernel, deconv->bias ? " bias" : "");
  if (const auto* dropout = std::get_if<Dropout>(&op))
    return fmt::format("dropout {}", dropout->rate);
  if (const auto* zero = std::get_if<Zero>(&op); zero && zero->stride != Sides(1))
    return "zero /" + sides_text(zero->stride);
  if (const auto* pool = std::get_if<Pool>(&op))
    return fmt::format("pool {} {}x{} /{}{}", pool->kind == Pool::Kind::Max ? "max" : "average",
                       pool->kernel.height, pool->kernel.width, sides_text(pool->stride),
                       pool->padding == Padding::Valid ? " valid" : "");
  return std::string(op_name(op));
}

std::string dot_text(const Network& network) {
  const std::vector<Shape> shapes = infer_shapes(network);
  std::string text = fmt::format("digraph \"{}\" {{\n  node [shape=box, fontname=\"monospace\"];\n",
                                 escaped(network.name));
  for (std::size_t i = 0; i < network.layers.size(); ++i) {
    const Layer& layer = network.layers[i];
    text += fmt::format("  n{} [label=\"{}\\n{}\\n{}x{}x{}\"{}];\n", i, escaped(layer.name),
                        op_text(layer.op), shapes[i].channels, shapes[i].height, shapes[i].width,
                        is_output(network, i) ? ", peripheries=2" : "");
  }
  for (std::size_t i = 0; i < network.layers.size(); ++i)
    for (const int input : network.layers[i].inputs)
      text += fmt::format("  n{} -> n{};\n", input, i);
  return text + "}\n";
}

}  // namespace atto::net
