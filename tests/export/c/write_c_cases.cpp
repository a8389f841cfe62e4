// Writes networks as C, for cores that are emulated: write_c_cases DIR [RANDOM [FIRST]]. Each is
// DIR/NAME.int8.c and NAME.c with their headers; NAME.int8.sizes tells what is said of constants
// and, by core, of code, and how often which kernel is called. MLPerf Tiny's shapes and one
// with a softmax, with random weights; then so many random networks.
#include <fmt/format.h>

#include <cstdlib>
#include <iostream>

#include "design_specs/errors.hpp"
#include "design_specs/files.hpp"
#include "design_specs/requirements/design_spec.hpp"
#include "export/c/c_source.hpp"
#include "export/lowering/passes.hpp"
#include "export/quantisation/quantise.hpp"
#include "prototypes/network/costs.hpp"
#include "tests/export/random_weights.hpp"
#include "tests/prototypes/network/random_network.hpp"

namespace atto {
namespace {

using net::Activation;

/// A classifier, layer by layer.
class Drawing {
 public:
  Drawing(const std::string& name, net::Shape input, int classes)
      : network_{name, input, classes, {{"input", net::InputLayer{}, {}}}, {}}, last_(0) {}

  int last() const { return last_; }
  int add(const net::Op& op, std::vector<int> inputs) {
    last_ = static_cast<int>(network_.layers.size());
    network_.layers.push_back({fmt::format("layer{}", last_), op, std::move(inputs)});
    return last_;
  }
  int activate() { return add(net::Activate{Activation::Relu}, {last_}); }
  int conv(int from, int channels, net::Sides kernel, net::Sides stride, int groups) {
    add(net::Conv{channels, kernel, stride, groups}, {from});
    return add(net::BatchNorm{}, {last_});
  }
  net::Network end(bool has_softmax = false) {
    add(net::GlobalAveragePool{}, {last_});
    add(net::Dense{}, {last_});
    if (has_softmax) add(net::Softmax{}, {last_});
    network_.outputs = {{"logits", last_}};
    return network_;
  }

 private:
  net::Network network_;
  int last_;
};

/// Depthwise and pointwise, again and again.
void separable(Drawing& drawing, int from, const std::vector<std::pair<int, int>>& widths) {
  for (const auto& [channels, stride] : widths) {
    drawing.conv(drawing.last(), from, 3, stride, from);
    drawing.activate();
    drawing.conv(drawing.last(), channels, 1, 1, 1);
    drawing.activate();
    from = channels;
  }
}

/// Visual wake words: MobileNet-V1 of a quarter's width.
net::Network vww() {
  Drawing drawing("vww", {3, 96, 96}, 2);
  drawing.conv(0, 8, 3, 2, 1);
  drawing.activate();
  separable(drawing, 8,
            {{16, 1},
             {32, 2},
             {32, 1},
             {64, 2},
             {64, 1},
             {128, 2},
             {128, 1},
             {128, 1},
             {128, 1},
             {128, 1},
             {128, 1},
             {256, 2},
             {256, 1}});
  return drawing.end();
}

/// Image classification: ResNet-8.
net::Network resnet8() {
  Drawing drawing("resnet8", {3, 32, 32}, 10);
  drawing.conv(0, 16, 3, 1, 1);
  drawing.activate();
  int from = 16;
  for (const int channels : {16, 32, 64}) {
    const int input = drawing.last(), stride = channels == from ? 1 : 2;
    drawing.conv(input, channels, 3, stride, 1);
    drawing.activate();
    const int end = drawing.conv(drawing.last(), channels, 3, 1, 1);
    const int shortcut = channels == from ? input : drawing.conv(input, channels, 1, stride, 1);
    drawing.add(net::Add{}, {end, shortcut});
    drawing.activate();
    from = channels;
  }
  return drawing.end();
}

/// Keyword spotting: DS-CNN.
net::Network ds_cnn() {
  Drawing drawing("ds_cnn", {1, 49, 10}, 12);
  drawing.conv(0, 64, net::Sides(10, 4), 2, 1);
  drawing.activate();
  separable(drawing, 64, {{64, 1}, {64, 1}, {64, 1}, {64, 1}});
  return drawing.end();
}

/// What random networks hardly have: a softmax at the end.
net::Network shares() {
  Drawing drawing("shares", {3, 8, 8}, 4);
  drawing.conv(0, 8, 3, 2, 1);
  drawing.activate();
  return drawing.end(true);
}

std::string sizes_text(const deploy::c::CSizes& sizes) {
  std::string text = fmt::format("constants {}\n", sizes.constant_bytes);
  for (const std::string_view core : spec::kCores)
    text += fmt::format("{} {}\n", core, deploy::c::code_bytes(sizes, core));
  for (const auto& [kernel, calls] : sizes.kernels)
    text += fmt::format("kernel {} {}\n", kernel, calls);
  return text;
}

void write(const std::filesystem::path& folder, const std::string& name,
           const net::Network& network) {
  const net::TensorFile weights = test::random_weights(network, 3);
  const net::Costs costs = net::count_costs(network);
  const auto write_as = [&](const deploy::FusedNetwork& fused, const deploy::Quantisation* bytes) {
    const std::string stem = name + (bytes ? ".int8" : "");
    const deploy::c::CSource source =
        deploy::c::c_source({fused, bytes, {}, {}, {}, costs.params, costs.macs, stem});
    spec::write_file_atomically(folder / (stem + ".c"), source.source);
    spec::write_file_atomically(folder / (stem + ".h"), source.header);
    if (bytes) spec::write_file_atomically(folder / (stem + ".sizes"), sizes_text(source.sizes));
  };
  write_as(deploy::fuse(network, weights), nullptr);
  const deploy::FusedNetwork clamped = deploy::fuse(network, weights, deploy::Attach::Clamps);
  std::vector<float> images;
  for (const std::uint64_t seed : {5, 6}) {
    const std::vector<float> image = test::random_image(network.input, seed);
    images.insert(images.end(), image.begin(), image.end());
  }
  try {
    const deploy::Quantisation quantisation = deploy::quantise(clamped, images);
    write_as(clamped, &quantisation);
  } catch (const SpecError&) {  // int8 cannot express every random network
  }
}

}  // namespace
}  // namespace atto

int main(int argc, char** argv) try {
  if (argc < 2) return 2;
  const std::filesystem::path folder = argv[1];
  std::filesystem::create_directories(folder);
  for (const atto::net::Network& network :
       {atto::vww(), atto::resnet8(), atto::ds_cnn(), atto::shares()})
    atto::write(folder, network.name, network);
  const int first = argc > 3 ? std::atoi(argv[3]) : 0;
  for (int seed = first; seed < first + (argc > 2 ? std::atoi(argv[2]) : 0); ++seed)
    atto::write(folder, "random" + std::to_string(seed),
                atto::net::random_network(static_cast<std::uint64_t>(seed)));
  return 0;
} catch (const std::exception& error) {
  std::cerr << error.what() << "\n";
  return 1;
}
