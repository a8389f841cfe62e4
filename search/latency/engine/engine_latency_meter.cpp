#include "search/latency/engine/engine_latency_meter.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <memory>
#include <optional>

#include "design_specs/seeds/random.hpp"
#include "edge_hash.hpp"
#include "export/format/program_rules.hpp"
#include "export/lowering/lower.hpp"
#include "export/lowering/passes.hpp"
#include "export/quantisation/quantise.hpp"
#include "prototypes/language/artefact_names.hpp"
#include "search/latency/engine/engine_blocks.hpp"
#include "search/latency/engine/engine_timing.hpp"
#include "search/latency/engine/random_weights.hpp"

namespace atto::search {
namespace {

constexpr int kPlaces = 3;  ///< copies of the model and its arena whose rounds alternate
constexpr int kProfiledRounds = 5;
constexpr double kProfileSeconds = 0.1;  ///< to time the steps of a model
constexpr std::size_t kMostBatches = 21;
constexpr double kReach = 1;  ///< of the noise that calibrates int8

/// The bytes of a model file, aligned as Model::view() asks.
class ModelBytes {
 public:
  explicit ModelBytes(const std::vector<std::byte>& file)
      : size_(file.size()),
        bytes_(static_cast<std::byte*>(std::aligned_alloc(64, (size_ + 63) / 64 * 64)), std::free) {
    if (!bytes_) throw std::bad_alloc();
    std::memcpy(bytes_.get(), file.data(), size_);
  }
  edge::Model model() const { return edge::Model::view({bytes_.get(), size_}); }

 private:
  std::size_t size_;
  std::unique_ptr<std::byte, void (*)(void*)> bytes_;
};

/// Scales do not change what int8 takes: one image of noise is enough to have some.
std::vector<float> calibration_image(const net::Shape& shape, std::uint64_t seed) {
  spec::Random random(seed);
  std::vector<float> image(static_cast<std::size_t>(shape.channels) *
                           static_cast<std::size_t>(shape.height) *
                           static_cast<std::size_t>(shape.width));
  for (float& value : image) value = static_cast<float>(kReach * (2 * random.uniform() - 1));
  return image;
}

std::vector<std::byte> model_file(const LatencyRequest& request) {
  const std::uint64_t seed = spec::hash_bytes(request.hash);
  const net::TensorFile weights = request.trained.empty()
                                      ? random_weights(request.network, seed)
                                      : net::read_safetensors(request.trained / net::kWeightsName);
  if (request.setting.precision != spec::LatencyPrecision::Int8) {
    const bool is_bf16 = request.setting.precision == spec::LatencyPrecision::Bf16;
    return format::encode(
        deploy::lower(deploy::fuse(request.network, weights), {},
                      {is_bf16 ? deploy::Precision::Bf16 : deploy::Precision::F32, nullptr}));
  }
  const deploy::FusedNetwork fused = deploy::fuse(request.network, weights, deploy::Attach::Clamps);
  const deploy::Quantisation quantisation =
      deploy::quantise(fused, calibration_image(fused.nodes.at(0).shape, seed),
                       {deploy::RangeMethod::MinMax, false});
  return format::encode(deploy::lower(fused, {}, {deploy::Precision::I8, &quantisation}));
}

std::vector<TimedBlock> timed_blocks(edge::Engine& engine, std::span<const float> image,
                                     int rounds) {
  const format::Program& program = engine.model().program();
  std::vector<TimedBlock> blocks;
  for (const edge::StepProfile& step : engine.profile(image, rounds))
    blocks.push_back(
        {block_of(program, {step.first_step, step.last_step}, step.kernels), step.median_us});
  return blocks;
}

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

/// The median over batches of rounds, as many as the time allows.
std::vector<TimedBlock> profiled(edge::Engine& engine, std::span<const float> image) {
  std::vector<std::vector<TimedBlock>> batches;
  const auto start = Clock::now();
  do batches.push_back(timed_blocks(engine, image, kProfiledRounds));
  while (seconds_since(start) < kProfileSeconds && batches.size() < kMostBatches);
  std::vector<TimedBlock> blocks = batches.front();
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    std::vector<double> us;
    for (const auto& batch : batches) us.push_back(batch[i].us);
    std::nth_element(us.begin(), us.begin() + static_cast<std::ptrdiff_t>(us.size() / 2), us.end());
    blocks[i].us = us[us.size() / 2];
  }
  return blocks;
}

std::string cpu_model() {
  std::ifstream info("/proc/cpuinfo");
  for (std::string line; std::getline(info, line);)
    if (line.starts_with("model name")) return line.substr(line.find(':') + 2);
  return "CPU unknown";
}

}  // namespace

Latency EngineLatencyMeter::measure(const LatencyRequest& request) {
  const std::vector<std::byte> file = model_file(request);
  std::vector<ModelBytes> places;
  for (int i = 0; i < kPlaces; ++i) places.emplace_back(file);
  edge::EngineOptions options;
  options.threads = request.setting.threads;
  std::vector<edge::Engine> engines;
  for (const ModelBytes& place : places) engines.emplace_back(place.model(), options);
  const std::vector<float> image = noise_image(engines.front().model().program());
  const Timing timing = time_quickest(engines, image, request.between);
  return {timing.median_ms, timing.low_ms, timing.high_ms, timing.runs,
          profiled(engines.front(), image)};
}

std::vector<Block> EngineLatencyMeter::blocks(const LatencyRequest& request) {
  const ModelBytes bytes(model_file(request));
  edge::EngineOptions options;
  options.threads = request.setting.threads;
  edge::Engine engine(bytes.model(), options);
  std::vector<Block> blocks;
  for (TimedBlock& timed : timed_blocks(engine, noise_image(engine.model().program()), 1))
    blocks.push_back(std::move(timed.block));
  return blocks;
}

std::string EngineLatencyMeter::host() const {
  char name[256] = "host";
  ::gethostname(name, sizeof name - 1);
  return fmt::format("{}, {}", name, cpu_model());
}

std::string EngineLatencyMeter::runtime() const {
  return fmt::format("{} {}, {}", ATTO_VERSION, kEdgeHash, edge::level_name(edge::chosen_level()));
}

}  // namespace atto::search
