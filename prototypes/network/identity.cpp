#include "prototypes/network/identity.hpp"

#include <fmt/format.h>

#include <array>
#include <bit>
#include <type_traits>

#include "design_specs/seeds/random.hpp"

namespace atto::net {
namespace {

/// Bump when the stream of numbers changes: all hashes change with it.
constexpr std::uint64_t kCanonicalForm = 1;

/// Every tag stands for one operation.
template <class... Ops>
constexpr bool are_distinct(const std::variant<Ops...>* /*of*/) {
  constexpr std::array kTags = {Ops::kIdentity.tag...};
  for (std::size_t i = 0; i < kTags.size(); ++i)
    for (std::size_t j = 0; j < i; ++j)
      if (kTags[i] == kTags[j]) return false;
  return true;
}
static_assert(are_distinct(static_cast<const Op*>(nullptr)));

/// One number for two, which of a square is its side.
std::int64_t folded(const Sides& sides) {
  return sides.height + (sides.is_square() ? 0 : std::int64_t{sides.width} << 32);
}

/// What tells an operation from others of its kind. 0 features stand for the class count, and are
/// the same network as the count written out. Padding makes another kernel of it.
template <class Of>
auto telling_fields(const Of& op, int classes) {
  const auto kernel = [](const auto& of) {
    const bool is_padded = of.padding == Padding::Same || of.kernel == Sides(1);
    return is_padded ? folded(of.kernel) : -folded(of.kernel);
  };
  if constexpr (std::is_same_v<Of, Dense>)
    return std::tuple(op.out_features > 0 ? op.out_features : classes);
  else if constexpr (std::is_same_v<Of, Upsample>)
    return std::tuple(op.mode == Upsample::Mode::Nearest ? op.factor : -op.factor);
  else if constexpr (std::is_same_v<Of, Conv>)
    return std::tuple(op.out_channels, kernel(op), folded(op.stride), op.groups, op.dilation,
                      op.bias);
  else if constexpr (std::is_same_v<Of, Pool>)
    return std::tuple(op.kind, kernel(op), folded(op.stride));
  else if constexpr (std::is_same_v<Of, Zero>)
    return std::tuple(folded(op.stride));
  else
    return op.fields();
}

template <class Field>
std::int64_t number_of(Field field) {
  if constexpr (std::is_same_v<Field, double>)
    return std::bit_cast<std::int64_t>(field);
  else
    return static_cast<std::int64_t>(field);
}

}  // namespace

StructureHasher::StructureHasher(const Shape& input, int classes, std::size_t layers)
    : classes_(classes), hash_(spec::mix64(kCanonicalForm)) {
  for (const int value : {input.channels, input.height, input.width, classes}) mix(value);
  mix(static_cast<std::int64_t>(layers));
}

void StructureHasher::mix(std::int64_t value) {
  hash_ = spec::mix64(hash_ ^ spec::mix64(static_cast<std::uint64_t>(value)));
}

void StructureHasher::add(const Op& op, std::span<const int> inputs) {
  std::visit(
      [this](const auto& of) {
        mix(of.kIdentity.tag);
        std::apply([this](auto... fields) { (mix(number_of(fields)), ...); },
                   telling_fields(of, classes_));
      },
      op);
  mix(static_cast<std::int64_t>(inputs.size()));
  for (const int input : inputs) mix(input);
}

std::uint64_t StructureHasher::finish(std::span<const int> outputs) {
  mix(static_cast<std::int64_t>(outputs.size()));
  for (const int layer : outputs) mix(layer);
  return hash_;
}

std::uint64_t structure_hash(const Network& network) {
  StructureHasher hasher(network.input, network.classes, network.layers.size());
  for (const Layer& layer : network.layers) hasher.add(layer.op, layer.inputs);
  std::vector<int> outputs;
  for (const Output& output : network.outputs) outputs.push_back(output.layer);
  return hasher.finish(outputs);
}

std::string hash_text(std::uint64_t hash) {
  return fmt::format("{:016x}", hash);
}

}  // namespace atto::net
