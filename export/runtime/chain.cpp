// Chains of steps: each turn makes a few rows of every tensor between them, in the part's scratch
// memory, where the rows that the next turn's windows still meet are kept.
#include <algorithm>
#include <cstdio>
#include <cstring>

#include "export/runtime/chain_plan.hpp"
#include "export/runtime/strip_run.hpp"

namespace atto::edge {
namespace {

using format::Element;
using format::StepKind;
using format::Tensor;

/// The rows of a tensor in strips that are there.
struct Buffer {
  View view;
  std::ptrdiff_t element, offset;  ///< bytes; into the scratch memory
  int rows, blocks;
  int padding_value;

  std::ptrdiff_t bytes() const {
    return aligned(blocks * view.block_stride * element + kReadBeyond);
  }
  std::ptrdiff_t halo_bytes() const { return std::ptrdiff_t{view.halo} * format::kLanes * element; }
  std::byte* row(std::byte* scratch, int index, int block) const {
    return scratch + offset + halo_bytes() +
           (index * view.row_stride + block * view.block_stride) * element;
  }
  /// Pixel (0, 0) of block 0, if row `base` is the first in the buffer.
  std::byte* place(std::byte* scratch, int base, int first_block = 0) const {
    return row(scratch, -base, -first_block);
  }
  void fill_padding(std::byte* scratch) const {
    if (view.halo == 0) return;
    for (int b = 0; b < blocks; ++b)
      for (int y = 0; y <= rows; ++y)
        std::memset(row(scratch, y, b) - halo_bytes(), padding_value,
                    static_cast<std::size_t>(halo_bytes()));
  }
  /// Moves the rows from `from` on to the beginning.
  void keep(std::byte* scratch, int from, int count) const {
    if (from == 0 || count == 0) return;
    for (int b = 0; b < blocks; ++b)
      std::memmove(row(scratch, 0, b), row(scratch, from, b),
                   static_cast<std::size_t>(count * view.row_stride * element));
  }
};

StripPointer make_member(const Ground& ground, const format::Step& step, const StripPlan& plan) {
  const bool is_bytes = ground.program.tensors[step.output].element == Element::U8;
  switch (step.kind) {
    case StepKind::ImageConv:
      return (is_bytes ? make_i8_image_conv : make_image_conv)(ground, step, plan);
    case StepKind::Depthwise:
      return (is_bytes ? make_i8_depthwise : make_grouped)(ground, step, plan);
    case StepKind::AverageTo:
      return (is_bytes ? make_i8_average : make_average)(ground, step, plan);
    default:
      if (is_bytes) return make_i8_conv(ground, step, plan);
      if (step.is_winograd) return make_winograd(ground, step, plan);
      return (step.wiring.interleave > 1 ? make_grouped : make_conv)(ground, step, plan);
  }
}

class ChainRun final : public StepRun {
 public:
  ChainRun(const Ground& ground, const format::Chain& chain)
      : parts_(ground.parts),
        ends_in_average_(edge::ends_in_average(ground.program, chain)),
        plan_(plan_chain(ground.program, chain, ground.parts)) {
    const format::Program& program = ground.program;
    const auto members = plan_.turns.size();
    const format::Step &first = program.steps[chain.first], &last = program.steps[chain.last];
    std::vector<View> views;  // of the members' outputs
    for (std::size_t m = 0; m + 1 < members; ++m) {
      const Tensor& tensor = program.tensors[program.steps[chain.first + m].output];
      views.push_back(strip_view(tensor, plan_.buffer_rows[m]));
      const bool is_bytes = tensor.element == Element::U8;
      buffers_.push_back(
          {views.back(), static_cast<std::ptrdiff_t>(format::element_bytes(tensor.element)), 0,
           plan_.buffer_rows[m], views.back().blocks, is_bytes ? tensor.zero_point : 0});
    }
    views.push_back(view_of(program.tensors[last.output]));
    if (!first.inputs.empty()) in_ = place_of(ground, first.inputs[0]);
    out_ = place_of(ground, last.output);
    for (std::size_t m = 0; m < members; ++m) {
      StripPlan plan;
      if (m > 0)
        plan.in = views[m - 1];
      else if (!first.inputs.empty())
        plan.in = view_of(program.tensors[first.inputs[0]]);
      plan.out = views[m];
      if (m + 1 < members) plan.out.halo = 0;  // filled once, for all turns
      for (const MemberTurn& turn : plan_.turns[m]) plan.turns.push_back(turn.rows);
      members_.push_back(make_member(ground, program.steps[chain.first + m], plan));
      blocks_.push_back(views[m].blocks);
    }
    in_pieces_ = ends_in_average_ ? members - 2 : members - 1;
    pieces_ = members_[in_pieces_]->pieces();
    if (pieces_.empty()) pieces_ = {0, blocks_[in_pieces_]};
    place_buffers();
  }

  void run(const Call& call) const noexcept override {
    const Range turns = plan_.turns_of_part[static_cast<std::size_t>(call.part)];
    const auto pieces = static_cast<int>(pieces_.size()) - 1;
    const Range mine = plan_.by_blocks ? share(pieces, call.part, parts_) : Range{0, pieces};
    if (mine.begin == mine.end || turns.begin == turns.end) return;
    for (const Buffer& buffer : buffers_) buffer.fill_padding(call.scratch);
    for (int turn = turns.begin; turn < turns.end; ++turn) run_turn(turn, mine, call);
  }

  std::size_t scratch_bytes() const override {
    std::size_t most = 0;
    for (const StripPointer& member : members_) most = std::max(most, member->scratch_bytes());
    return static_cast<std::size_t>(buffer_bytes_) + most;
  }
  std::string kernels() const override {
    std::string names;
    for (const StripPointer& member : members_)
      names += (names.empty() ? "" : "+") + member->kernels();
    return names;
  }

 private:
  static std::byte* place_of(const Ground& ground, std::uint32_t index) {
    const Tensor& tensor = ground.program.tensors[index];
    return ground.arena + ground.places[index] +
           tensor.origin() * static_cast<std::int64_t>(format::element_bytes(tensor.element));
  }
  /// An average takes a piece of its map as soon as that is made: no more of it is there.
  void place_buffers() {
    if (ends_in_average_) {
      buffers_.back().blocks = 0;
      for (std::size_t p = 0; p + 1 < pieces_.size(); ++p)
        buffers_.back().blocks = std::max(buffers_.back().blocks, pieces_[p + 1] - pieces_[p]);
    }
    for (Buffer& buffer : buffers_) {
      buffer.offset = buffer_bytes_;
      buffer_bytes_ += buffer.bytes();
    }
  }

  void run_turn(int turn, Range pieces, const Call& call) const {
    const Range blocks{pieces_[static_cast<std::size_t>(pieces.begin)],
                       pieces_[static_cast<std::size_t>(pieces.end)]};
    Call inner = call;
    inner.scratch += buffer_bytes_;
    Places places{in_, nullptr};
    for (std::size_t m = 0; m < members_.size(); ++m) {
      const MemberTurn& what = plan_.turns[m][static_cast<std::size_t>(turn)];
      places.out = out_;
      if (m < buffers_.size()) {
        buffers_[m].keep(call.scratch, what.kept_from, what.kept);
        places.out = buffers_[m].place(call.scratch, what.base);
      }
      if (what.rows.begin < what.rows.end) {
        members_[m]->prepare(turn, places, inner);
        if (ends_in_average_ && m == in_pieces_)
          return run_pieces(turn, places.in, pieces, call.scratch, inner);
        members_[m]->run(turn, places, m == in_pieces_ ? blocks : Range{0, blocks_[m]}, inner);
      }
      places.in = places.out;
    }
  }
  void run_pieces(int turn, std::byte* in, Range pieces, std::byte* scratch,
                  const Call& inner) const {
    for (int p = pieces.begin; p < pieces.end; ++p) {
      const Range blocks{pieces_[static_cast<std::size_t>(p)],
                         pieces_[static_cast<std::size_t>(p) + 1]};
      std::byte* between = buffers_.back().place(scratch, 0, blocks.begin);
      members_[in_pieces_]->run(turn, {in, between}, blocks, inner);
      members_.back()->run(turn, {between, out_}, blocks, inner);
    }
  }

  int parts_;
  bool ends_in_average_;
  ChainPlan plan_;
  std::vector<Buffer> buffers_;  ///< of every member's output but the last one's
  std::vector<StripPointer> members_;
  std::vector<int> blocks_;    ///< of the members' outputs
  std::size_t in_pieces_ = 0;  ///< the member whose blocks can be shared out
  std::vector<int> pieces_;    ///< first blocks, and the number of blocks
  std::ptrdiff_t buffer_bytes_ = 0;
  std::byte *in_ = nullptr, *out_ = nullptr;
};

}  // namespace

std::string kernel_name(const char* kind, const format::Window& window, const char* mark,
                        int count) {
  char name[80];
  const int size = std::snprintf(name, sizeof name, *mark == 0 ? "%s%dx%ds%d" : "%s%dx%ds%d%s%d",
                                 kind, window.height, window.width, window.stride, mark, count);
  return {name, static_cast<std::size_t>(size)};
}

StepPointer make_step(const Ground& ground, const format::Chain& chain) {
  const format::Step& step = ground.program.steps[chain.first];
  const auto is_bytes = [&](std::uint32_t tensor) {
    return ground.program.tensors[tensor].element == Element::U8;
  };
  if (format::runs_in_strips(step.kind)) return std::make_unique<ChainRun>(ground, chain);
  if (is_bytes(step.output) || (!step.inputs.empty() && is_bytes(step.inputs[0])))
    return make_i8_row_step(ground, step);
  if (step.kind == StepKind::Import || step.kind == StepKind::Gather)
    return make_move(ground, step);
  return make_row_step(ground, step);
}

}  // namespace atto::edge
