#pragma once
// The parts of a detector as a graph of nodes, made of the chains and stages that the builder of
// structures makes.

#include <span>

#include "prototypes/language/ast.hpp"

namespace atto::net {

/// What a detector asks of the builder of structures.
class StructureSource {
 public:
  virtual const Decided& decided() const = 0;
  virtual std::int32_t append_node(Node node, std::span<const std::int32_t> inputs) = 0;
  /// `width` is that of operators that write none. Each returns the node at the end.
  virtual std::int32_t append_chain(const Item& item, std::int32_t input,
                                    const WidthExpression& width) = 0;
  virtual std::int32_t append_stage(std::int32_t number, std::int32_t input) = 0;
  virtual std::int32_t stem() const = 0;
  /// A width where `input` enters.
  virtual WidthExpression width_of(const Width& width, std::int32_t input,
                                   const WidthExpression& pyramid) const = 0;
  /// The level that nodes belong to from here on; -1 for none.
  virtual void set_level(std::int32_t level) = 0;

 protected:
  ~StructureSource() = default;
};

/// Appends stages and parts behind the stem.
void build_detector(const DetectorModel& model, StructureSource& source, Structure& out);

}  // namespace atto::net
