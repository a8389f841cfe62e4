#include "export/lowering/memory_plan.hpp"

#include <algorithm>
#include <vector>

#include "export/format/program_rules.hpp"
#include "export/lowering/arena.hpp"

namespace atto::deploy {
namespace {

using format::Program;
using format::Step;
using format::StepKind;
using format::Tensor;

std::uint64_t aligned(std::uint64_t bytes) {
  return (bytes + format::kAlignment - 1) / format::kAlignment * format::kAlignment;
}

/// By tensor: the last step that reads it; outputs are read at the end.
std::vector<std::size_t> last_readers(const Program& program) {
  std::vector<std::size_t> last(program.tensors.size());
  for (std::size_t i = 0; i < program.steps.size(); ++i) {
    for (const std::uint32_t input : program.steps[i].inputs) last[input] = i;
    if (program.steps[i].residual >= 0)
      last[static_cast<std::size_t>(program.steps[i].residual)] = i;
  }
  for (const format::ProgramOutput& output : program.outputs)
    last[output.tensor] = program.steps.size();
  return last;
}

bool same_layout(const Tensor& a, const Tensor& b) {
  return a.halo == b.halo && a.blocks() == b.blocks() && a.element == b.element &&
         a.height == b.height && a.width == b.width;
}

bool is_clamp(format::Activation activation) {
  return activation <= format::Activation::Relu6;
}

/// The tensors that a step may write over, best first.
std::vector<std::uint32_t> replaceable(const Step& step) {
  if (step.residual >= 0) {
    const auto residual = static_cast<std::uint32_t>(step.residual);
    // Other activations run over the finished row, after which the residual must still be there.
    const bool is_read_too =
        std::find(step.inputs.begin(), step.inputs.end(), residual) != step.inputs.end();
    if (is_clamp(step.activation) && !is_read_too) return {residual};
    return {};
  }
  const format::StepForm form = form_of(step.kind);
  if (step.kind == StepKind::Add) return {step.inputs[0], step.inputs[1]};
  if (form == format::StepForm::ByLane || form == format::StepForm::Pairwise)
    return {step.inputs[0]};
  return {};
}

/// Other rows of what a chain's earlier steps read are still to be read when the last one writes.
bool is_read_before_end(const Program& program, const format::Chain& chain, std::uint32_t tensor) {
  for (std::size_t i = chain.first; i < chain.last; ++i) {
    const Step& step = program.steps[i];
    if (step.residual == static_cast<std::int32_t>(tensor) ||
        std::find(step.inputs.begin(), step.inputs.end(), tensor) != step.inputs.end())
      return true;
  }
  return false;
}

/// The storages as pieces of the arena.
std::vector<Piece> pieces_of(const Program& program) {
  const std::vector<format::LiveRange> ranges = format::live_ranges(program);
  std::vector<Piece> pieces;
  for (std::size_t i = 0; i < ranges.size(); ++i)
    pieces.push_back(
        {aligned(program.storages[i].bytes), ranges[i].first, ranges[i].last, ranges[i].used});
  return pieces;
}

}  // namespace

Program with_halos(Program program) {
  for (Tensor& tensor : program.tensors) tensor.halo = 0;
  for (const Step& step : program.steps) {
    if (step.kind != StepKind::Conv && step.kind != StepKind::Depthwise) continue;
    std::int32_t& halo = program.tensors[step.inputs[0]].halo;
    const Tensor& input = program.tensors[step.inputs[0]];
    const auto behind =
        format::columns_read(step.window, program.tensors[step.output].width) - input.width;
    halo = std::max({halo, step.window.across.pad, static_cast<std::int32_t>(behind)});
  }
  return program;
}

Program with_storages(Program program) {
  const std::vector<std::size_t> last = last_readers(program);
  program.storages.clear();
  for (const format::Chain& chain : format::chains_of(program)) {
    const Step& step = program.steps[chain.last];
    Tensor& made = program.tensors[step.output];
    const auto mine = static_cast<std::uint32_t>(program.storages.size());
    made.storage = mine;
    for (const std::uint32_t candidate : replaceable(step))
      if (made.storage == mine && last[candidate] == chain.last &&
          !program.tensors[candidate].is_in_strips() &&
          !is_read_before_end(program, chain, candidate) &&
          same_layout(program.tensors[candidate], made))
        made.storage = program.tensors[candidate].storage;
    if (made.storage == mine)
      program.storages.push_back(
          {0, static_cast<std::uint64_t>(made.extent()) * element_bytes(made.element)});
  }
  return program;
}

Program with_offsets(Program program) {
  std::vector<Piece> pieces = pieces_of(program);
  program.arena_bytes = place_pieces(pieces);
  for (std::size_t i = 0; i < pieces.size(); ++i) program.storages[i].offset = pieces[i].offset;
  return program;
}

std::uint64_t smallest_arena(const Program& program) {
  return smallest_arena(pieces_of(program));
}

}  // namespace atto::deploy
