// Turns of chains, replayed row by row: what a window meets is there when it is read.
#include "export/runtime/plan/chain_plan.hpp"

#include <algorithm>
#include <catch2/catch.hpp>

#include "design_specs/seeds/random.hpp"
#include "export/runtime/plan/tiles.hpp"

namespace atto::edge {
namespace {

using format::StepKind;

/// Convolutions one behind the other, all but the last in strips.
struct Sample {
  format::Program program;
  format::Chain chain;
};

Sample random_chain(spec::Random& random) {
  Sample sample;
  format::Program& program = sample.program;
  const auto add_tensor = [&](int height, int width) {
    format::Tensor tensor;
    tensor.channels = 16 * (1 + static_cast<int>(random.below(8)));
    tensor.height = height;
    tensor.width = width;
    tensor.storage = format::kInStrips;
    program.tensors.push_back(tensor);
    return static_cast<std::uint32_t>(program.tensors.size() - 1);
  };
  program.storages.resize(1);
  std::uint32_t from = add_tensor(1 + static_cast<int>(random.below(60)), 40);
  const std::size_t steps = 1 + random.below(4);
  for (std::size_t i = 0; i < steps; ++i) {
    format::Step step;
    constexpr StepKind kKinds[] = {StepKind::Conv, StepKind::Depthwise, StepKind::Activate};
    step.kind = kKinds[random.below(3)];
    const int kernel = 1 + 2 * static_cast<int>(random.below(4));
    step.window = {kernel, kernel, {1 + static_cast<int>(random.below(3)), 0}, {}, 1};
    step.window.dilation += static_cast<int>(random.below(2));
    step.window.down.pad = step.window.dilation * (kernel - 1) / 2;
    if (step.kind == StepKind::Activate) step.window = {};
    step.inputs = {from};
    const int height = program.tensors[from].height;
    step.output = from = add_tensor((height - 1) / step.window.down.stride + 1, 40);
    program.steps.push_back(step);
  }
  program.tensors.front().storage = program.tensors.back().storage = 0;
  sample.chain = {0, steps - 1};
  return sample;
}

/// The rows of a member's input that it needs for a row of its output, one by one.
std::vector<int> rows_met(const format::Window& window, int row, int height) {
  std::vector<int> rows;
  for (int tap = 0; tap < window.height; ++tap) {
    const int at = row * window.down.stride - window.down.pad + tap * window.dilation;
    if (at >= 0 && at < height) rows.push_back(at);
  }
  return rows;
}

/// What the rows of a buffer hold.
using Held = std::vector<int>;

void replay_part(const Sample& sample, const ChainPlan& plan, Range turns, std::vector<int>& made) {
  const std::size_t members = plan.turns.size();
  std::vector<Held> held(members - 1);
  std::vector<std::vector<int>> counts(members);
  for (std::size_t m = 0; m < members; ++m)
    counts[m].resize(
        static_cast<std::size_t>(sample.program.tensors[sample.program.steps[m].output].height));
  for (std::size_t m = 0; m + 1 < members; ++m)
    held[m].assign(static_cast<std::size_t>(plan.buffer_rows[m]), -1);
  for (int t = turns.begin; t < turns.end; ++t)
    for (std::size_t m = 0; m < members; ++m) {
      const MemberTurn& turn = plan.turns[m][static_cast<std::size_t>(t)];
      if (m + 1 < members)
        for (int i = 0; i < turn.kept; ++i)
          held[m][static_cast<std::size_t>(i)] =
              held[m].at(static_cast<std::size_t>(turn.kept_from + i));
      for (int row = turn.rows.begin; row < turn.rows.end; ++row) {
        ++counts[m].at(static_cast<std::size_t>(row));
        if (m > 0) {
          const int base = plan.turns[m - 1][static_cast<std::size_t>(t)].base;
          const int height = sample.program.tensors[sample.program.steps[m].inputs[0]].height;
          for (const int met : rows_met(sample.program.steps[m].window, row, height))
            REQUIRE(held[m - 1].at(static_cast<std::size_t>(met - base)) == met);
        }
        if (m + 1 < members) held[m].at(static_cast<std::size_t>(row - turn.base)) = row;
      }
    }
  for (std::size_t m = 0; m < members; ++m)
    for (std::size_t row = 0; row < counts[m].size(); ++row) {
      CHECK(counts[m][row] <= 1);
      if (m + 1 == members) made[row] += counts[m][row];
    }
}

/// Turns that a part takes from another find nothing in its buffers.
void replay_afresh(const Sample& sample, const ChainPlan& plan) {
  for (const Range& part : plan.turns_of_part)
    for (int t = part.begin; t < part.end; ++t) {
      const int afresh = plan.afresh.at(static_cast<std::size_t>(t));
      const auto rows = [&](int turn) {
        return plan.turns.back().at(static_cast<std::size_t>(turn)).rows;
      };
      CHECK(rows(afresh).begin == rows(t).begin);
      CHECK(rows(afresh).end == rows(t).end);
      const std::uint32_t output = sample.program.steps.back().output;
      std::vector<int> made(static_cast<std::size_t>(sample.program.tensors[output].height));
      replay_part(sample, plan, {afresh, afresh + 1}, made);
      CHECK(std::count(made.begin(), made.end(), 1) == rows(t).end - rows(t).begin);
    }
}

}  // namespace

TEST_CASE("every row that a window meets is in the buffer, and no row is made twice") {
  spec::Random random(7);
  std::size_t turns = 0, chains = 0;
  for (int i = 0; i < 400; ++i) {
    const Sample sample = random_chain(random);
    for (const int parts : {1, 2, 3}) {
      INFO(i << ", " << parts << " parts");
      const ChainPlan plan = plan_chain(sample.program, sample.chain, parts);
      REQUIRE(plan.turns_of_part.size() == static_cast<std::size_t>(parts));
      const auto height = static_cast<std::size_t>(
          sample.program.tensors[sample.program.steps.back().output].height);
      std::vector<int> made(height);
      for (const Range& part : plan.turns_of_part) replay_part(sample, plan, part, made);
      // Parts that share out blocks all make every row.
      CHECK(made == std::vector<int>(height, plan.by_blocks ? parts : 1));
      if (parts > 1 && !plan.by_blocks) replay_afresh(sample, plan);
      turns += plan.turns[0].size();
      ++chains;
    }
  }
  CHECK(turns > 4 * chains);
}

// What a part may leave in a tensor where a chain is cut.
constexpr int kWholeBytes = 1152 * 1024;

/// By step of a chain whose rows parts share: the output rows that both of two make.
std::vector<std::int64_t> rows_made_twice(const format::Program& program,
                                          const format::Chain& chain) {
  std::vector<std::int64_t> twice;
  const ChainPlan plan = plan_chain(program, chain, 2);
  if (plan.by_blocks) return {};
  for (std::size_t m = 0; m < plan.turns.size(); ++m) {
    const std::uint32_t output = program.steps[chain.first + m].output;
    std::vector<int> made(static_cast<std::size_t>(program.tensors[output].height));
    for (const Range& turns : plan.turns_of_part)
      for (int t = turns.begin; t < turns.end; ++t) {
        const Range rows = plan.turns[m][static_cast<std::size_t>(t)].rows;
        for (int row = rows.begin; row < rows.end; ++row) ++made[static_cast<std::size_t>(row)];
      }
    twice.push_back(std::count(made.begin(), made.end(), 2));
  }
  return twice;
}

TEST_CASE("parts that share rows meet where they would make much twice, and only there") {
  spec::Random random(10);
  int cut = 0, kept = 0;
  for (int i = 0; i < 400; ++i) {
    Sample sample = random_chain(random);
    for (format::Step& step : sample.program.steps)
      step.macs = 1 + static_cast<std::int64_t>(random.below(1000000));
    sample.program.storages = {{0, 4096}};
    sample.program.arena_bytes = 4100;
    const bool by_blocks = plan_chain(sample.program, sample.chain, 2).by_blocks;
    const Layout layout = lay_out(sample.program, 2);
    INFO(i);
    std::uint64_t end = 4160;  // the next that is aligned
    CHECK(layout.chains.back().last == sample.chain.last);
    for (std::size_t c = 0; c + 1 < layout.chains.size(); ++c) {
      CHECK(layout.chains[c + 1].first == layout.chains[c].last + 1);
      const std::uint32_t between = sample.program.steps[layout.chains[c].last].output;
      const auto bytes = 4 * static_cast<std::uint64_t>(sample.program.tensors[between].extent());
      CHECK(layout.places[between] == end);
      CHECK(bytes <= 2 * kWholeBytes);
      end += (bytes + 63) / 64 * 64;
      ++cut;
    }
    CHECK(layout.arena_bytes == (end == 4160 ? 4100 : end));
    double macs = 0, macs_twice = 0;
    for (const format::Step& step : sample.program.steps) macs += static_cast<double>(step.macs);
    bool is_large = false;
    for (const format::Chain& chain : layout.chains) {
      const std::vector<std::int64_t> twice = rows_made_twice(sample.program, chain);
      for (std::size_t m = 0; m < twice.size(); ++m) {
        const format::Step& step = sample.program.steps[chain.first + m];
        const format::Tensor& tensor = sample.program.tensors[step.output];
        macs_twice += static_cast<double>(step.macs * twice[m]) / tensor.height;
        is_large = is_large || 4 * tensor.extent() > 2 * kWholeBytes;
      }
    }
    if (by_blocks) {
      CHECK(layout.chains.size() == 1);
    } else if (!is_large) {
      CHECK(macs_twice <= 0.01 * macs * double(sample.chain.last + 1));
      kept += layout.chains.size() == 1 && sample.chain.last > 0;
    }
  }
  CHECK(cut > 100);
  CHECK(kept > 10);
}

TEST_CASE("rows made twice are no more than a map has, whatever windows a file claims") {
  format::Program program;
  program.storages.resize(1);
  program.tensors.resize(8);
  for (format::Tensor& tensor : program.tensors) {
    tensor.channels = tensor.height = tensor.width = 1;
    tensor.storage = format::kInStrips;
  }
  for (std::uint32_t i = 0; i < 7; ++i) {
    format::Step step;
    step.kind = StepKind::Depthwise;
    step.window = {(1 << 30) + 1, 1, {1 << 30, 1 << 29}, {1 << 30, 1 << 29}, 1};
    step.inputs = {i};
    step.output = i + 1;
    program.steps.push_back(step);
  }
  program.tensors.front().storage = program.tensors.back().storage = 0;
  CHECK(lay_out(program, 2).chains.size() == 1);  // without multiply-adds nothing is made twice
  for (format::Step& step : program.steps) step.macs = 1;
  CHECK(lay_out(program, 2).chains.size() == 7);
}

TEST_CASE("one part makes a chain of more than two windows piece by piece where the map is small") {
  spec::Random random(11);
  int cut = 0, kept = 0;
  for (int i = 0; i < 400; ++i) {
    const Sample sample = random_chain(random);
    const format::Program& program = sample.program;
    const Layout layout = lay_out(program, 1);
    INFO(i);
    for (const format::Chain& chain : layout.chains) {
      std::vector<std::size_t> windows;
      for (std::size_t s = chain.first; s <= chain.last; ++s)
        if (program.steps[s].window.height > program.steps[s].window.down.stride)
          windows.push_back(s);
      for (std::size_t w = 2; w < windows.size(); ++w)  // the map before it is large
        CHECK(4 * program.tensors[program.steps[windows[w]].inputs[0]].extent() > kWholeBytes);
      if (chain.first > 0) {
        CHECK(windows.front() == chain.first);
        CHECK(layout.arena_bytes > 0);
        ++cut;
      }
    }
    kept += layout.chains.size() == 1 && sample.chain.last > 1;
  }
  CHECK(cut > 30);
  CHECK(kept > 30);
}

TEST_CASE("a turn's rows stay within the caches, unless one row is more") {
  spec::Random random(8);
  for (int i = 0; i < 200; ++i) {
    const Sample sample = random_chain(random);
    const ChainPlan plan = plan_chain(sample.program, sample.chain, 1);
    std::int64_t bytes = 0;
    for (std::size_t m = 0; m < plan.buffer_rows.size(); ++m)
      bytes += 4 * plan.buffer_rows[m] *
               sample.program.tensors[sample.program.steps[m].output].row_stride();
    bool takes_one_row = false;
    for (const MemberTurn& turn : plan.turns.back())
      takes_one_row = takes_one_row || turn.rows.end - turn.rows.begin == 1;
    CHECK((bytes <= 256 * 1024 || takes_one_row));
  }
}

TEST_CASE("turns and parts of Winograd's convolutions are of whole tiles") {
  spec::Random random(9);
  for (int i = 0; i < 100; ++i) {
    Sample sample = random_chain(random);
    sample.program.steps.resize(1);
    sample.chain = {0, 0};
    format::Step& step = sample.program.steps[0];
    step.kind = StepKind::Conv;
    step.window = {3, 3, {1, 1}, {1, 1}, 1};
    step.is_winograd = true;
    step.wiring.in_blocks = 8 * (1 + static_cast<int>(random.below(4)));
    step.output = static_cast<std::uint32_t>(sample.program.tensors.size());
    sample.program.tensors.push_back(sample.program.tensors[0]);
    const int height = sample.program.tensors[0].height;
    for (const int parts : {1, 2, 3}) {
      const ChainPlan plan = plan_chain(sample.program, sample.chain, parts);
      std::vector<int> made(static_cast<std::size_t>(height));
      for (const Range& part : plan.turns_of_part) replay_part(sample, plan, part, made);
      CHECK(made == std::vector<int>(made.size(), plan.by_blocks ? parts : 1));
      for (const MemberTurn& turn : plan.turns[0]) {
        CHECK(turn.rows.begin % 2 == 0);
        CHECK((turn.rows.end % 2 == 0 || turn.rows.end == height));
      }
    }
  }
}

TEST_CASE("an average takes its whole map in one turn, and parts share its blocks") {
  format::Program program;
  program.storages.resize(1);
  for (const int height : {30, 30, 1}) {
    format::Tensor tensor;
    tensor.channels = 256;
    tensor.height = height;
    tensor.width = height;
    program.tensors.push_back(tensor);
  }
  program.tensors[1].storage = format::kInStrips;
  format::Step conv, average;
  conv.kind = StepKind::Conv;
  conv.inputs = {0};
  conv.output = 1;
  conv.wiring = {1, 16, 16, 16, 1};
  average.kind = StepKind::AverageTo;
  average.inputs = {1};
  average.output = 2;
  program.steps = {conv, average};
  CHECK(ends_in_average(program, {0, 1}));
  CHECK_FALSE(ends_in_average(program, {1, 1}));
  for (const int parts : {1, 3}) {
    const ChainPlan plan = plan_chain(program, {0, 1}, parts);
    CHECK(plan.by_blocks == (parts > 1));
    REQUIRE(plan.turns[0].size() == 1);
    CHECK(plan.turns[0][0].rows.begin == 0);
    CHECK(plan.turns[0][0].rows.end == 30);
    CHECK(plan.buffer_rows == std::vector<int>{30});
  }
  CHECK(lay_out(program, 2).chains.size() == 1);
}

}  // namespace atto::edge
