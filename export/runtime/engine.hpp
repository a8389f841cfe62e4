#pragma once
// Runs a model: one arena, allocated once. One thread at a time; several engines may share a model.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "export/runtime/level.hpp"
#include "export/runtime/model.hpp"

namespace atto::edge {

/// Calls body(0) .. body(parts - 1), in any order, at the same time or not, and returns when all
/// have returned.
using ParallelFor = std::function<void(int parts, const std::function<void(int part)>& body)>;

struct EngineOptions {
  int threads = 1;             ///< 1 starts none
  std::optional<Level> level;  ///< absent: chosen_level()
  ParallelFor parallel_for;    ///< the caller's threads in place of our own
};

/// What a step of the program, or a chain of steps, took in the last profile().
struct StepProfile {
  std::size_t first_step = 0, last_step = 0;
  std::string name;     ///< layers that it runs
  std::string kernels;  ///< what ran, for example "dwconv3x3s1+conv1x1s1"
  std::int64_t macs = 0;
  double median_us = 0;
};

class Engine {
 public:
  /// Allocates everything that a run needs. Throws std::bad_alloc; std::invalid_argument for
  /// options that this CPU cannot honour.
  explicit Engine(Model model, EngineOptions options = {});
  ~Engine();
  Engine(Engine&&) noexcept;
  Engine& operator=(Engine&&) noexcept;

  /// Runs on one image, [channels, height, width] as the network was trained on (normalised).
  /// Precondition: the span has the input's size.
  void run(std::span<const float> image) noexcept;
  /// Runs on pixels, [height, width, channels], normalised as the file says.
  void run_pixels(std::span<const std::uint8_t> pixels) noexcept;

  /// Returns an output of the last run, [channels, height, width]; valid until the next run.
  std::span<const float> output(std::size_t index = 0) const noexcept;

  Level level() const noexcept;
  const Model& model() const noexcept;
  /// Bytes held beside the model: tensors, outputs, and the scratch memory of every thread.
  std::size_t working_bytes() const noexcept;
  /// Times every chain of steps over `rounds` runs on the image.
  std::vector<StepProfile> profile(std::span<const float> image, int rounds);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace atto::edge
