#include "export/lowering/memory_plan.hpp"

#include <algorithm>
#include <numeric>
#include <vector>

#include "design_specs/seeds/random.hpp"
#include "export/format/program_rules.hpp"

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

/// Storages with the steps during which they are in use.
class Arena {
 public:
  explicit Arena(const Program& program) {
    const std::vector<format::LiveRange> ranges = format::live_ranges(program);
    for (std::size_t i = 0; i < ranges.size(); ++i)
      pieces_.push_back({aligned(program.storages[i].bytes), 0, ranges[i]});
  }
  std::size_t size() const { return pieces_.size(); }
  std::uint64_t bytes(std::size_t i) const { return pieces_[i].bytes; }
  const format::LiveRange& range(std::size_t i) const { return pieces_[i].range; }
  std::uint64_t offset(std::size_t i) const { return pieces_[i].offset; }

  /// Places the pieces in that order, each as low as those before it allow; returns the arena's
  /// size.
  std::uint64_t place(const std::vector<std::size_t>& order) {
    std::uint64_t end = 0;
    placed_.clear();
    for (const std::size_t index : order) {
      Piece& piece = pieces_[index];
      piece.offset = lowest_place(piece);
      const auto behind = std::upper_bound(
          placed_.begin(), placed_.end(), piece.offset,
          [&](std::uint64_t offset, std::size_t other) { return offset < pieces_[other].offset; });
      placed_.insert(behind, index);
      end = std::max(end, piece.offset + piece.bytes);
    }
    return end;
  }

 private:
  struct Piece {
    std::uint64_t bytes, offset;
    format::LiveRange range;
  };

  std::uint64_t lowest_place(const Piece& piece) const {
    std::uint64_t offset = 0;
    for (const std::size_t index : placed_) {
      const Piece& other = pieces_[index];
      if (other.range.last < piece.range.first || piece.range.last < other.range.first) continue;
      if (other.offset >= offset + piece.bytes) break;
      offset = std::max(offset, other.offset + other.bytes);
    }
    return offset;
  }

  std::vector<Piece> pieces_;
  std::vector<std::size_t> placed_;  ///< by rising offset
};

constexpr int kTries = 300;

/// Tries a few good orders, then swaps in the best one until nothing is wasted.
std::vector<std::size_t> best_order(Arena& arena, std::uint64_t lower_bound) {
  std::vector<std::size_t> best(arena.size());
  std::iota(best.begin(), best.end(), std::size_t{0});
  std::uint64_t best_bytes = arena.place(best);
  const auto consider = [&](const std::vector<std::size_t>& order) {
    const std::uint64_t bytes = arena.place(order);
    if (bytes > best_bytes) return;
    best_bytes = bytes;
    best = order;
  };
  std::vector<std::size_t> order = best;
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return arena.bytes(a) > arena.bytes(b); });
  consider(order);
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    const auto length = [&](std::size_t i) { return arena.range(i).last - arena.range(i).first; };
    return length(a) > length(b);
  });
  consider(order);
  spec::Random random(1);
  for (int i = 0; i < kTries && best_bytes > lower_bound && arena.size() > 1; ++i) {
    order = best;
    for (std::uint64_t moves = 1 + random.below(3); moves > 0; --moves) {
      const std::size_t from = random.below(order.size()), to = random.below(order.size());
      const std::size_t piece = order[from];
      order.erase(order.begin() + static_cast<std::ptrdiff_t>(from));
      order.insert(order.begin() + static_cast<std::ptrdiff_t>(to), piece);
    }
    consider(order);
  }
  return best;
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
  Arena arena(program);
  program.arena_bytes = arena.place(best_order(arena, smallest_arena(program)));
  for (std::size_t i = 0; i < program.storages.size(); ++i)
    program.storages[i].offset = arena.offset(i);
  return program;
}

std::uint64_t smallest_arena(const Program& program) {
  const std::vector<format::LiveRange> ranges = format::live_ranges(program);
  std::uint64_t largest = 0;
  for (std::size_t step = 0; step < program.steps.size(); ++step) {
    std::uint64_t live = 0;
    for (std::size_t s = 0; s < ranges.size(); ++s)
      if (ranges[s].used && ranges[s].first <= step && step <= ranges[s].last)
        live += aligned(program.storages[s].bytes);
    largest = std::max(largest, live);
  }
  return largest;
}

}  // namespace atto::deploy
