// Chains of steps: each turn makes a few rows of every tensor between them, in the part's scratch
// memory, where the rows that the next turn's windows still meet are kept.
#include <algorithm>
#include <cstring>

#include "export/runtime/plan/chain_plan.hpp"
#include "export/runtime/plan/shares.hpp"
#include "export/runtime/plan/strip_run.hpp"

namespace atto::edge {
namespace {

using format::Element;
using format::StepKind;
using format::Tensor;

// What is fetched into the second-level cache for what follows.
constexpr std::size_t kPrefetchBytes = 64 * 1024;

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

StripPointer make_member(const StepContext& context, const format::Step& step,
                         const StripPlan& plan) {
  const bool is_bytes = context.program.tensors[step.output].element == Element::U8;
  switch (step.kind) {
    case StepKind::ImageConv:
      return (is_bytes ? make_i8_image_conv : make_image_conv)(context, step, plan);
    case StepKind::Depthwise:
      return (is_bytes ? make_i8_depthwise : make_grouped)(context, step, plan);
    case StepKind::Activate:
      return make_activate(context, step, plan);
    case StepKind::AverageTo:
      return (is_bytes ? make_i8_average : make_average)(context, step, plan);
    default:
      if (is_bytes) return make_i8_conv(context, step, plan);
      if (step.is_winograd) return make_winograd(context, step, plan);
      return (step.wiring.interleave > 1 ? make_grouped : make_conv)(context, step, plan);
  }
}

class ChainRun final : public StepRun {
 public:
  ChainRun(const StepContext& context, const format::Chain& chain)
      : parts_(context.parts),
        plan_(plan_chain(context.program, chain, context.parts)),
        in_pieces_(plan_.by_blocks || ends_in_average(context.program, chain)) {
    const format::Program& program = context.program;
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
    if (!first.inputs.empty()) in_ = place_of(context, first.inputs[0]);
    out_ = place_of(context, last.output);
    for (std::size_t m = 0; m < members; ++m) {
      StripPlan plan;
      if (m > 0)
        plan.in = views[m - 1];
      else if (!first.inputs.empty())
        plan.in = view_of(program.tensors[first.inputs[0]]);
      plan.out = views[m];
      if (m + 1 < members) plan.out.halo = 0;  // filled once, for all turns
      for (const MemberTurn& turn : plan_.turns[m]) plan.turns.push_back(turn.rows);
      members_.push_back(make_member(context, program.steps[chain.first + m], plan));
      blocks_.push_back(views[m].blocks);
    }
    is_followed_ = in_pieces_ && members > 1 && !is_convolution(last.kind);
    cut_ = is_followed_ ? members - 2 : members - 1;
    share_out();
    place_buffers();
  }

  void run(const RunArguments& arguments) const noexcept override {
    for (const Buffer& buffer : buffers_) buffer.fill_padding(arguments.scratch);
    if (in_pieces_) {
      const auto turns = static_cast<int>(shares_.size());
      for (int turn = 0; turn < turns; ++turn) run_turn(turn, turn + 1 == turns, arguments);
      return;
    }
    while (const std::optional<Shares::Item> item =
               shares_[0].take(arguments.part, arguments.round))
      run_turn(item->is_own ? item->index : plan_.afresh[static_cast<std::size_t>(item->index)],
               item->is_last, arguments);
  }

  std::span<const std::byte> first_weights(int part) const override {
    RunArguments arguments;
    arguments.part = part;
    return weights_from(0, arguments);
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
  static std::byte* place_of(const StepContext& context, std::uint32_t index) {
    const Tensor& tensor = context.program.tensors[index];
    return context.arena + context.places[index] +
           tensor.origin() * static_cast<std::int64_t>(format::element_bytes(tensor.element));
  }
  /// What follows takes a piece of its map as soon as that is made: no more of it is there.
  void place_buffers() {
    if (is_followed_) {
      buffers_.back().blocks = 0;
      for (const Range& piece : pieces_)
        buffers_.back().blocks = std::max(buffers_.back().blocks, piece.end - piece.begin);
    }
    for (Buffer& buffer : buffers_) {
      buffer.offset = buffer_bytes_;
      buffer_bytes_ += buffer.bytes();
    }
  }

  /// Parts share the turns, or every turn's pieces.
  void share_out() {
    if (!in_pieces_) {
      shares_.emplace_back(plan_.turns_of_part);
      return;
    }
    std::vector<Range> pieces_of_part;
    for (int part = 0; part < parts_; ++part) pieces_of_part.push_back(add_pieces(part));
    for (std::size_t turn = 0; turn < plan_.turns[0].size(); ++turn)
      shares_.emplace_back(pieces_of_part);
  }
  /// Cuts a part's blocks, whole groups where there is more than one, into panels.
  Range add_pieces(int part) {
    const int blocks = blocks_[cut_];
    Panels panels = members_[cut_]->panels();
    int unit = 1;
    if (panels.blocks == 0)
      unit = panels.blocks = panels.of_group = blocks;
    else if (panels.of_group < blocks)
      unit = panels.of_group;
    const Range units = share(blocks / unit, part, parts_);
    const auto first = static_cast<int>(pieces_.size());
    first_block_.push_back(units.begin * unit);
    for (int b = units.begin * unit, end = units.end * unit; b < end; b = pieces_.back().end)
      pieces_.push_back(
          {b, std::min({b + panels.blocks, (b / panels.of_group + 1) * panels.of_group, end})});
    return {first, static_cast<int>(pieces_.size())};
  }

  /// What the members from this one on read first, and what follows them.
  std::span<const std::byte> weights_from(std::size_t member, const RunArguments& arguments) const {
    for (; member < members_.size(); ++member) {
      Range blocks{0, blocks_[member]};
      if (member == cut_ && in_pieces_)
        blocks.begin = first_block_[static_cast<std::size_t>(arguments.part)];
      const std::span<const std::byte> weights = members_[member]->weights(blocks);
      if (!weights.empty()) return weights.first(std::min(weights.size(), kPrefetchBytes));
    }
    return arguments.next;
  }

  void run_turn(int turn, bool is_last, const RunArguments& arguments) const {
    RunArguments inner = arguments;
    inner.scratch += buffer_bytes_;
    Places places{in_, nullptr};
    for (std::size_t m = 0; m < members_.size(); ++m) {
      const MemberTurn& what = plan_.turns[m][static_cast<std::size_t>(turn)];
      places.out = out_;
      if (m < buffers_.size()) {
        buffers_[m].keep(arguments.scratch, what.kept_from, what.kept);
        places.out = buffers_[m].place(arguments.scratch, what.base);
      }
      if (what.rows.begin < what.rows.end) {
        inner.next = is_last ? weights_from(m + 1, arguments) : std::span<const std::byte>();
        members_[m]->prepare(turn, places, inner);
        if (m == cut_ && in_pieces_) return run_pieces(turn, places, arguments.scratch, inner);
        members_[m]->run(turn, places, {0, blocks_[m]}, inner);
      }
      places.in = places.out;
    }
  }
  void run_pieces(int turn, Places places, std::byte* scratch,
                  const RunArguments& arguments) const {
    const Shares& shares = shares_[static_cast<std::size_t>(turn)];
    while (const std::optional<Shares::Item> item = shares.take(arguments.part, arguments.round)) {
      const Range* piece = &pieces_[static_cast<std::size_t>(item->index)];
      RunArguments of = arguments;
      if (!item->is_last) of.next = members_[cut_]->weights(piece[1]);
      if (is_followed_)
        places.out = buffers_.back().place(
            scratch, plan_.turns[cut_][static_cast<std::size_t>(turn)].base, piece->begin);
      members_[cut_]->run(turn, places, *piece, of);
      if (is_followed_) members_.back()->run(turn, {places.out, out_}, *piece, of);
    }
  }

  int parts_;
  ChainPlan plan_;
  bool in_pieces_;               ///< every turn of one member, which parts share
  bool is_followed_ = false;     ///< that member, piece by piece by the last one
  std::vector<Buffer> buffers_;  ///< of every member's output but the last one's
  std::vector<StripPointer> members_;
  std::vector<int> blocks_;       ///< of the members' outputs
  std::size_t cut_ = 0;           ///< that member
  std::vector<Range> pieces_;     ///< its blocks, as they are taken
  std::vector<int> first_block_;  ///< of a part's own pieces
  std::vector<Shares> shares_;    ///< of the turns, or of every turn's pieces
  std::ptrdiff_t buffer_bytes_ = 0;
  std::byte *in_ = nullptr, *out_ = nullptr;
};

}  // namespace

std::string kernel_name(const char* kind, const format::Window& window, const char* mark,
                        int count) {
  std::string name;
  const auto append = [&](const char* before, int number) {
    name += before;
    name += std::to_string(number);
  };
  const int down = window.down.stride, across = window.across.stride;
  append(kind, window.height);
  append("x", window.width);
  append("s", down);
  if (across != down) append("x", across);
  if (*mark != 0) append(mark, count);
  return name;
}

StepPointer make_step(const StepContext& context, const format::Chain& chain) {
  const format::Step& step = context.program.steps[chain.first];
  const auto is_bytes = [&](std::uint32_t tensor) {
    return context.program.tensors[tensor].element == Element::U8;
  };
  if (format::runs_in_strips(step.kind)) return std::make_unique<ChainRun>(context, chain);
  if (format::form_of(step.kind) == format::StepForm::ByLane) return make_pixel_step(context, step);
  if (step.kind == StepKind::Upsample || step.kind == StepKind::Bilinear ||
      step.kind == StepKind::Spread)
    return make_resize(context, step);
  if (is_bytes(step.output) || (!step.inputs.empty() && is_bytes(step.inputs[0])))
    return make_i8_row_step(context, step);
  if (step.kind == StepKind::Import || step.kind == StepKind::Gather)
    return make_move(context, step);
  return make_row_step(context, step);
}

}  // namespace atto::edge
