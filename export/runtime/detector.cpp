#include "export/runtime/detector.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <optional>
#include <utility>
#include <vector>

#include "export/runtime/detection/crops.hpp"
#include "export/runtime/team.hpp"

namespace atto::edge {
namespace {

/// As in training: proposals of one level do not overlap by more; of a level, twice as many as of a
/// picture come so far; what deltas of the box network are multiplied by.
constexpr float kProposalOverlap = 0.7F;
constexpr float kBoxMiddleWeight = 10, kBoxSizeWeight = 5;
/// A box of this side is cropped from the level of stride 2^4. Source: Lin et al., "Feature Pyramid
/// Networks for Object Detection" (CVPR 2017), equation 1.
constexpr float kLevelSize = 224;
constexpr int kLevelOfSize = 4;

/// A network's engines.
class Runner {
 public:
  Runner(const format::NetworkOf<Model>& network, const EngineOptions& options)
      : body_(network.body, options) {
    programs_.body = &network.body.program();
    if (!network.last) return;
    last_.emplace(*network.last, options);
    programs_.last = &network.last->program();
  }
  void run(std::span<const float> in) noexcept {
    body_.run(in);
    if (last_) last_->run(body_.output(0));
  }
  format::OutputPlace place(const char* name) const { return *find_output(programs_, name); }
  std::span<const float> output(format::OutputPlace place) const noexcept {
    return (place.is_last ? *last_ : body_).output(place.index);
  }
  void run_pixels(std::span<const std::uint8_t> pixels) noexcept { body_.run_pixels(pixels); }
  Level level() const noexcept { return body_.level(); }
  int crop_side() const { return programs_.body->height; }
  std::size_t working_bytes() const {
    return body_.working_bytes() + (last_ ? last_->working_bytes() : 0);
  }

 private:
  Engine body_;
  std::optional<Engine> last_;
  format::NetworkOf<const format::Program*> programs_{nullptr, {}};
};

struct ProposalLevel {
  Runner runner;
  format::OutputPlace objectness, deltas;
  LevelMap map;               ///< of a level that crops are taken from
  std::vector<Box> anchors;   ///< [height, width, shapes]
  std::vector<float> scores;  ///< likewise
};

/// What a thread runs on crops.
struct Worker {
  Runner box;
  std::optional<Runner> mask;
  std::vector<float> crop;
};

std::vector<Box> anchors_of(int height, int width, float stride_y, float stride_x,
                            std::span<const format::Extent> shapes) {
  std::vector<Box> anchors;
  for (int row = 0; row < height; ++row)
    for (int column = 0; column < width; ++column)
      for (const format::Extent& shape : shapes) {
        const float x = static_cast<float>(column) * stride_x;
        const float y = static_cast<float>(row) * stride_y;
        anchors.push_back(
            {x - shape.width / 2, y - shape.height / 2, x + shape.width / 2, y + shape.height / 2});
      }
  return anchors;
}

EngineOptions alone(const EngineOptions& options) {
  EngineOptions one;
  one.level = options.level;
  return one;
}

}  // namespace

struct Detector::State {
  State(DetectorModel of, EngineOptions wanted)
      : model(std::move(of)),
        settings(model.parts().settings),
        options(with_threads(std::move(wanted))),
        trunk(model.parts().trunk, options),
        proposed(proposals_of_levels()),
        found(static_cast<std::size_t>(settings.proposals) *
              static_cast<std::size_t>(model.classes())) {
    height = static_cast<float>(model.program().height);
    width = static_cast<float>(model.program().width);
    for (std::size_t i = 0; i < model.parts().proposals.size(); ++i) add_level(i);
    lowest = static_cast<int>(std::lround(std::log2(1 / levels.front().map.scale)));
    for (int i = 0; i < options.threads; ++i) add_worker();
    const Runner& box = workers.front().box;
    scores_at = box.place(format::kScores);
    deltas_at = box.place(format::kDeltas);
    labels = static_cast<std::size_t>(model.classes()) + 1;
    const auto proposals = static_cast<std::size_t>(settings.proposals);
    regions.reserve(proposals);
    scores.resize(proposals * labels);
    deltas.resize(proposals * labels * 4);
    shares.resize(labels);
    detections.reserve(static_cast<std::size_t>(settings.detections));
    if (!workers.front().mask) return;
    if (settings.mask_follows_box) features_at = box.place(format::kFeatures);
    masks_at = workers.front().mask->place(format::kMasks);
    mask_pixels = static_cast<std::size_t>(model.mask_side() * model.mask_side());
    masks.resize(static_cast<std::size_t>(settings.detections) * mask_pixels);
  }

  /// All engines share a team; it also takes the crops.
  EngineOptions with_threads(EngineOptions wanted) {
    if (wanted.threads > 1 && wanted.threads <= 256 && !wanted.parallel_for) {
      team = std::make_unique<Team>(wanted.threads);
      wanted.parallel_for = [of = team.get()](int, const std::function<void(int)>& body) {
        of->run(body);
      };
    }
    return wanted;
  }

  std::size_t a_level() const { return 2 * static_cast<std::size_t>(settings.proposals); }
  std::size_t proposals_of_levels() const { return a_level() * model.parts().proposals.size(); }

  void add_level(std::size_t index) {
    const format::Program& from = model.parts().proposals[index].body.program();
    const std::size_t shapes = settings.anchors.size() / model.parts().proposals.size();
    const auto level_height = static_cast<float>(from.height);
    Runner runner(model.parts().proposals[index], options);
    const auto score_place = runner.place(format::kObjectness);
    const auto delta_place = runner.place(format::kDeltas);
    LevelMap map{from.channels, from.height, from.width, level_height / height, {}};
    if (index < static_cast<std::size_t>(settings.cropped_levels))
      map.pixels.resize(static_cast<std::size_t>(from.channels) *
                        static_cast<std::size_t>(from.height) *
                        static_cast<std::size_t>(from.width));
    std::vector<Box> anchors = anchors_of(
        from.height, from.width, height / level_height, width / static_cast<float>(from.width),
        std::span(settings.anchors).subspan(index * shapes, shapes));
    std::vector<float> level_scores(anchors.size());
    indices.reserve(std::max(indices.capacity(), anchors.size()));
    levels.push_back({std::move(runner), score_place, delta_place, std::move(map),
                      std::move(anchors), std::move(level_scores)});
  }

  void add_worker() {
    const EngineOptions one = alone(options);
    const auto& parts = model.parts();
    workers.push_back({Runner(parts.box, one), {}, {}});
    Worker& worker = workers.back();
    int side = worker.box.crop_side();
    if (parts.mask) {
      worker.mask.emplace(*parts.mask, one);
      if (!settings.mask_follows_box) side = std::max(side, worker.mask->crop_side());
    }
    worker.crop.resize(crop_floats(side));
  }

  std::size_t crop_floats(int side) const {
    return static_cast<std::size_t>(levels.front().map.channels * side * side);
  }
  /// Calls work(worker, item) for all items, shared out among the workers.
  template <void (State::*work)(Worker&, std::size_t) noexcept>
  void for_all(std::size_t items) noexcept {
    item_count = items;
    const auto part = [this](int index) {
      for (auto i = static_cast<std::size_t>(index); i < item_count; i += workers.size())
        (this->*work)(workers[static_cast<std::size_t>(index)], i);
    };
    if (workers.size() == 1)
      part(0);
    else
      options.parallel_for(options.threads, part);
  }

  std::span<const float> cropped(Worker& worker, const Box& box, int side) const noexcept {
    const float root = std::sqrt((box.x2 - box.x1) * (box.y2 - box.y1));
    const float level = std::floor(kLevelOfSize + std::log2(root / kLevelSize) + 1e-6F);
    const float last = static_cast<float>(lowest + settings.cropped_levels - 1);
    const auto index = static_cast<std::size_t>(
        static_cast<int>(std::clamp(level, static_cast<float>(lowest), last)) - lowest);
    crop(levels[index].map, box, side, worker.crop.data());
    return std::span(worker.crop).first(crop_floats(side));
  }

  void propose() noexcept {
    proposed.clear();
    for (std::size_t i = 0; i < levels.size(); ++i) {
      const std::span<const float> planes = trunk.output({false, i});
      if (!levels[i].map.pixels.empty()) levels[i].map.take(planes);
      levels[i].runner.run(planes);
      propose(levels[i], static_cast<int>(i));
    }
    regions.clear();
    for (const Candidate* candidate :
         proposed.kept(kProposalOverlap, static_cast<std::size_t>(settings.proposals)))
      regions.push_back(candidate->box);
  }

  void propose(ProposalLevel& level, int index) noexcept {
    const std::span<const float> objectness = level.runner.output(level.objectness);
    const std::span<const float> said = level.runner.output(level.deltas);
    const std::size_t cells =
        static_cast<std::size_t>(level.map.height) * static_cast<std::size_t>(level.map.width);
    const std::size_t shapes = level.anchors.size() / cells;
    for (std::size_t i = 0; i < level.anchors.size(); ++i)
      level.scores[i] = objectness[i % shapes * cells + i / shapes];
    for (const int i : largest(level.scores, a_level(), indices)) {
      const auto at = static_cast<std::size_t>(i);
      const float* d = said.data() + at % shapes * 4 * cells + at / shapes;
      proposed.add({decoded({d[0], d[cells], d[2 * cells], d[3 * cells]}, level.anchors[at], 1, 1,
                            height, width),
                    level.scores[at], index});
    }
  }

  void judge(Worker& worker, std::size_t i) noexcept {
    worker.box.run(cropped(worker, regions[i], worker.box.crop_side()));
    const auto place = static_cast<std::ptrdiff_t>(i * labels);
    std::copy_n(worker.box.output(scores_at).begin(), labels, scores.begin() + place);
    std::copy_n(worker.box.output(deltas_at).begin(), 4 * labels, deltas.begin() + 4 * place);
  }

  void decide() noexcept {
    found.clear();
    for (std::size_t i = 0; i < regions.size(); ++i) {
      const float* const logits = scores.data() + i * labels;
      const float top = *std::max_element(logits, logits + labels);
      float sum = 0;
      for (std::size_t n = 0; n < labels; ++n) sum += shares[n] = std::exp(logits[n] - top);
      for (std::size_t n = 1; n < labels; ++n) {
        const float share = shares[n] / sum;
        if (!(share >= settings.score)) continue;
        const float* const d = deltas.data() + (i * labels + n) * 4;
        found.add({decoded({d[0], d[1], d[2], d[3]}, regions[i], kBoxMiddleWeight, kBoxSizeWeight,
                           height, width),
                   share, static_cast<int>(n) - 1});
      }
    }
    detections.clear();
    for (const Candidate* candidate :
         found.kept(settings.nms, static_cast<std::size_t>(settings.detections)))
      detections.push_back({candidate->box, candidate->score, candidate->group});
  }

  std::span<const Detection> run() noexcept {
    are_masked = false;
    propose();
    for_all<&State::judge>(regions.size());
    decide();
    return detections;
  }

  PartTimes time(std::span<const float> picture) noexcept {
    using Clock = std::chrono::steady_clock;
    const Box whole{0, 0, width, height};
    auto last = Clock::now();
    const auto lap = [&last] {
      const auto before = std::exchange(last, Clock::now());
      return std::chrono::duration<double, std::milli>(last - before).count();
    };
    PartTimes times;
    trunk.run(picture);
    times.trunk_ms = lap();
    propose();
    regions.resize(static_cast<std::size_t>(settings.proposals), whole);
    times.proposals_ms = lap();
    for_all<&State::judge>(regions.size());
    decide();
    detections.resize(static_cast<std::size_t>(settings.detections), {whole, 0, 0});
    times.box_ms = lap();
    if (mask_pixels > 0) for_all<&State::mask>(detections.size());
    times.mask_ms = lap();
    detections.clear();
    return times;
  }

  void mask(Worker& worker, std::size_t i) noexcept {
    const Box& box = detections[i].box;
    if (settings.mask_follows_box) {
      worker.box.run(cropped(worker, box, worker.box.crop_side()));
      worker.mask->run(worker.box.output(features_at));
    } else {
      worker.mask->run(cropped(worker, box, worker.mask->crop_side()));
    }
    const auto plane = (static_cast<std::size_t>(detections[i].category) + 1) * mask_pixels;
    const float* const logits = worker.mask->output(masks_at).data() + plane;
    for (std::size_t p = 0; p < mask_pixels; ++p)
      masks[i * mask_pixels + p] = 1 / (1 + std::exp(-logits[p]));
  }

  DetectorModel model;
  const format::DetectorSettings& settings;
  std::unique_ptr<Team> team;
  EngineOptions options;
  Runner trunk;
  float height = 0, width = 0;
  std::vector<ProposalLevel> levels;
  std::vector<Worker> workers;
  std::vector<int> indices;  ///< of a level's anchors
  Selection proposed, found;
  std::vector<Box> regions;
  int lowest = 0;  ///< level of the finest one: its stride is 2^lowest
  format::OutputPlace scores_at, deltas_at, features_at, masks_at;
  std::size_t labels = 0, mask_pixels = 0, item_count = 0;
  std::vector<float> scores, deltas, shares, masks;  ///< [regions, labels], [regions, labels, 4]
  std::vector<Detection> detections;
  bool are_masked = false;
};

Detector::Detector(DetectorModel model, EngineOptions options)
    : state_(std::make_unique<State>(std::move(model), std::move(options))) {}
Detector::~Detector() = default;
Detector::Detector(Detector&&) noexcept = default;
Detector& Detector::operator=(Detector&&) noexcept = default;

std::span<const Detection> Detector::run(std::span<const float> picture) noexcept {
  state_->trunk.run(picture);
  return state_->run();
}

std::span<const Detection> Detector::run_pixels(std::span<const std::uint8_t> pixels) noexcept {
  state_->trunk.run_pixels(pixels);
  return state_->run();
}

std::span<const float> Detector::masks() noexcept {
  State& state = *state_;
  if (!std::exchange(state.are_masked, true) && state.mask_pixels > 0)
    state.for_all<&State::mask>(state.detections.size());
  return std::span(state.masks).first(state.detections.size() * state.mask_pixels);
}

PartTimes Detector::time(std::span<const float> picture) noexcept {
  return state_->time(picture);
}

int Detector::mask_side() const noexcept {
  return state_->model.mask_side();
}
Level Detector::level() const noexcept {
  return state_->trunk.level();
}
const DetectorModel& Detector::model() const noexcept {
  return state_->model;
}

std::size_t Detector::working_bytes() const noexcept {
  const State& state = *state_;
  std::size_t bytes = state.trunk.working_bytes() + state.masks.size() * sizeof(float) +
                      (state.scores.size() + state.deltas.size()) * sizeof(float);
  for (const ProposalLevel& level : state.levels)
    bytes += level.runner.working_bytes() + level.map.pixels.size() * sizeof(float) +
             level.anchors.size() * (sizeof(Box) + sizeof(float));
  for (const Worker& worker : state.workers)
    bytes += worker.box.working_bytes() + (worker.mask ? worker.mask->working_bytes() : 0) +
             worker.crop.size() * sizeof(float);
  return bytes;
}

}  // namespace atto::edge
