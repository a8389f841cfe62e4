// ONNX nodes that together are a gelu, x * (1 + erf(x / sqrt(2))) / 2, in whatever order exporters
// multiply. Layers that served a part alone are dead at the end.
#include <cmath>

#include "export/import/graph_reader.hpp"

namespace atto::deploy::import {
namespace {

bool is_near(float value, double wanted) {
  return std::fabs(value - wanted) < 1e-6;
}

std::optional<float> one_number(const Known& value) {
  if (!value.is_constant()) return {};
  const std::optional<std::vector<float>> values = floats_of(*value.constant);
  if (!values || values->size() != 1) return {};
  return values->front();
}

}  // namespace

void GraphReader::erf() {
  const Known& value = in(0);
  if (value.scaled < 0 || !is_near(value.factor, std::sqrt(0.5)))
    refuse("is known as part of a gelu alone: x * (1 + erf(x / sqrt(2))) / 2");
  hand_on_part(GeluPart::Erf, value.scaled, 1, value.form);
}

/// A product of 1/2 is the gelu itself.
void GraphReader::hand_on_part(GeluPart part, int of, float factor, Form form) {
  if (part == GeluPart::Product && is_near(factor, 0.5))
    return hand_on(add(net::Activate{net::Activation::Gelu}, {of}), form);
  Known& made = known_[node_->outputs.at(0)];
  made = {};
  made.part = part;
  made.gelu_of = of;
  made.factor = factor;
  made.form = form;
}

bool GraphReader::add_one(const Known& a, const Known& b) {
  const Known& part = a.is_constant() ? b : a;
  if (part.part != GeluPart::Erf) return false;
  const std::optional<float> one = one_number(a.is_constant() ? a : b);
  if (!one || *one != 1) return false;
  hand_on_part(GeluPart::OnePlusErf, part.gelu_of, 1, part.form);
  return true;
}

/// A part times a number.
bool GraphReader::scale_gelu(const Known& part, float factor) {
  if (part.part != GeluPart::OnePlusErf && part.part != GeluPart::Product) return false;
  hand_on_part(part.part, part.gelu_of, part.factor * factor, part.form);
  return true;
}

/// A part times a number, or times its own x.
bool GraphReader::multiply_gelu(const Known& a, const Known& b) {
  const bool is_first = a.part != GeluPart::None;
  const Known &part = is_first ? a : b, &other = is_first ? b : a;
  if (const std::optional<float> factor = one_number(other)) return scale_gelu(part, *factor);
  if (part.part != GeluPart::OnePlusErf) return false;
  const bool is_x = other.layer == part.gelu_of;
  if (!is_x && other.scaled != part.gelu_of) return false;
  hand_on_part(GeluPart::Product, part.gelu_of, part.factor * (is_x ? 1 : other.factor),
               other.form);
  return true;
}

}  // namespace atto::deploy::import
