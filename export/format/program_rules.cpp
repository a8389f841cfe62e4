// The rules of a program as a whole: places, order, overlaps.
#include "export/format/program_rules.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <string>

#include "export/format/step_rules.hpp"

namespace atto::format {
namespace {

constexpr std::int64_t kMaxElements = std::int64_t{1} << 30;
constexpr std::uint64_t kMaxArena = std::uint64_t{1} << 40;
constexpr std::int64_t kMaxExtent = std::int64_t{1} << 31;  // offsets of pixels are 32 bits

class Checker {
 public:
  Checker(const Program& program, std::uint64_t weight_bytes, const Refuse& refuse)
      : program_(program), weight_bytes_(weight_bytes), refuse_(refuse) {}

  void check() {
    require(within(program_.channels, 1, kMaxSide), "channels", "must be 1 to 65536");
    require(within(program_.height, 1, kMaxSide) && within(program_.width, 1, kMaxSide),
            "height and width", "must be 1 to 65536");
    require(std::int64_t{program_.channels} * program_.height * program_.width <= kMaxElements,
            "image", "must have at most 2^30 values");
    for (const auto* values : {&program_.mean, &program_.deviation})
      require(values->empty() || values->size() == static_cast<std::size_t>(program_.channels),
              "normalisation", "must have a value per channel, or none");
    for (const float mean : program_.mean) require(std::isfinite(mean), "mean", "must be a number");
    for (const float deviation : program_.deviation)
      require(std::isfinite(deviation) && deviation > 0, "deviation", "must be a number > 0");
    require(program_.steps.size() <= kMaxSteps && program_.tensors.size() <= kMaxSteps &&
                program_.storages.size() <= kMaxSteps,
            "program", "must have at most 65536 steps, tensors and storages");
    check_storages();
    for (std::size_t i = 0; i < program_.tensors.size(); ++i) check_tensor(i);
    check_order();
    check_chains();
    check_overlap();
  }

 private:
  void require(bool holds, const char* part, const char* rule) const {
    if (holds) return;
    refuse_(where_ + std::string(part), rule);
  }

  void check_storages() {
    require(program_.arena_bytes <= kMaxArena, "arena_bytes", "must be at most 2^40");
    for (std::size_t i = 0; i < program_.storages.size(); ++i) {
      where_ = "storages[" + std::to_string(i) + "].";
      const Storage& storage = program_.storages[i];
      require(storage.offset % kAlignment == 0, "offset", "must be a multiple of 64");
      require(storage.offset <= program_.arena_bytes &&
                  storage.bytes <= program_.arena_bytes - storage.offset,
              "bytes", "must lie inside the arena");
    }
    where_.clear();
  }

  void check_tensor(std::size_t index) {
    where_ = "tensors[" + std::to_string(index) + "].";
    const Tensor& tensor = program_.tensors[index];
    require(within(tensor.channels, 1, kMaxSide) && within(tensor.height, 1, kMaxSide) &&
                within(tensor.width, 1, kMaxSide),
            "shape", "every side must be 1 to 65536");
    require(std::int64_t{tensor.channels} * tensor.height * tensor.width <= kMaxElements, "shape",
            "must have at most 2^30 values");
    require(within(tensor.halo, 0, kMaxPadding), "halo", "must be 0 to 2^21");
    check_lanes(tensor);
    require(tensor.element == Element::F32 || tensor.element == Element::U8, "element",
            "tensors hold float32 or bytes");
    require(std::isfinite(tensor.scale) && tensor.scale > 0, "scale", "must be a number > 0");
    require(within(tensor.zero_point, 0, 255), "zero_point", "must be 0 to 255");
    require(tensor.extent() <= kMaxExtent, "shape", "must take at most 2^31 values with padding");
    require(tensor.is_in_strips() || tensor.storage < program_.storages.size(), "storage",
            "must be one of the storages");
    require(tensor.is_in_strips() ||
                static_cast<std::uint64_t>(tensor.extent()) * element_bytes(tensor.element) <=
                    program_.storages[tensor.storage].bytes,
            "storage", "is too small for the tensor");
    where_.clear();
  }

  void check_lanes(const Tensor& tensor) const {
    if (tensor.lanes.empty()) return;
    require(tensor.lanes.size() % kLanes == 0 && tensor.lanes.size() <= 16 * kMaxSide, "lanes",
            "must be whole blocks of 16, at most 65536");
    std::vector<bool> seen(static_cast<std::size_t>(tensor.channels));
    std::int64_t count = 0;
    for (const std::int32_t channel : tensor.lanes) {
      require(within(channel, -1, tensor.channels - 1), "lanes", "must be channels or -1");
      if (channel < 0) continue;
      require(!seen[static_cast<std::size_t>(channel)], "lanes", "must hold each channel once");
      seen[static_cast<std::size_t>(channel)] = true;
      ++count;
    }
    require(count == tensor.channels, "lanes", "must hold every channel");
  }

  /// Every tensor is written by one step, before any step reads it.
  void check_order() {
    std::vector<bool> written(program_.tensors.size());
    // The tensor that each storage holds, and the one that comes in strips.
    std::vector<std::int64_t> holds(program_.storages.size(), -1);
    std::int64_t strips = -1;
    const auto is_there = [&](std::int64_t index) {
      if (!within(index, 0, std::int64_t(written.size()) - 1)) return false;
      const Tensor& of = tensor(static_cast<std::size_t>(index));
      return (of.is_in_strips() ? strips : holds[of.storage]) == index;
    };
    for (std::size_t i = 0; i < program_.steps.size(); ++i) {
      const Step& step = program_.steps[i];
      where_ = "steps[" + std::to_string(i) + "].";
      for (const std::uint32_t input : step.inputs)
        require(is_there(input), "inputs", "must be written by an earlier step and not replaced");
      require(step.residual == -1 || (is_there(step.residual) && step.residual != strips),
              "residual", "must be written by an earlier step and not replaced");
      require(step.output < written.size() && !written[step.output], "output",
              "must be a tensor that no earlier step wrote");
      written[step.output] = true;
      strips = tensor(step.output).is_in_strips() ? std::int64_t{step.output} : -1;
      if (strips >= 0)
        check_strips(i);
      else
        holds[tensor(step.output).storage] = step.output;
      check_step(program_, weight_bytes_, i, refuse_);
    }
    where_.clear();
    require(!program_.outputs.empty(), "outputs", "must not be empty");
    for (const ProgramOutput& output : program_.outputs)
      require(is_there(output.tensor), "outputs", "must be written by a step and not replaced");
  }

  /// What a step makes in strips, the next one takes, row by row.
  void check_strips(std::size_t index) const {
    const Step& step = program_.steps[index];
    require(runs_in_strips(step.kind) && step.kind != StepKind::AverageTo, "output",
            "must not be in strips for this kind of step");
    require(index + 1 < program_.steps.size() &&
                program_.steps[index + 1].inputs == std::vector<std::uint32_t>{step.output},
            "output", "in strips, must be the next step's only input");
    const Step& next = program_.steps[index + 1];
    const bool is_pool = next.kind == StepKind::AverageTo;
    require(runs_in_strips(next.kind), "output", "in strips, does not fit the next step's kind");
    require(!is_pool || (step.kind == StepKind::Conv && step.wiring.interleave == 1), "output",
            "in strips, must come from a convolution whose groups lie apart when it is averaged");
  }

  /// Nothing that a chain reads is written before its end, but the last step's own residual.
  void check_chains() {
    for (const Chain& chain : chains_of(program_)) {
      if (chain.first == chain.last) continue;
      where_ = "steps[" + std::to_string(chain.last) + "].";
      const std::uint32_t written = tensor(program_.steps[chain.last].output).storage;
      for (std::size_t i = chain.first; i < chain.last; ++i) {
        const Step& step = program_.steps[i];
        for (const std::uint32_t input : step.inputs)
          require(tensor(input).storage != written, "output",
                  "must not replace what its chain reads");
        require(
            step.residual < 0 || tensor(static_cast<std::size_t>(step.residual)).storage != written,
            "output", "must not replace what its chain reads");
      }
    }
    where_.clear();
  }

  void check_overlap() const {
    const std::vector<LiveRange> ranges = live_ranges(program_);
    std::vector<std::vector<std::size_t>> starting(program_.steps.size()),
        ending(program_.steps.size());
    for (std::size_t s = 0; s < ranges.size(); ++s) {
      if (!ranges[s].used || program_.storages[s].bytes == 0) continue;
      starting[ranges[s].first].push_back(s);
      ending[std::min(ranges[s].last, program_.steps.size() - 1)].push_back(s);
    }
    std::map<std::uint64_t, std::uint64_t> live;  // offset -> end
    for (std::size_t step = 0; step < program_.steps.size(); ++step) {
      for (const std::size_t s : starting[step]) {
        const Storage& storage = program_.storages[s];
        const auto next = live.lower_bound(storage.offset);
        const bool meets_next = next != live.end() && next->first < storage.offset + storage.bytes;
        const bool meets_last = next != live.begin() && std::prev(next)->second > storage.offset;
        require(!meets_next && !meets_last, ("storages[" + std::to_string(s) + "].offset").c_str(),
                "overlaps another storage that is in use");
        live.emplace(storage.offset, storage.offset + storage.bytes);
      }
      for (const std::size_t s : ending[step]) live.erase(program_.storages[s].offset);
    }
  }
  const Tensor& tensor(std::size_t index) const { return program_.tensors[index]; }

  const Program& program_;
  std::uint64_t weight_bytes_;
  const Refuse& refuse_;
  std::string where_;
};
}  // namespace

std::int64_t Program::macs() const {
  std::int64_t sum = 0;
  for (const Step& step : steps) sum += step.macs;
  return sum;
}

void check_program(const Program& program, std::uint64_t weight_bytes, const Refuse& refuse) {
  Checker(program, weight_bytes, refuse).check();
}

std::vector<Chain> chains_of(const Program& program) {
  std::vector<Chain> chains;
  bool goes_on = false;
  for (std::size_t i = 0; i < program.steps.size(); ++i) {
    if (goes_on)
      chains.back().last = i;
    else
      chains.push_back({i, i});
    goes_on = program.tensors[program.steps[i].output].is_in_strips();
  }
  return chains;
}

std::vector<LiveRange> live_ranges(const Program& program) {
  std::vector<LiveRange> ranges(program.storages.size());
  const auto use = [&](std::uint32_t tensor, const Chain& chain) {
    if (program.tensors[tensor].is_in_strips()) return;
    LiveRange& range = ranges[program.tensors[tensor].storage];
    if (!range.used) range = {chain.first, chain.last, true};
    range.last = std::max(range.last, chain.last);
  };
  for (const Chain& chain : chains_of(program))
    for (std::size_t i = chain.first; i <= chain.last; ++i) {
      const Step& step = program.steps[i];
      for (const std::uint32_t input : step.inputs) use(input, chain);
      if (step.residual >= 0) use(static_cast<std::uint32_t>(step.residual), chain);
      use(step.output, chain);
    }
  const std::size_t end = program.steps.size();
  for (const ProgramOutput& output : program.outputs) use(output.tensor, {end, end});
  return ranges;
}
}  // namespace atto::format
