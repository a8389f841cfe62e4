#include "search/latency/engine/engine_latency_meter.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <memory>
#include <utility>

#include "design_specs/seeds/random.hpp"
#include "edge_hash.hpp"
#include "export/format/program_rules.hpp"
#include "export/lowering/lower.hpp"
#include "export/lowering/lower_detector.hpp"
#include "export/lowering/passes.hpp"
#include "export/quantisation/quantise.hpp"
#include "export/runtime/detector.hpp"
#include "prototypes/language/artefact_names.hpp"
#include "search/latency/engine/engine_blocks.hpp"
#include "search/latency/engine/engine_timing.hpp"
#include "search/latency/engine/random_weights.hpp"

namespace atto::search {
namespace {

constexpr int kPlaces = 3;  ///< copies of the model and its arena whose rounds alternate
constexpr int kProfiledRounds = 5;
constexpr double kProfileSeconds = 0.1;  ///< to time the steps of a design
constexpr std::size_t kMostBatches = 21;
/// About what a detector's glue takes, in multiply-adds of kernels: a value of a crop (four points
/// of four pixels each), a crop, a cell of a level.
constexpr double kMacsOfCropped = 64, kMacsOfCrop = 1e4, kMacsOfCell = 1e3;
constexpr double kReach = 1;          ///< of the noise that calibrates int8
constexpr double kCellsOfAnchor = 8;  ///< as many as Lin et al.'s pyramids have (CVPR 2017)

/// The bytes of a model file, aligned as view() asks.
class ModelBytes {
 public:
  explicit ModelBytes(const std::vector<std::byte>& file)
      : size_(file.size()),
        bytes_(static_cast<std::byte*>(std::aligned_alloc(64, (size_ + 63) / 64 * 64)), std::free) {
    if (!bytes_) throw std::bad_alloc();
    std::memcpy(bytes_.get(), file.data(), size_);
  }
  std::span<const std::byte> get() const { return {bytes_.get(), size_}; }

 private:
  std::size_t size_;
  std::unique_ptr<std::byte, void (*)(void*)> bytes_;
};

/// Scales do not change what int8 takes: one image of noise is enough to have some.
std::vector<float> calibration_image(const net::Shape& shape, std::uint64_t seed) {
  spec::Random random(seed);
  std::vector<float> image(static_cast<std::size_t>(shape.elements()));
  for (float& value : image) value = static_cast<float>(kReach * (2 * random.uniform() - 1));
  return image;
}

deploy::QuantisedNetwork quantised(const net::Network& network, const net::TensorFile& weights,
                                   std::uint64_t seed) {
  deploy::QuantisedNetwork made{deploy::fuse(network, weights, deploy::Attach::Clamps), {}};
  made.quantisation =
      deploy::quantise(made.network, calibration_image(made.network.nodes.at(0).shape, seed),
                       {deploy::RangeMethod::MinMax, false});
  return made;
}

std::vector<std::byte> network_file(const net::Network& network, const net::TensorFile& weights,
                                    spec::LatencyPrecision precision, std::uint64_t seed) {
  if (precision == spec::LatencyPrecision::Int8) {
    const deploy::QuantisedNetwork made = quantised(network, weights, seed);
    return format::encode(
        deploy::lower(made.network, {}, {deploy::Precision::I8, &made.quantisation}));
  }
  const bool is_bf16 = precision == spec::LatencyPrecision::Bf16;
  return format::encode(
      deploy::lower(deploy::fuse(network, weights), {},
                    {is_bf16 ? deploy::Precision::Bf16 : deploy::Precision::F32, nullptr}));
}

/// Anchors that are yet to be fitted: squares of eight cells a side.
spec::AnchorSettings stated_anchors(const net::DetectorParts& detector) {
  spec::AnchorSettings anchors = detector.settings.anchors;
  if (!anchors.are_fitted()) return anchors;
  for (const net::Shape& level : net::level_shapes(detector))
    anchors.sizes.push_back({kCellsOfAnchor * detector.trunk.input.height / level.height});
  return anchors;
}

/// bf16 is refused where a spec is read.
std::vector<std::byte> detector_file(net::DetectorParts detector, const net::TensorFile& weights,
                                     spec::LatencyPrecision precision, std::uint64_t seed) {
  detector.settings.anchors = stated_anchors(detector);
  deploy::QuantisedPieces pieces;
  const auto add = [&](const deploy::Piece& piece, const std::string& name) {
    if (piece.keeps_floats) return false;
    const net::TensorFile own = deploy::weights_of(piece.network, weights);
    return pieces.emplace(name, quantised(piece.network, own, seed)).second;
  };
  if (precision == spec::LatencyPrecision::Int8)
    format::changed(deploy::pieces_of(detector, true), add);
  return deploy::detector_bytes(detector, weights, {}, pieces);
}

net::TensorFile weights_of(const LatencyRequest& request, std::uint64_t seed) {
  if (!request.trained.empty()) return net::read_safetensors(request.trained / net::kWeightsName);
  if (request.design.network) return random_weights(*request.design.network, seed);
  net::TensorFile weights;
  for (const net::Network* part : net::networks_of(*request.design.detector))
    weights.tensors.merge(random_weights(*part, seed).tensors);
  return weights;
}

std::vector<std::byte> model_file(const LatencyRequest& request) {
  const std::uint64_t seed = spec::hash_bytes(request.hash);
  const net::TensorFile weights = weights_of(request, seed);
  const spec::LatencyPrecision precision = request.setting.precision;
  return request.design.detector ? detector_file(*request.design.detector, weights, precision, seed)
                                 : network_file(*request.design.network, weights, precision, seed);
}

/// Returns what runs the whole on noise.
Run run_of(const LatencyRequest& request, const ModelBytes& file) {
  const edge::EngineOptions options{request.setting.threads, {}, {}};
  if (request.design.detector) {
    const auto detector =
        std::make_shared<edge::Detector>(edge::DetectorModel::view(file.get()), options);
    return
        [detector, picture = noise_image(detector->model().program())] { detector->time(picture); };
  }
  const auto engine = std::make_shared<edge::Engine>(edge::Model::view(file.get()), options);
  return [engine, image = noise_image(engine->model().program())] { engine->run(image); };
}

/// A program of a design, which runs so often for an image.
struct Part {
  edge::Model model;
  double runs = 1;        ///< one after the other
  bool is_alone = false;  ///< on one of several threads, which share out its runs
};

/// The crops of a picture that one thread takes.
struct Crops {
  Crops(const format::DetectorOf<edge::Model>& of, int threads)
      : proposals(std::ceil(double(of.settings.proposals) / threads)),
        masks(of.mask ? std::ceil(double(of.settings.detections) / threads) : 0) {}
  double proposals, masks;
};

std::vector<Part> parts_of(const format::DetectorOf<edge::Model>& of, int threads) {
  std::vector<Part> parts;
  const auto add = [&](const format::NetworkOf<edge::Model>& network, double runs, bool is_alone) {
    parts.push_back({network.body, runs, is_alone});
    if (network.last) parts.push_back({*network.last, runs, is_alone});
  };
  const Crops crops(of, threads);
  add(of.trunk, 1, false);
  for (const auto& level : of.proposals) add(level, 1, false);
  add(of.box, crops.proposals + (of.settings.mask_follows_box ? crops.masks : 0), threads > 1);
  if (of.mask) add(*of.mask, crops.masks, threads > 1);
  return parts;
}

std::vector<Part> parts_of(const LatencyRequest& request, const ModelBytes& file) {
  if (request.design.network) return {{edge::Model::view(file.get())}};
  return parts_of(edge::DetectorModel::view(file.get()).parts(), request.setting.threads);
}

/// What stands between a detector's networks: makes boxes, chooses them, and crops.
Block glue_of(const format::DetectorOf<edge::Model>& of, int threads) {
  const Crops crops(of, threads);
  const auto values = [](const edge::Model& model) {
    const format::Program& program = model.program();
    return double(program.channels) * program.height * program.width;
  };
  const edge::Model& masks_from =
      of.mask && !of.settings.mask_follows_box ? of.mask->body : of.box.body;
  const double cropped = crops.proposals * values(of.box.body) + crops.masks * values(masks_from);
  double levels = 0, cells = 0;
  for (const auto& level : of.proposals) {
    levels += values(level.body);
    cells += values(level.body) / level.body.program().channels;
  }
  const double count = crops.proposals + crops.masks;
  Block block;
  block.family = "glue";
  block.key = fmt::format("glue {} {} {} {}", cropped, count, levels, cells);
  block.amounts = {{"cropped", kMacsOfCropped * cropped},
                   {"crops", kMacsOfCrop * count},
                   {"levels", levels},
                   {"cells", kMacsOfCell * cells}};
  block.features = {std::log(cropped), std::log(count), std::log(levels), std::log(cells)};
  return block;
}

Block glue(const LatencyRequest& request, const ModelBytes& file) {
  return glue_of(edge::DetectorModel::view(file.get()).parts(), request.setting.threads);
}

/// What a run takes beside its blocks, in us.
double us_beside(const std::vector<TimedBlock>& blocks, const Run& run) {
  double us = 1e3 * time_runs({run}, kProfiledRounds).median_ms;
  for (const TimedBlock& timed : blocks) us -= timed.block.runs * timed.us;
  return std::max(us, 0.0);
}

/// Names a block, and what it is made of, other than those that run on all threads.
void set_apart(Block& block) {
  const std::string alone = "alone ";
  block.key = alone + block.key;
  block.family = alone + block.family;
  std::map<std::string, double> amounts;
  for (const auto& [name, amount] : block.amounts) amounts[alone + name] = amount;
  block.amounts = std::move(amounts);
}

/// Times the blocks of a part.
class Profiler {
 public:
  Profiler(Part part, int threads)
      : part_(std::move(part)),
        engine_(part_.model, {part_.is_alone ? 1 : threads, {}, {}}),
        image_(noise_image(part_.model.program())) {}

  std::vector<TimedBlock> blocks(int rounds) {
    std::vector<TimedBlock> blocks;
    for (const edge::StepProfile& step : engine_.profile(image_, rounds)) {
      Block block =
          block_of(part_.model.program(), {step.first_step, step.last_step}, step.kernels);
      block.runs = part_.runs;
      if (part_.is_alone) set_apart(block);
      blocks.push_back({std::move(block), step.median_us});
    }
    return blocks;
  }

 private:
  Part part_;
  edge::Engine engine_;
  std::vector<float> image_;
};

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

/// The median over batches of rounds, as many as the time allows.
std::vector<TimedBlock> profiled(Profiler profiler, double seconds) {
  std::vector<std::vector<TimedBlock>> batches;
  const auto start = Clock::now();
  do batches.push_back(profiler.blocks(kProfiledRounds));
  while (seconds_since(start) < seconds && batches.size() < kMostBatches);
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
  std::vector<Run> copies;
  for (const ModelBytes& place : places) copies.push_back(run_of(request, place));
  const Timing timing = time_quickest(copies, request.between);
  Latency latency{timing.median_ms, timing.low_ms, timing.high_ms, timing.runs, {}};
  const std::vector<Part> parts = parts_of(request, places.front());
  for (const Part& part : parts)
    for (TimedBlock& block :
         profiled(Profiler(part, request.setting.threads), kProfileSeconds / double(parts.size())))
      latency.blocks.push_back(std::move(block));
  if (request.design.detector) {
    const double us = us_beside(latency.blocks, copies.front());
    latency.blocks.push_back({glue(request, places.front()), us});
  }
  return latency;
}

std::vector<Block> EngineLatencyMeter::blocks(const LatencyRequest& request) {
  const ModelBytes file(model_file(request));
  std::vector<Block> blocks;
  for (const Part& part : parts_of(request, file))
    for (TimedBlock& timed : Profiler(part, request.setting.threads).blocks(1))
      blocks.push_back(std::move(timed.block));
  if (request.design.detector) blocks.push_back(glue(request, file));
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
