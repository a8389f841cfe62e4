#include "export/runtime/plan/chain_plan.hpp"

#include <algorithm>

#include "export/runtime/plan/step_run.hpp"
#include "export/runtime/plan/tiles.hpp"

namespace atto::edge {
namespace {

using format::Element;
using format::Step;
using format::StepKind;
using format::Tensor;

// What a strip holds should stay in the second-level cache (512 KB and more on every target) beside
// the weights that pass; when all weights are small too, in the first level, unless turns would be
// so short that the rows they keep cost more.
constexpr std::int64_t kStripBytes = 256 * 1024;
constexpr std::int64_t kByteStripBytes = 128 * 1024;
constexpr std::int64_t kSmallStripBytes = 24 * 1024;
constexpr std::int64_t kSmallWeightBytes = 24 * 1024;
// What Winograd's tiles of a turn hold: large weights should pass few times.
constexpr std::int64_t kWinogradBytes = 512 * 1024;
// Chains are cut where the tensor between fits into a second-level cache, or nearly, and parts
// would make so large a share of the chain twice; or one part would keep rows for more windows.
constexpr std::int64_t kWholeBytes = 1152 * 1024;
constexpr double kMadeTwice = 0.01;
constexpr int kMostWindows = 2;

std::int64_t bytes_of(const Tensor& tensor) {
  return tensor.extent() * static_cast<std::int64_t>(format::element_bytes(tensor.element));
}

bool has_pieces(const format::Program& program, const Step& step) {
  return step.kind == StepKind::Conv &&
         (step.wiring.interleave == 1 || program.tensors[step.output].element == Element::U8);
}

bool shares_blocks(const format::Program& program, const format::Chain& chain, int parts) {
  const Step& last = program.steps[chain.last];
  if (last.kind == StepKind::AverageTo) return true;
  const bool is_table = last.kind == StepKind::Activate && chain.first < chain.last;
  return has_pieces(program, is_table ? program.steps[chain.last - 1] : last) &&
         program.tensors[last.output].height < 4 * parts;
}

bool is_small(const format::Program& program, const Step& step, int parts) {
  return bytes_of(program.tensors[step.output]) <= kWholeBytes * parts;
}

/// Returns the steps of a chain after which a part begins anew, in order.
std::vector<std::size_t> cuts_between_windows(const format::Program& program,
                                              const format::Chain& chain) {
  std::vector<std::size_t> steps;
  int windows = 0;
  for (std::size_t i = chain.first; i <= chain.last; ++i) {
    const format::Window& window = program.steps[i].window;
    if (window.height <= window.down.stride) continue;
    if (windows >= kMostWindows && is_small(program, program.steps[i - 1], 1)) {
      steps.push_back(i - 1);
      windows = 0;
    }
    ++windows;
  }
  return steps;
}

/// Returns the steps of a chain after which parts that share its rows meet, in order.
std::vector<std::size_t> cuts_at_seams(const format::Program& program, const format::Chain& chain,
                                       int parts) {
  std::vector<std::size_t> steps;
  double macs = 0;
  for (std::size_t i = chain.first; i <= chain.last; ++i)
    macs += static_cast<double>(program.steps[i].macs);
  std::int64_t twice = 0;  // rows of a step's output that both sides of a seam make
  for (std::size_t i = chain.last; i > chain.first; --i) {
    const format::Window& window = program.steps[i].window;
    const int height = program.tensors[program.steps[i - 1].output].height;
    twice = std::clamp<std::int64_t>(
        (twice - 1) * window.down.stride + (std::int64_t{window.height} - 1) * window.dilation + 1,
        0, height);
    double macs_twice = 0;
    for (std::size_t j = chain.first; j < i; ++j)
      macs_twice += static_cast<double>(program.steps[j].macs) * static_cast<double>(twice) /
                    program.tensors[program.steps[j].output].height;
    // Two parts share one seam; a part between two others has two.
    if (macs_twice * parts > 2 * kMadeTwice * macs &&
        is_small(program, program.steps[i - 1], parts)) {
      steps.insert(steps.begin(), i - 1);
      twice = 0;
    }
  }
  return steps;
}

std::vector<std::size_t> cuts(const format::Program& program, const format::Chain& chain,
                              int parts) {
  if (parts == 1) return cuts_between_windows(program, chain);
  if (shares_blocks(program, chain, parts)) return {};
  return cuts_at_seams(program, chain, parts);
}

class Planner {
 public:
  Planner(const format::Program& program, const format::Chain& chain, int parts)
      : program_(program),
        first_(chain.first),
        members_(chain.last - chain.first + 1),
        granule_(step(0).is_winograd ? 2 : 1) {
    plan_.by_blocks = parts > 1 && shares_blocks(program, chain, parts);
    is_taken_from_others_ = parts > 1 && !plan_.by_blocks;
    plan_.turns.resize(members_);
    plan_.buffer_rows.assign(members_ - 1, 0);
    const int height = output(members_ - 1).height;
    for (int part = 0; part < parts; ++part) {
      if (plan_.by_blocks && part > 0) {
        plan_.turns_of_part.push_back(plan_.turns_of_part.front());
        continue;
      }
      const Range rows = plan_.by_blocks ? Range{0, height} : shared(height, part, parts);
      plan_.turns_of_part.push_back(rows.begin < rows.end ? add_turns(rows) : Range{0, 0});
    }
  }
  ChainPlan take() { return std::move(plan_); }

 private:
  const Step& step(std::size_t member) const { return program_.steps[first_ + member]; }
  const Tensor& output(std::size_t member) const { return program_.tensors[step(member).output]; }

  /// The input rows that a member reads for rows of its output.
  Range rows_for(std::size_t member, Range rows) const {
    const int height = program_.tensors[step(member).inputs[0]].height;
    if (step(member).kind == StepKind::AverageTo) return {0, height};
    return rows_read(step(member).window, rows.begin, rows.end, height);
  }

  /// Returns a share of rows; those that are made together stay so.
  Range shared(int rows, int part, int parts) const {
    const Range tiles = share((rows + granule_ - 1) / granule_, part, parts);
    return {tiles.begin * granule_, std::min(tiles.end * granule_, rows)};
  }

  /// Bytes that a turn of so many output rows walks over.
  std::int64_t bytes_of_turn(int rows) const {
    std::int64_t bytes = 0, needed = rows;
    if (step(0).is_winograd)
      return std::int64_t{16} * 4 * format::kLanes * step(0).wiring.in_blocks * ((rows + 1) / 2) *
             ((output(0).width + 1) / 2);
    for (std::size_t m = members_; m-- > 0;) {
      if (step(m).inputs.empty() || step(m).kind == StepKind::AverageTo) break;
      const format::Window& window = step(m).window;
      const Tensor& input = program_.tensors[step(m).inputs[0]];
      const bool is_source = m > 0 || (members_ == 1 && step(m).kind == StepKind::Conv);
      needed = std::min<std::int64_t>(
          input.height, is_source && m == 0
                            ? needed * window.down.stride
                            : (needed - 1) * window.down.stride +
                                  (std::int64_t{window.height} - 1) * window.dilation + 1);
      if (is_source)
        bytes += needed * input.row_stride() *
                 static_cast<std::int64_t>(format::element_bytes(input.element));
    }
    return bytes;
  }
  std::int64_t budget() const {
    if (step(0).is_winograd) return kWinogradBytes;
    if (output(members_ - 1).element == Element::U8) return kByteStripBytes;
    std::int64_t weights = 0;
    for (std::size_t m = 0; m < members_; ++m) {
      if (m > 0 && step(m).window.height > step(m).window.down.stride)
        return kStripBytes;  // keeps rows
      if (step(m).kind == StepKind::Conv)
        weights += static_cast<std::int64_t>(format::parameter_bytes(program_, step(m)).weights);
    }
    return weights <= kSmallWeightBytes ? kSmallStripBytes : kStripBytes;
  }

  /// The rows of their outputs that members' buffers hold.
  struct Held {
    explicit Held(std::size_t members) : base(members, 0), end(members, -1) {}
    std::vector<int> base, end;  ///< end < 0: none yet
  };

  int turns_so_far() const { return static_cast<int>(plan_.turns[0].size()); }

  /// Returns the turns that make these rows one after the other.
  Range add_turns(Range rows) {
    const int count = rows.end - rows.begin;
    const int tiles = (count + granule_ - 1) / granule_;
    int each = tiles;
    for (const std::int64_t most = budget(); each > 1 && bytes_of_turn(each * granule_) > most;)
      --each;
    const int turns = (tiles + each - 1) / each;
    const int first = turns_so_far();
    Held held(members_);
    for (int t = 0; t < turns; ++t) {
      const Range turn = shared(count, t, turns);
      add_turn({rows.begin + turn.begin, rows.begin + turn.end}, held);
    }
    for (int t = first; t < first + turns; ++t) {
      const auto turn = static_cast<std::size_t>(t);
      plan_.afresh[turn] = t;
      if (!is_taken_from_others_ || !keeps_rows(turn)) continue;
      plan_.afresh[turn] = turns_so_far();
      Held nothing(members_);
      add_turn(plan_.turns[members_ - 1][turn].rows, nothing);
    }
    return {first, first + turns};
  }
  /// Adds a turn that makes these rows of the chain's output.
  void add_turn(Range rows, Held& held) {
    MemberTurn made{rows, 0, 0, 0};
    plan_.turns[members_ - 1].push_back(made);
    for (std::size_t m = members_ - 1; m-- > 0;) {
      made = before(m, made.rows, held.base[m], held.end[m]);
      plan_.turns[m].push_back(made);
      plan_.buffer_rows[m] = std::max(plan_.buffer_rows[m], held.end[m] - held.base[m]);
    }
    plan_.afresh.push_back(0);
  }
  bool keeps_rows(std::size_t turn) const {
    return std::any_of(plan_.turns.begin(), plan_.turns.end(),
                       [&](const auto& of_member) { return of_member[turn].kept > 0; });
  }
  /// What a member does for rows of the next one. `base` and `end` are its own of Held.
  MemberTurn before(std::size_t member, Range rows, int& base, int& end) const {
    if (rows.begin == rows.end) return {{end, end}, base, std::max(end - base, 0), 0};
    const Range needed = rows_for(member + 1, rows);
    MemberTurn made;
    made.base = needed.begin;
    made.kept = std::max(end - needed.begin, 0);
    made.kept_from = made.kept > 0 ? needed.begin - base : 0;
    made.rows = {needed.begin + made.kept, std::max(needed.end, needed.begin + made.kept)};
    base = made.base;
    end = made.rows.end;
    return made;
  }

  const format::Program& program_;
  std::size_t first_, members_;
  int granule_;                        ///< rows that are made together
  bool is_taken_from_others_ = false;  ///< turns may be, by parts that have none left
  ChainPlan plan_;
};

}  // namespace

bool ends_in_average(const format::Program& program, const format::Chain& chain) {
  return chain.first < chain.last && program.steps[chain.last].kind == StepKind::AverageTo;
}

Layout lay_out(const format::Program& program, int parts) {
  Layout layout{{}, {}, program.arena_bytes};
  for (const Tensor& tensor : program.tensors)
    layout.places.push_back(tensor.is_in_strips() ? 0 : program.storages[tensor.storage].offset);
  for (format::Chain chain : format::chains_of(program)) {
    // One chain runs at a time.
    std::ptrdiff_t place = aligned(static_cast<std::ptrdiff_t>(program.arena_bytes));
    for (const std::size_t last : cuts(program, chain, parts)) {
      const std::uint32_t tensor = program.steps[last].output;
      layout.places[tensor] = static_cast<std::uint64_t>(place);
      place += aligned(bytes_of(program.tensors[tensor]));
      layout.arena_bytes = std::max(layout.arena_bytes, static_cast<std::uint64_t>(place));
      layout.chains.push_back({chain.first, last});
      chain.first = last + 1;
    }
    layout.chains.push_back(chain);
  }
  return layout;
}

ChainPlan plan_chain(const format::Program& program, const format::Chain& chain, int parts) {
  return Planner(program, chain, parts).take();
}

}  // namespace atto::edge
