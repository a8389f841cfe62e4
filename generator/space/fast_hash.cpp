#include "generator/space/fast_hash.hpp"

#include "prototypes/network/identity.hpp"

namespace atto::gen {
namespace {

struct HashSink {
  net::StructureHasher hasher;

  template <class Op>
  void layer(const net::LayerName&, const Op& op, const net::Shape&, const net::Shape&,
             std::span<const std::int32_t> inputs) {
    hasher.add(op, inputs);
  }
};

}  // namespace

std::uint64_t fast_hash(const net::Structure& structure, std::span<const net::Shape> shapes,
                        std::size_t layers, net::WalkStorage& storage) {
  HashSink sink{net::StructureHasher(structure.input, structure.classes, layers)};
  net::LayerWalk<HashSink>(structure, shapes, sink, storage);
  storage.gathered.clear();
  for (const std::int32_t node : structure.output_nodes)
    storage.gathered.push_back(storage.last_layer[static_cast<std::size_t>(node)]);
  return sink.hasher.finish(storage.gathered);
}

}  // namespace atto::gen
