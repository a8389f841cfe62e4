#include "export/runtime/engine.hpp"

#include <algorithm>
#include <chrono>
#include <new>
#include <stdexcept>

#include "export/runtime/plan/byte_view.hpp"
#include "export/runtime/plan/chain_plan.hpp"
#include "export/runtime/plan/step_run.hpp"
#include "export/runtime/team.hpp"

namespace atto::edge {
namespace {

constexpr int kMaxThreads = 256;

/// Bytes at a multiple of 64.
class AlignedBytes {
 public:
  AlignedBytes() = default;
  explicit AlignedBytes(std::size_t bytes)
      : data_(static_cast<std::byte*>(::operator new(bytes, kAlign))) {}
  std::byte* get() const { return data_.get(); }

 private:
  static constexpr std::align_val_t kAlign{format::kAlignment};
  struct Delete {
    void operator()(std::byte* data) const { ::operator delete(data, kAlign); }
  };
  std::unique_ptr<std::byte, Delete> data_;
};

/// An output as the caller sees it: planar, in the order of channels.
struct Planes {
  View from;
  const std::uint8_t* bytes = nullptr;  ///< in place of from.data
  float scale = 1;
  int zero_point = 0;
  std::vector<int> lane;  ///< by channel
  std::vector<float> values;

  Planes(const format::Program& program, std::uint32_t index, std::byte* arena)
      : from(view_of(program, index, arena)) {
    const format::Tensor& tensor = program.tensors[index];
    if (tensor.element == format::Element::U8) {
      bytes = byte_view_of(program, index, arena).data;
      scale = tensor.scale;
      zero_point = tensor.zero_point;
    }
    lane.resize(static_cast<std::size_t>(tensor.channels));
    for (int l = 0; l < from.blocks * format::kLanes; ++l) {
      const int channel = tensor.lanes.empty() ? l : tensor.lanes[static_cast<std::size_t>(l)];
      if (channel >= 0 && channel < tensor.channels) lane[static_cast<std::size_t>(channel)] = l;
    }
    values.resize(lane.size() * static_cast<std::size_t>(from.height) *
                  static_cast<std::size_t>(from.width));
  }
  float value(std::ptrdiff_t at) const {
    return bytes == nullptr ? from.data[at] : static_cast<float>(bytes[at] - zero_point) * scale;
  }
  void copy() {
    float* to = values.data();
    for (const int l : lane)
      for (int y = 0; y < from.height; ++y) {
        const std::ptrdiff_t first =
            y * from.row_stride + l / format::kLanes * from.block_stride + l % format::kLanes;
        for (std::ptrdiff_t x = 0; x < from.width; ++x) *to++ = value(first + x * format::kLanes);
      }
  }
};

Level level_of(const EngineOptions& options) {
  if (!options.level) return chosen_level();
  const std::vector<Level> levels = available_levels();
  if (std::find(levels.begin(), levels.end(), *options.level) == levels.end())
    throw std::invalid_argument("level: this CPU and build have no " +
                                std::string(level_name(*options.level)));
  return *options.level;
}

int threads_of(const EngineOptions& options) {
  if (options.threads < 1 || options.threads > kMaxThreads)
    throw std::invalid_argument("threads: must be 1 to 256; got " +
                                std::to_string(options.threads));
  return options.threads;
}

}  // namespace

struct Engine::State {
  State(Model of, EngineOptions wanted)
      : model(std::move(of)),
        options(std::move(wanted)),
        level(level_of(options)),
        layout(lay_out(model.program(), threads_of(options))),
        arena(layout.arena_bytes + static_cast<std::size_t>(kReadBeyond)),
        context{model.program(),   model.weights(), arena.get(),    layout.places,
                kernels_of(level), level,           options.threads} {
    for (const format::Chain& chain : layout.chains) {
      steps.push_back(make_step(context, chain));
      scratch_bytes = std::max(scratch_bytes, steps.back()->scratch_bytes());
    }
    scratch_bytes = static_cast<std::size_t>(aligned(static_cast<std::ptrdiff_t>(scratch_bytes)));
    scratch = AlignedBytes(scratch_bytes * static_cast<std::size_t>(context.parts));
    for (const format::ProgramOutput& output : model.program().outputs)
      outputs.emplace_back(model.program(), output.tensor, arena.get());
    if (context.parts > 1 && !options.parallel_for) team = std::make_unique<Team>(context.parts);
  }

  /// Begins a run of every step.
  void begin(const float* image, const std::uint8_t* pixels) {
    arguments.image = image;
    arguments.pixels = pixels;
    ++arguments.round;
  }

  void run_part(std::size_t index, int part) const {
    RunArguments of = arguments;
    of.part = part;
    of.scratch = scratch.get() + scratch_bytes * static_cast<std::size_t>(part);
    if (index + 1 < steps.size()) of.next = steps[index + 1]->first_weights(part);
    steps[index]->run(of);
  }

  void run_step(std::size_t index) {
    if (context.parts == 1) return run_part(index, 0);
    const auto body = [&](int part) { run_part(index, part); };
    if (team) return team->run(body);
    options.parallel_for(context.parts, body);
  }

  void run_all() {
    if (team) {
      team->run([&](int part) {
        for (std::size_t i = 0; i < steps.size(); ++i) {
          if (i > 0) team->barrier();
          run_part(i, part);
        }
      });
    } else {
      for (std::size_t i = 0; i < steps.size(); ++i) run_step(i);
    }
    for (Planes& output : outputs) output.copy();
  }

  Model model;
  EngineOptions options;
  Level level;
  Layout layout;
  AlignedBytes arena, scratch;
  StepContext context;
  std::vector<StepPointer> steps;  ///< of the layout's chains
  std::size_t scratch_bytes = 0;   ///< of one part
  std::vector<Planes> outputs;
  std::unique_ptr<Team> team;
  RunArguments arguments;
};

Engine::Engine(Model model, EngineOptions options)
    : state_(std::make_unique<State>(std::move(model), std::move(options))) {}
Engine::~Engine() = default;
Engine::Engine(Engine&&) noexcept = default;
Engine& Engine::operator=(Engine&&) noexcept = default;

void Engine::run(std::span<const float> image) noexcept {
  state_->begin(image.data(), nullptr);
  state_->run_all();
}

void Engine::run_pixels(std::span<const std::uint8_t> pixels) noexcept {
  state_->begin(nullptr, pixels.data());
  state_->run_all();
}

std::span<const float> Engine::output(std::size_t index) const noexcept {
  return state_->outputs[index].values;
}

Level Engine::level() const noexcept {
  return state_->level;
}
const Model& Engine::model() const noexcept {
  return state_->model;
}
std::size_t Engine::working_bytes() const noexcept {
  std::size_t bytes = state_->layout.arena_bytes +
                      state_->scratch_bytes * static_cast<std::size_t>(state_->context.parts);
  for (const auto& output : state_->outputs) bytes += output.values.size() * sizeof(float);
  return bytes;
}

std::vector<StepProfile> Engine::profile(std::span<const float> image, int rounds) {
  using Clock = std::chrono::steady_clock;
  State& state = *state_;
  const auto count = static_cast<std::size_t>(std::max(rounds, 1));
  std::vector<std::vector<double>> times(state.steps.size(), std::vector<double>(count));
  for (std::size_t round = 0; round < count; ++round) {
    state.begin(image.data(), nullptr);
    for (std::size_t i = 0; i < state.steps.size(); ++i) {
      const auto start = Clock::now();
      state.run_step(i);
      times[i][round] = std::chrono::duration<double, std::micro>(Clock::now() - start).count();
    }
  }
  std::vector<StepProfile> profile;
  for (std::size_t i = 0; i < state.steps.size(); ++i) {
    const auto middle = times[i].begin() + static_cast<std::ptrdiff_t>(count / 2);
    std::nth_element(times[i].begin(), middle, times[i].end());
    const format::Chain& chain = state.layout.chains[i];
    StepProfile of{chain.first, chain.last, {}, state.steps[i]->kernels(), 0, *middle};
    for (std::size_t s = chain.first; s <= chain.last; ++s) {
      const format::Step& step = state.model.program().steps[s];
      of.name += (of.name.empty() ? "" : " + ") + step.name;
      of.macs += step.macs;
    }
    profile.push_back(std::move(of));
  }
  return profile;
}

}  // namespace atto::edge
