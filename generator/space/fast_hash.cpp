#include "generator/space/fast_hash.hpp"

#include "prototypes/network/detector.hpp"
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
  const std::uint64_t hash = sink.hasher.finish(storage.gathered);
  if (structure.parts.empty()) return hash;
  std::vector<net::Shape> inputs;
  for (std::size_t part = 1; part < structure.parts.size(); ++part)
    inputs.push_back(shapes[static_cast<std::size_t>(structure.parts[part].first_node)]);
  return net::detector_hash(hash, inputs, static_cast<std::size_t>(structure.run.cropped_levels),
                            structure.run.mask_follows_box);
}

}  // namespace atto::gen
