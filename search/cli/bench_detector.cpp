#include "search/cli/bench_detector.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string_view>
#include <vector>

#include "design_specs/json_text.hpp"
#include "export/runtime/detector.hpp"
#include "search/cli/bench_scale.hpp"
#include "search/cli/run_detector.hpp"
#include "search/latency/engine/engine_timing.hpp"

namespace atto::cli {
namespace {

using Json = nlohmann::ordered_json;

struct TimedPart {
  std::string_view name;
  std::int64_t runs = 0, macs = 0;  ///< of a picture, all runs together
  double median_ms = 0;
};

struct TimedDetector {
  const edge::Detector& detector;
  const Scale& scale;
  search::Timing of_all = {};
  double peak = 0;  ///< of one core
  std::vector<TimedPart> parts = {};

  double gflops() const {
    return gflops_of(static_cast<double>(detector.model().macs()), of_all.median_ms);
  }
};

std::int64_t macs_of(const format::NetworkOf<edge::Model>& network) {
  return network.body.program().macs() + (network.last ? network.last->program().macs() : 0);
}

std::vector<TimedPart> timed_parts(const edge::DetectorModel& model) {
  const auto& of = model.parts();
  const std::int64_t proposals = of.settings.proposals, detections = of.settings.detections;
  TimedPart levels{"proposals", static_cast<std::int64_t>(of.proposals.size()), 0};
  for (const auto& level : of.proposals) levels.macs += macs_of(level);
  const std::int64_t box = macs_of(of.box);
  std::vector<TimedPart> parts = {
      {"trunk", 1, macs_of(of.trunk)}, levels, {"box", proposals, proposals * box}};
  if (of.mask)
    parts.push_back({"mask", detections,
                     detections * (macs_of(*of.mask) + (of.settings.mask_follows_box ? box : 0))});
  return parts;
}

TimedDetector timed(edge::Detector& detector, int rounds) {
  constexpr int kWarming = 3;
  TimedDetector measured{detector, scale_of(detector.model().program())};
  const std::vector<float> picture = search::noise_image(detector.model().program());
  std::vector<double> all, each[4];
  for (int round = -kWarming; round < rounds; ++round) {
    // The probe runs between the rounds, so that both see the same machine.
    if (round % 8 == 0)
      measured.peak = std::max(measured.peak, measured.scale.measure_peak(detector.level()));
    const edge::PartTimes times = detector.time(picture);
    if (round < 0) continue;
    all.push_back(times.all_ms());
    const double of_parts[] = {times.trunk_ms, times.proposals_ms, times.box_ms, times.mask_ms};
    for (std::size_t i = 0; i < std::size(of_parts); ++i) each[i].push_back(of_parts[i]);
  }
  measured.of_all = search::timing_of(all, rounds);
  measured.parts = timed_parts(detector.model());
  for (std::size_t i = 0; i < measured.parts.size(); ++i)
    measured.parts[i].median_ms = search::timing_of(each[i], rounds).median_ms;
  return measured;
}

std::string detector_json(const TimedDetector& m, int threads) {
  const edge::DetectorModel& model = m.detector.model();
  const format::Program& program = model.program();
  Json json = {{"name", program.name},
               {"precision", program.precision},
               {"level", edge::level_name(m.detector.level())},
               {"threads", threads},
               {"runs", m.of_all.runs},
               {"median_ms", m.of_all.median_ms},
               {"low_ms", m.of_all.low_ms},
               {"high_ms", m.of_all.high_ms},
               {"macs", model.macs()},
               {"gflops", m.gflops()},
               {m.scale.peak_key, m.peak},
               {"share_of_peak", m.gflops() / (m.peak * threads)},
               {"weight_bytes", model.weight_bytes()},
               {"working_bytes", m.detector.working_bytes()},
               {"parts", Json::array()}};
  for (const TimedPart& part : m.parts)
    json["parts"].push_back(
        {{"name", part.name},
         {"runs", part.runs},
         {"macs", part.macs},
         {"median_ms", part.median_ms},
         {"gflops", gflops_of(static_cast<double>(part.macs), part.median_ms)}});
  return spec::json_text(json, 2) + "\n";
}

std::string detector_table(const TimedDetector& m, int threads) {
  const edge::DetectorModel& model = m.detector.model();
  const format::Program& program = model.program();
  std::string text = fmt::format("{:<9}  {:>5}  {:>9}  {:>6}  {:>8}\n", "part", "runs", "ms",
                                 "share", m.scale.unit);
  for (const TimedPart& part : m.parts)
    text += fmt::format("{:<9}  {:>5}  {:>9.3f}  {:>5.1f}%  {:>8.1f}\n", part.name, part.runs,
                        part.median_ms, 100 * part.median_ms / m.of_all.median_ms,
                        gflops_of(static_cast<double>(part.macs), part.median_ms));
  return text +
         fmt::format(
             "{} {}, {}, {} thread{}, a picture as full as the settings allow: median {:.3f} ms "
             "(middle half {:.3f} to {:.3f}, {} runs)\n"
             "{:.1f} {}, {:.1f} % of the {:.1f} {} that {} measured {} peak{} give\n"
             "memory: weights {:.1f} KiB, tensors and scratch {:.1f} KiB\n",
             program.name, program.precision, edge::level_name(m.detector.level()), threads,
             threads == 1 ? "" : "s", m.of_all.median_ms, m.of_all.low_ms, m.of_all.high_ms,
             m.of_all.runs, m.gflops(), m.scale.unit, 100 * m.gflops() / (m.peak * threads),
             m.peak * threads, m.scale.unit, threads, m.scale.peak_name, threads == 1 ? "" : "s",
             static_cast<double>(model.weight_bytes()) / 1024,
             static_cast<double>(m.detector.working_bytes()) / 1024);
}

}  // namespace

int bench_detector(const DetectorBench& what) {
  edge::Detector detector(open_detector(what.file), {what.threads, {}, {}});
  const TimedDetector measured = timed(detector, what.rounds);
  fmt::print("{}", what.is_json ? detector_json(measured, what.threads)
                                : detector_table(measured, what.threads));
  return 0;
}

}  // namespace atto::cli
