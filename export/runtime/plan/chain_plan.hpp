#pragma once
// How a chain of steps is cut into turns: pure arithmetic on a program.

#include <cstdint>
#include <vector>

#include "export/format/program_rules.hpp"
#include "export/runtime/plan/view.hpp"

namespace atto::edge {

/// What one member of a chain does in a turn. Its output rows from `base` on are those that the
/// next member's window meets now: `kept` of them were made before, from row `kept_from` of the
/// buffer on; then come `rows`. Of the last member's output only `rows` counts.
struct MemberTurn {
  Range rows{0, 0};
  int base = 0, kept = 0, kept_from = 0;
};

struct ChainPlan {
  std::vector<std::vector<MemberTurn>> turns;  ///< [member][turn]
  std::vector<int> buffer_rows;                ///< of every member's output but the last one's
  std::vector<Range> turns_of_part;
  /// By a part's turn: the turn that makes the same of the last member's output without rows that
  /// were kept, for a part that takes it from another.
  std::vector<int> afresh;
  /// Parts share out the blocks of the member that can be made in pieces, not the turns.
  bool by_blocks = false;
};

/// The chain's last member is an average over the whole map, and not its only one: the convolution
/// before it and it run piece by piece.
bool ends_in_average(const format::Program& program, const format::Chain& chain);

ChainPlan plan_chain(const format::Program& program, const format::Chain& chain, int parts);

/// The chains that an engine runs one after the other, and where their tensors lie.
struct Layout {
  std::vector<format::Chain> chains;
  std::vector<std::uint64_t> places;  ///< by tensor, bytes from the arena's begin; 0 in strips
  std::uint64_t arena_bytes;
};

/// Cuts chains where that is quicker: the tensor there was in strips and is whole then, behind the
/// program's arena. Parts that share the rows of a chain both make what windows meet on either side
/// of a seam; and the rows that a part keeps for one window behind the other are moved every turn.
Layout lay_out(const format::Program& program, int parts);

}  // namespace atto::edge
