// Writes a folder of cases (case_folder.hpp) whose outputs the interpreters made.
//   write_cases DIR
#include <fmt/format.h>

#include <filesystem>
#include <iostream>

#include "design_specs/errors.hpp"
#include "design_specs/files.hpp"
#include "export/lowering/lower.hpp"
#include "export/lowering/passes.hpp"
#include "export/quantisation/quantise.hpp"
#include "export/reference/fused_interpreter.hpp"
#include "export/reference/int8_interpreter.hpp"
#include "export/reference/interpreter.hpp"
#include "tests/export/random_weights.hpp"
#include "tests/export/runtime/cases/case_folder.hpp"
#include "tests/export/runtime/runtime_networks.hpp"
#include "tests/prototypes/network/random_network.hpp"

namespace atto::test {
namespace {

constexpr std::uint64_t kRandomNetworks = 40;
constexpr double kFloatBound = 5e-5, kBf16Bound = 1e-2, kSoftmaxBound = 1e-5;

class CaseFolder {
 public:
  explicit CaseFolder(std::filesystem::path folder) : folder_(std::move(folder)) {
    std::filesystem::create_directories(folder_);
  }
  ~CaseFolder() = default;
  CaseFolder(const CaseFolder&) = delete;
  CaseFolder& operator=(const CaseFolder&) = delete;

  /// A case in float, one in bf16 and, where int8 can express the network, one in int8.
  void add(const std::string& name, const net::Network& network) {
    const net::TensorFile weights = random_weights(network, 3);
    const std::vector<float> image = random_image(network.input, 7);
    const deploy::FusedNetwork floats = deploy::fuse(network, weights);
    write(name, floats, {}, image, deploy::Interpreter(network, weights).run(image), kFloatBound);
    write(name + ".bf16", floats, {deploy::Precision::Bf16, nullptr}, image,
          deploy::FusedInterpreter(floats, deploy::Precision::Bf16).run(image), kBf16Bound);
    const deploy::FusedNetwork fused = deploy::fuse(network, weights, deploy::Attach::Clamps);
    deploy::Quantisation quantisation;
    try {
      quantisation = deploy::quantise(fused, random_image(network.input, 5));
    } catch (const SpecError&) {
      return;
    }
    write(name + ".int8", fused, {deploy::Precision::I8, &quantisation}, image,
          deploy::Int8Interpreter(fused, quantisation).run(image),
          has_softmax(fused) ? kSoftmaxBound : 0);
  }

  void finish() const { spec::write_file_atomically(folder_ / kCaseList, list_); }

 private:
  static bool has_softmax(const deploy::FusedNetwork& network) {
    for (const auto& output : network.outputs)
      if (std::holds_alternative<net::Softmax>(
              network.nodes[static_cast<std::size_t>(output.layer)].op))
        return true;
    return false;
  }

  void write(const std::string& name, const deploy::FusedNetwork& network,
             const deploy::LoweringOptions& options, const std::vector<float>& image,
             const std::vector<std::vector<float>>& outputs, double bound) {
    deploy::write_model(folder_ / (name + ".atto"), network, {}, options);
    std::vector<float> wanted;
    for (const std::vector<float>& output : outputs)
      wanted.insert(wanted.end(), output.begin(), output.end());
    write_floats(folder_ / (name + ".input"), image);
    write_floats(folder_ / (name + ".output"), wanted);
    list_ += fmt::format("{} {}\n", name, bound);
  }

  static void write_floats(const std::filesystem::path& file, const std::vector<float>& values) {
    spec::write_file_atomically(
        file, {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float)});
  }

  std::filesystem::path folder_;
  std::string list_;
};

void write_all(const std::filesystem::path& folder) {
  CaseFolder cases(folder);
  for (std::uint64_t seed = 0; seed < kRandomNetworks; ++seed)
    cases.add(fmt::format("random_{}", seed), net::random_network(seed));
  int count = 0;
  for (const NamedNetwork& named : generated_networks("quickstart", 3))
    cases.add(fmt::format("quickstart_{}", count++), named.network);
  for (const NamedNetwork& named : generated_networks("cifar10_tiny", 2))
    cases.add(fmt::format("cifar10_tiny_{}", count++), named.network);
  for (const int kernel : {1, 3, 5, 7})
    for (const int stride : {1, 2})
      for (const int groups : {1, 2, 6, 24}) {
        Sketch sketch({24, 9, 13});
        cases.add(fmt::format("conv_{}_{}_{}", kernel, stride, groups),
                  sketch.ending(sketch.add(net::Conv{48, kernel, stride, groups, 1, true}, {0})));
      }
  for (const int groups : {2, 4}) {  // int8 interleaves them over several blocks
    Sketch sketch({12 * groups, 9, 13});
    cases.add(fmt::format("wide_groups_{}", groups),
              sketch.ending(sketch.add(net::Conv{16, 5, 1, groups, 1, true}, {0})));
  }
  cases.finish();
}

}  // namespace
}  // namespace atto::test

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: write_cases DIR\n";
    return 2;
  }
  atto::test::write_all(argv[1]);
  return 0;
}
