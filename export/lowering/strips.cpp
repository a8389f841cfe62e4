#include "export/lowering/strips.hpp"

#include <cstddef>
#include <vector>

#include "export/format/program_rules.hpp"

namespace atto::deploy {
namespace {

using format::Program;
using format::Step;
using format::StepKind;
using format::Tensor;

// A map of so many bytes would be read back from the second-level cache at best. Below, the rows
// that neighbouring strips share cost more than they save.
constexpr std::int64_t kLargeMapBytes = 256 * 1024;
// All weights of a chain are read again with every strip.
constexpr std::uint64_t kChainWeightBytes = 128 * 1024;

/// By tensor: how many steps read it, outputs of the network counted as one more.
std::vector<int> readers_of(const Program& program) {
  std::vector<int> readers(program.tensors.size());
  for (const Step& step : program.steps) {
    for (const std::uint32_t input : step.inputs) ++readers[input];
    if (step.residual >= 0) ++readers[static_cast<std::size_t>(step.residual)];
  }
  for (const format::ProgramOutput& output : program.outputs) ++readers[output.tensor];
  return readers;
}

bool is_plain_conv(const Step& step) {
  return step.kind == StepKind::Conv && step.wiring.interleave == 1;
}

/// A kernel that reads one block of 16 channels for one block of outputs.
bool is_by_block(const Step& step) {
  return step.kind == StepKind::Depthwise ||
         (step.kind == StepKind::Conv && step.wiring.interleave > 1);
}

bool is_pointwise(const Step& step) {
  const format::Window& window = step.window;
  return is_plain_conv(step) && window.height == 1 && window.width == 1 &&
         window.down.stride == 1 && window.across.stride == 1;
}

std::uint64_t weight_bytes(const Program& program, const Step& step) {
  return is_convolution(step.kind) ? format::parameter_bytes(program, step).weights : 0;
}

/// `source`: the convolution that made what `from` hands on, itself or one before a table;
/// `chain_weights`: of the chain that `from` ends.
bool pays(const Program& program, const Step& source, const Step& from, const Step& to,
          std::uint64_t chain_weights) {
  const Tensor &between = program.tensors[from.output], &out = program.tensors[to.output];
  if (!is_convolution(source.kind)) return false;
  if (to.kind == StepKind::AverageTo)
    return is_plain_conv(from) && out.height == 1 && out.width == 1;
  if (source.is_winograd) return false;  // wants many rows at a time
  if (to.kind == StepKind::Activate) return is_convolution(from.kind);
  if (is_by_block(source)) return is_pointwise(to);
  const std::int64_t bytes =
      between.extent() * static_cast<std::int64_t>(element_bytes(between.element));
  return is_by_block(to) && bytes >= kLargeMapBytes && chain_weights <= kChainWeightBytes;
}

}  // namespace

Program with_strips(Program program) {
  const std::vector<int> readers = readers_of(program);
  std::uint64_t chain_weights = 0;
  std::size_t source = 0;
  for (std::size_t i = 0; i + 1 < program.steps.size(); ++i) {
    const Step &from = program.steps[i], &to = program.steps[i + 1];
    if (from.kind != StepKind::Activate || !program.tensors[from.inputs[0]].is_in_strips())
      source = i;
    const bool is_only_reader =
        to.inputs == std::vector<std::uint32_t>{from.output} && readers[from.output] == 1;
    chain_weights += weight_bytes(program, from);
    // A by-block step brings the convolution behind it along.
    std::size_t behind = i + 2;
    if (behind < program.steps.size() && program.steps[behind].kind == StepKind::Activate) ++behind;
    const std::uint64_t ahead =
        behind < program.steps.size() ? weight_bytes(program, program.steps[behind]) : 0;
    if (is_only_reader && pays(program, program.steps[source], from, to, chain_weights + ahead))
      program.tensors[from.output].storage = format::kInStrips;
    else
      chain_weights = 0;
  }
  return program;
}

}  // namespace atto::deploy
