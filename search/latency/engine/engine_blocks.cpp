#include "search/latency/engine/engine_blocks.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <sstream>

namespace atto::search {
namespace {

/// What a step takes to start, in multiply-adds.
constexpr double kStartMacs = 1e4;

double log_of(std::int64_t size) {
  return std::log(double(std::max<std::int64_t>(1, size)));
}

/// The parts of names that kernels join, without their channels a group: "gconv3x3s1c8+conv1x1s1"
/// has "gconv3x3s1" and "conv1x1s1".
std::vector<std::string> kernel_kinds(const std::string& kernels) {
  std::vector<std::string> kinds;
  std::istringstream names(kernels);
  for (std::string name; std::getline(names, name, '+');) {
    const std::size_t last = name.find_last_not_of("0123456789");
    if (last != std::string::npos && last + 1 < name.size() && name[last] == 'c') name.resize(last);
    kinds.push_back(std::move(name));
  }
  return kinds;
}

double values_of(const format::Tensor& tensor) {
  return double(tensor.blocks()) * format::kLanes * tensor.height * tensor.width;
}

}  // namespace

Block block_of(const format::Program& program, const format::Chain& chain,
               const std::string& kernels) {
  Block block;
  block.family = kernels;
  const std::vector<std::string> kinds = kernel_kinds(kernels);
  std::string shapes;
  std::int64_t in_blocks = 1, depth = 1;
  for (std::size_t i = chain.first; i <= chain.last; ++i) {
    const format::Step& step = program.steps[i];
    const format::Tensor& out = program.tensors[step.output];
    for (const std::uint32_t input : step.inputs) {
      const format::Tensor& in = program.tensors[input];
      if (i == chain.first) {
        in_blocks = std::max(in_blocks, in.blocks());
        block.amounts["values"] += values_of(in);
      }
      shapes += fmt::format(" {}x{}x{}+{}", in.blocks(), in.height, in.width, in.halo);
    }
    shapes += fmt::format(" > {}x{}x{} {} {}", out.blocks(), out.height, out.width,
                          step.wiring.groups, step.wiring.depth());
    block.family += fmt::format(
        " {} g{} i{} a{} {}{}", static_cast<int>(step.kind), step.wiring.groups > 1 ? 1 : 0,
        step.wiring.interleave, static_cast<int>(step.activation),
        static_cast<int>(step.joined_activation), step.residual >= 0 ? " r" : "");
    const std::string& kind = kinds.at(i - chain.first);
    block.amounts[kind] += step.macs > 0 ? double(step.macs) : values_of(out);
    block.amounts["start"] += kStartMacs;
    if (step.macs > 0)
      block.amounts["weights"] += double(step.macs) / (double(out.height) * out.width);
    depth = std::max<std::int64_t>(depth, step.wiring.depth());
  }
  const format::Tensor& first = program.tensors[program.steps[chain.first].output];
  const format::Tensor& last = program.tensors[program.steps[chain.last].output];
  block.amounts["values"] += values_of(last);
  block.key = block.family + " |" + shapes;
  block.features = {log_of(std::int64_t{first.height} * first.width), log_of(in_blocks),
                    log_of(last.blocks()), log_of(depth)};
  return block;
}

}  // namespace atto::search
