// Writes the interoperability cases into a folder: every shipped prototype, 50 generated designs
// and a trained winner.
//   interop_cases DIR
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

#include "design_specs/errors.hpp"
#include "export/lowering/passes.hpp"
#include "export/onnx/detector_graph.hpp"
#include "export/onnx/network_graph.hpp"
#include "export/onnx/quantised_graph.hpp"
#include "export/quantisation/quantise.hpp"
#include "export/reference/detector_interpreter.hpp"
#include "export/reference/int8_interpreter.hpp"
#include "export/reference/interpreter.hpp"
#include "generator/space/feasible_space.hpp"
#include "prototypes/language/prototype.hpp"
#include "prototypes/network/costs.hpp"
#include "prototypes/network/identity.hpp"
#include "tests/export/onnx/detectors.hpp"
#include "tests/export/random_weights.hpp"
#include "tests/interop/cases.hpp"
#include "tests/prototypes/network/random_network.hpp"

using namespace atto;
namespace fs = std::filesystem;

namespace {

constexpr double kMaxError = 1e-4;
constexpr double kMaxInt8Error = 0.1;  // a tie that is rounded the other way, and what follows
constexpr double kMinInt8Agreement = 0.99;
const fs::path kRoot = ATTO_SOURCE_DIR;

/// Images, and what the interpreter makes of them.
test::Expectation interpreted(const net::Network& network, const net::TensorFile& weights,
                              int images) {
  const deploy::Interpreter interpreter(network, weights);
  test::Expectation wanted{images, {}, std::vector<std::vector<float>>(network.outputs.size())};
  for (int n = 0; n < images; ++n) {
    const std::vector<float> image =
        test::random_image(network.input, static_cast<std::uint64_t>(n) + 100);
    wanted.inputs.insert(wanted.inputs.end(), image.begin(), image.end());
    const auto outputs = interpreter.run(image);
    for (std::size_t o = 0; o < outputs.size(); ++o)
      wanted.outputs[o].insert(wanted.outputs[o].end(), outputs[o].begin(), outputs[o].end());
  }
  return wanted;
}

void add_random(test::CaseWriter& cases, const std::string& name, const net::Network& network) {
  const net::TensorFile weights = test::random_weights(network, 1);
  const int images = net::count_costs(network).macs > 100'000'000 ? 1 : 2;
  cases.add(name, deploy::onnx::network_graph(network, weights),
            interpreted(network, weights, images), kMaxError);
}

/// A quantised model, held against our int8 interpreter.
void add_int8(test::CaseWriter& cases, const std::string& name, const net::Network& network,
              const net::TensorFile& weights, int images, const std::vector<float>& inputs) {
  const deploy::FusedNetwork fused = deploy::fuse(network, weights, deploy::Attach::Clamps);
  const deploy::Quantisation quantisation = deploy::quantise(fused, inputs);
  const deploy::Int8Interpreter interpreter(fused, quantisation);
  const auto elements = static_cast<std::size_t>(network.input.elements());
  test::Expectation wanted{images, {}, std::vector<std::vector<float>>(network.outputs.size())};
  wanted.inputs.assign(inputs.begin(),
                       inputs.begin() + static_cast<std::ptrdiff_t>(elements) * images);
  for (int n = 0; n < images; ++n) {
    const auto outputs = interpreter.run(
        std::span(wanted.inputs).subspan(static_cast<std::size_t>(n) * elements, elements));
    for (std::size_t o = 0; o < outputs.size(); ++o)
      wanted.outputs[o].insert(wanted.outputs[o].end(), outputs[o].begin(), outputs[o].end());
  }
  cases.add_by_top1(
      name + " int8",
      deploy::onnx::quantised_graph(fused, quantisation, deploy::onnx::describe(network, weights)),
      wanted, kMaxInt8Error, kMinInt8Agreement);
}

void add_random_int8(test::CaseWriter& cases, const std::string& name,
                     const net::Network& network) {
  const std::int64_t macs = net::count_costs(network).macs;
  const int images = macs > 100'000'000 ? 1 : 8;
  std::vector<float> inputs;
  for (int n = 0; n < images; ++n) {
    const auto image = test::random_image(network.input, static_cast<std::uint64_t>(n) + 100);
    inputs.insert(inputs.end(), image.begin(), image.end());
  }
  add_int8(cases, name, network, test::random_weights(network, 1), images, inputs);
}

/// A network of the prototype: itself, or with random choices where it has holes.
net::Network network_of(const net::Prototype& prototype) {
  spec::Random random(1);
  const gen::FeasibleSpace space(prototype, prototype.written_input(), {}, 0);
  const auto candidate = space.sample(random);
  if (!candidate) throw InternalError(prototype.name() + ": has no design");
  return *net::realise(prototype, candidate->assignment).network;
}

void add_prototypes(test::CaseWriter& cases) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(kRoot / "prototypes"))
    if (entry.path().extension() == ".json" && entry.path().stem().extension() != ".schema")
      files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  for (const fs::path& file : files) {
    const net::Prototype prototype = net::read_prototype(file);
    if (prototype.is_detector()) continue;
    const net::Network network = network_of(prototype);
    add_random(cases, file.stem().string(), network);
    add_random_int8(cases, file.stem().string(), network);
  }
}

/// Every operation of the IR, in orders that no prototype has.
void add_random_networks(test::CaseWriter& cases, std::uint64_t count) {
  for (std::uint64_t seed = 0; seed < count; ++seed) {
    const net::Network network = net::random_network(seed);
    add_random(cases, fmt::format("random {}", seed), network);
    add_random_int8(cases, fmt::format("random {}", seed), network);
  }
}

void add_generated(test::CaseWriter& cases, const char* spec_name, std::size_t count) {
  const spec::DesignSpec spec =
      spec::read_design_spec(kRoot / "design_specs" / (std::string(spec_name) + ".json"));
  const net::Prototype prototype = net::read_prototype(spec.prototype);
  const net::TaskInput input = prototype.written_input();
  const gen::FeasibleSpace space(prototype, input, spec.require, spec.search.band);
  const std::vector<gen::Candidate> designs = gen::generate(space, count, 7, 1);
  if (designs.size() != count) throw InternalError(std::string(spec_name) + ": too few designs");
  for (const gen::Candidate& design : designs) {
    const std::string name = fmt::format("{} {}", spec_name, net::hash_text(design.hash));
    const net::Network network = *net::realise(prototype, design.assignment, input).network;
    add_random(cases, name, network);
    add_random_int8(cases, name, network);
  }
}

void add_detector(test::CaseWriter& cases, const std::string& name,
                  const net::DetectorParts& detector, const net::TensorFile& weights,
                  std::uint64_t seed) {
  const std::vector<float> picture = test::random_image(detector.trunk.input, seed);
  cases.add_detector(name, deploy::onnx::detector_graph(detector, weights), picture,
                     deploy::DetectorInterpreter(detector, weights).run(picture));
}

/// With more objects than fit, with none, and with equal scores.
void add_small_detectors(test::CaseWriter& cases) {
  using test::DetectorKind;
  for (const auto kind : {DetectorKind::Masks, DetectorKind::Boxes, DetectorKind::Crops}) {
    net::DetectorParts detector = test::small_detector(kind);
    const std::string name = fmt::format("small detector {}", static_cast<int>(kind));
    for (std::uint64_t seed = 1; seed <= 4; ++seed)
      add_detector(cases, fmt::format("{}, seed {}", name, seed), detector,
                   test::random_weights(detector, seed), seed);
    const net::TensorFile weights = test::random_weights(detector, 5);
    detector.settings.nms = 0.9;
    add_detector(cases, name + ", equal scores", detector, test::undecided(detector, weights), 5);
    detector.settings.score = 1;
    add_detector(cases, name + ", nothing found", detector, weights, 5);
  }
}

/// Random designs of the shipped prototype.
void add_generated_detectors(test::CaseWriter& cases, std::uint64_t count) {
  const net::Prototype prototype = net::read_prototype(kRoot / "prototypes/atto_mask_rcnn.json");
  net::TaskInput input = prototype.written_input();
  input.input.height = input.input.width = 64;
  input.detector.proposals = 30;
  input.detector.detections = 8;
  input.detector.anchors = spec::AnchorSettings{{{8}, {16}, {24}, {32}, {48}}, {0.5, 1, 2}};
  const gen::FeasibleSpace space(prototype, input, {}, 0);
  spec::Random random(3);
  for (std::uint64_t i = 0; i < count; ++i) {
    const auto candidate = space.sample(random);
    if (!candidate) throw InternalError("atto_mask_rcnn: has no design");
    const net::DetectorParts detector =
        *net::realise(prototype, candidate->assignment, input).detector;
    add_detector(cases, fmt::format("atto_mask_rcnn {}", i), detector,
                 test::random_weights(detector, i), i);
  }
}

/// Held against LibTorch's own logits.
void add_winner(test::CaseWriter& cases) {
  const fs::path folder = kRoot / "tests/interop/winner";
  const net::TensorFile weights = net::read_safetensors(folder / "weights.safetensors");
  const net::TensorFile reference = net::read_safetensors(folder / "reference.safetensors");
  const net::Network network = net::read_design(folder / "design.json");
  const net::Tensor& inputs = reference.tensors.at("inputs");
  cases.add("trained winner", deploy::onnx::network_graph(network, weights),
            {static_cast<int>(inputs.shape.at(0)),
             deploy::float_values(inputs),
             {deploy::float_values(reference.tensors.at("logits"))}},
            kMaxError);
  add_int8(cases, "trained winner", network, weights, static_cast<int>(inputs.shape.at(0)),
           deploy::float_values(inputs));
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc != 2) throw std::invalid_argument("usage: interop_cases DIR");
  test::CaseWriter cases(argv[1]);
  add_small_detectors(cases);
  add_generated_detectors(cases, 6);
  add_winner(cases);
  add_generated(cases, "quickstart", 20);
  add_generated(cases, "cifar10_tiny", 20);
  add_generated(cases, "attonet_d", 10);
  add_random_networks(cases, 40);
  add_prototypes(cases);
  cases.finish();
} catch (const std::exception& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
