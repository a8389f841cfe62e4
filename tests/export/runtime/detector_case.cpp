#include "tests/export/runtime/detector_case.hpp"

#include <cstdlib>
#include <memory>
#include <new>

#include "export/lowering/passes.hpp"
#include "export/quantisation/quantise_detector.hpp"
#include "export/reference/fused_interpreter.hpp"
#include "export/reference/int8_interpreter.hpp"
#include "tests/export/onnx/detectors.hpp"
#include "tests/export/random_weights.hpp"

namespace {

std::size_t count = 0;

}  // namespace

// GCC takes the pair for one that does not belong together.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"
void* operator new(std::size_t bytes) {
  ++count;
  if (void* place = std::malloc(bytes)) return place;
  throw std::bad_alloc();
}
void* operator new(std::size_t bytes, const std::nothrow_t&) noexcept {
  ++count;
  return std::malloc(bytes);
}
void operator delete(void* place) noexcept {
  std::free(place);
}
void operator delete(void* place, std::size_t) noexcept {
  std::free(place);
}
#pragma GCC diagnostic pop

namespace atto::test {
namespace {

using deploy::Piece;

/// Pieces that keep floats by their fused network, the others by their whole numbers.
class PlainPieces {
 public:
  PlainPieces(const net::DetectorParts& parts, const net::TensorFile& weights,
              const deploy::QuantisedPieces& pieces)
      : quantised_(pieces) {
    format::changed(
        deploy::pieces_of(parts, true), [&](const Piece& piece, const std::string& name) {
          if (piece.keeps_floats)
            floats_[name] = deploy::fuse(piece.network, deploy::weights_of(piece.network, weights));
          return 0;
        });
    const auto name_outputs = [&](const Piece& piece, const std::string& name) {
      outputs_[name] = piece.network.outputs;
      return 0;
    };
    format::changed(deploy::pieces_of(parts, false), name_outputs);
  }

  std::vector<std::vector<float>> run(const std::string& part, std::span<const float> in) const {
    std::map<std::string, std::vector<float>> said;
    const std::vector<float> body = add(part, in, said);
    if (floats_.contains(part + ".last")) add(part + ".last", body, said);
    std::vector<std::vector<float>> outputs;
    for (const net::Output& output : outputs_.at(part)) outputs.push_back(said.at(output.name));
    return outputs;
  }

 private:
  /// Returns the first output.
  std::vector<float> add(const std::string& piece, std::span<const float> in,
                         std::map<std::string, std::vector<float>>& said) const {
    const auto found = quantised_.find(piece);
    const bool is_whole = found != quantised_.end();
    const deploy::FusedNetwork& network = is_whole ? found->second.network : floats_.at(piece);
    const auto made = is_whole
                          ? deploy::Int8Interpreter(network, found->second.quantisation).run(in)
                          : deploy::FusedInterpreter(network).run(in);
    for (std::size_t i = 0; i < made.size(); ++i) said[network.outputs[i].name] = made[i];
    return made.front();
  }

  deploy::QuantisedPieces quantised_;
  std::map<std::string, deploy::FusedNetwork> floats_;
  std::map<std::string, std::vector<net::Output>> outputs_;
};

deploy::QuantisedPieces quantised(const net::DetectorParts& parts, const net::TensorFile& weights) {
  std::vector<float> pictures;
  for (std::uint64_t seed = 11; seed < 15; ++seed) {
    const std::vector<float> one = random_image(parts.trunk.input, seed);
    pictures.insert(pictures.end(), one.begin(), one.end());
  }
  return deploy::quantise(parts, weights, pictures, deploy::interpreted(parts, weights));
}

}  // namespace

DetectorCase::DetectorCase(net::DetectorParts of, bool is_int8)
    : parts(std::move(of)),
      weights(random_weights(parts, 6)),
      pieces(is_int8 ? quantised(parts, weights) : deploy::QuantisedPieces()),
      file(deploy::detector_bytes(parts, weights, {{"a", "b", "c"}, {}, {}, "test"}, pieces)),
      aligned(file) {}

deploy::DetectorInterpreter DetectorCase::oracle() const {
  if (pieces.empty()) return {parts, weights};
  const auto plain = std::make_shared<PlainPieces>(parts, weights, pieces);
  return {parts, [plain](const std::string& part, std::span<const float> in) {
            return plain->run(part, in);
          }};
}

std::vector<float> DetectorCase::picture(std::uint64_t seed) const {
  return random_image(parts.trunk.input, seed);
}

det::Found found_by(edge::Detector& detector, std::span<const float> picture) {
  det::Found found;
  for (const edge::Detection& one : detector.run(picture))
    found.objects.push_back(
        {{one.box.x1, one.box.y1, one.box.x2, one.box.y2}, one.category, one.score});
  found.masks.assign(detector.masks().begin(), detector.masks().end());
  return found;
}

std::size_t allocations() {
  return count;
}

}  // namespace atto::test
