#include "prototypes/network/op_fields.hpp"

#include <cstddef>
#include <type_traits>

namespace atto::net {
namespace {

template <std::size_t Count>
using Names = std::array<std::string_view, Count>;

/// The names of fields(), in its order; the compiler counts them.
template <class Of>
constexpr Names<0> kFieldNames{};
template <>
constexpr Names<7> kFieldNames<Conv> = {"channels", "kernel", "stride", "groups",
                                        "dilation", "bias",   "padding"};
template <>
constexpr Names<1> kFieldNames<Activate> = {"activation"};
template <>
constexpr Names<2> kFieldNames<Slice> = {"begin", "end"};
template <>
constexpr Names<1> kFieldNames<Shuffle> = {"groups"};
template <>
constexpr Names<4> kFieldNames<Pool> = {"pool", "kernel", "stride", "padding"};
template <>
constexpr Names<2> kFieldNames<Upsample> = {"factor", "mode"};
template <>
constexpr Names<3> kFieldNames<Deconv> = {"channels", "kernel", "bias"};
template <>
constexpr Names<1> kFieldNames<LayerScale> = {"init"};
template <>
constexpr Names<1> kFieldNames<Dropout> = {"rate"};
template <>
constexpr Names<1> kFieldNames<Zero> = {"stride"};
template <>
constexpr Names<1> kFieldNames<Dense> = {"features"};

OpField field(std::string_view name, bool value) {
  return {name, value};
}
OpField field(std::string_view name, int value) {
  return {name, std::int64_t{value}};
}
OpField field(std::string_view name, double value) {
  return {name, value};
}
OpField field(std::string_view name, Upsample::Mode value) {
  return {name, kUpsampleModeNames[static_cast<std::size_t>(value)]};
}
OpField field(std::string_view name, const Sides& value) {
  if (value.is_square()) return field(name, value.height);
  return {name, value};
}
OpField field(std::string_view name, Padding value) {
  return {name, kPaddingNames[static_cast<std::size_t>(value)]};
}
OpField field(std::string_view name, Activation value) {
  return {name, kActivationNames[static_cast<std::size_t>(value)]};
}
OpField field(std::string_view name, Pool::Kind value) {
  return {name, std::string_view(value == Pool::Kind::Max ? "max" : "average")};
}

template <class Of>
std::vector<OpField> fields_of(const Of& op) {
  using Fields = decltype(op.fields());
  static_assert(std::tuple_size_v<Fields> == kFieldNames<Of>.size(), "each field has its name");
  std::vector<OpField> fields;
  std::size_t next = 0;
  std::apply(
      [&](const auto&... values) {
        (fields.push_back(field(kFieldNames<Of>[next++], values)), ...);
      },
      op.fields());
  return fields;
}

}  // namespace

std::vector<OpField> op_fields(const Op& op) {
  return std::visit([](const auto& of) { return fields_of(of); }, op);
}

}  // namespace atto::net
