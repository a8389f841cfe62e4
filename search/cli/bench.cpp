// `atto bench`: how fast a model file runs here, as a whole and step by step.
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <vector>

#include "design_specs/errors.hpp"
#include "design_specs/json_text.hpp"
#include "export/measuring/core_distance.hpp"
#include "export/runtime/engine.hpp"
#include "search/cli/bench_detector.hpp"
#include "search/cli/bench_scale.hpp"
#include "search/cli/command_line.hpp"
#include "search/cli/model_shown.hpp"
#include "search/cli/path_kind.hpp"
#include "search/cli/run_detector.hpp"
#include "search/latency/engine/engine_timing.hpp"

namespace atto::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kProfileRounds = 51;

struct BenchOptions {
  std::string file;
  int threads = 1, rounds = 31;
  bool is_profile = false, is_json = false;
};

struct Measured {
  const edge::Engine& engine;
  search::Timing timing;
  const Scale& scale;
  double peak = 0;              ///< of one core
  double core_distance_ns = 0;  ///< with several threads: what they pay at a barrier
  std::vector<edge::StepProfile> profile = {};

  double gflops(std::int64_t macs, double ms) const {
    return gflops_of(static_cast<double>(macs), ms);
  }
  double gflops() const { return gflops(engine.model().program().macs(), timing.median_ms); }
};

std::string json_text(const Measured& m, int threads) {
  const format::Program& program = m.engine.model().program();
  Json json = {{"name", program.name},
               {"precision", program.precision},
               {"level", edge::level_name(m.engine.level())},
               {"threads", threads},
               {"runs", m.timing.runs},
               {"median_ms", m.timing.median_ms},
               {"low_ms", m.timing.low_ms},
               {"high_ms", m.timing.high_ms},
               {"macs", program.macs()},
               {"gflops", m.gflops()},
               {m.scale.peak_key, m.peak},
               {"share_of_peak", m.gflops() / (m.peak * threads)},
               {"weight_bytes", m.engine.model().weights().size()},
               {"working_bytes", m.engine.working_bytes()}};
  if (threads > 1) json["core_distance_ns"] = m.core_distance_ns;
  if (!m.profile.empty()) json["steps"] = Json::array();
  for (const edge::StepProfile& step : m.profile)
    json["steps"].push_back({{"name", step.name},
                             {"kernels", step.kernels},
                             {"macs", step.macs},
                             {"median_us", step.median_us},
                             {"gflops", m.gflops(step.macs, step.median_us / 1e3)}});
  return spec::json_text(json, 2) + "\n";
}

std::string table_text(const Measured& m, int threads) {
  const format::Program& program = m.engine.model().program();
  const std::string_view unit = m.scale.unit;
  std::string text;
  double sum = 0;
  std::size_t name = 4, kernels = 7;
  for (const edge::StepProfile& step : m.profile) {
    sum += step.median_us;
    name = std::max(name, step.name.size());
    kernels = std::max(kernels, step.kernels.size());
  }
  if (!m.profile.empty())
    text += fmt::format("{:<{}}  {:<{}}  {:>9}  {:>6}  {:>8}\n", "step", name, "kernels", kernels,
                        "us", "share", unit);
  for (const edge::StepProfile& step : m.profile)
    text += fmt::format("{:<{}}  {:<{}}  {:>9.1f}  {:>5.1f}%  {:>8.1f}\n", step.name, name,
                        step.kernels, kernels, step.median_us, 100 * step.median_us / sum,
                        m.gflops(step.macs, step.median_us / 1e3));
  text += fmt::format(
      "{} {}, {}, {} thread{}: median {:.4f} ms (middle half {:.4f} to {:.4f}, {} runs)\n"
      "{:.1f} {}, {:.1f} % of the {:.1f} {} that {} measured {} peak{} give\n"
      "memory: weights {:.1f} KiB, tensors and scratch {:.1f} KiB\n",
      program.name, program.precision, edge::level_name(m.engine.level()), threads,
      threads == 1 ? "" : "s", m.timing.median_ms, m.timing.low_ms, m.timing.high_ms, m.timing.runs,
      m.gflops(), unit, 100 * m.gflops() / (m.peak * threads), m.peak * threads, unit, threads,
      m.scale.peak_name, threads == 1 ? "" : "s",
      static_cast<double>(m.engine.model().weights().size()) / 1024,
      static_cast<double>(m.engine.working_bytes()) / 1024);
  if (threads > 1)
    text += fmt::format("two cores pass each other a cache line and back in {:.0f} ns\n",
                        m.core_distance_ns);
  return text;
}

int bench(const BenchOptions& options) {
  const std::filesystem::path file = model_or_detector_of(options.file, "atto bench");
  if (is_detector_file(file)) {
    if (options.is_profile)
      throw SpecError(
          {{"--profile", "", "is of single networks; this is a detector", file.string()}});
    return bench_detector({file, options.threads, options.rounds, options.is_json});
  }
  edge::EngineOptions engine_options;
  engine_options.threads = options.threads;
  const edge::Model model = open_model(file);
  model.check_weights();
  edge::Engine engine(model, engine_options);
  const std::vector<float> image = search::noise_image(engine.model().program());
  Measured measured{engine, {}, scale_of(engine.model().program())};
  std::vector<double> distances;
  // The probes run between the rounds, so that all see the same machine.
  const auto probe = [&](int round) {
    if (round % 8 != 0) return;
    measured.peak = std::max(measured.peak, measured.scale.measure_peak(engine.level()));
    if (options.threads > 1) distances.push_back(measuring::measure_core_distance());
  };
  measured.timing = search::time_runs({[&] { engine.run(image); }}, options.rounds, probe);
  if (!distances.empty()) {
    const auto middle = distances.begin() + static_cast<std::ptrdiff_t>(distances.size() / 2);
    std::nth_element(distances.begin(), middle, distances.end());
    measured.core_distance_ns = *middle;
  }
  if (options.is_profile) measured.profile = engine.profile(image, kProfileRounds);
  const std::string text = options.is_json ? json_text(measured, options.threads)
                                           : table_text(measured, options.threads);
  std::fwrite(text.data(), 1, text.size(), stdout);
  return 0;
}

}  // namespace

void add_bench(CLI::App& app, Action& action) {
  auto options = std::make_shared<BenchOptions>();
  Command command(app, "bench", "Measure how fast a model file runs here");
  command
      .option(
          "model", options->file,
          "A .atto file, or a folder with one: a training's, or a campaign's (its winner). Of a "
          "detector, each part is timed on a picture as full as its settings allow")
      .required();
  command.option("--threads", options->threads, "run with this many threads (default 1)")
      .range(1, 256);
  command.option("--rounds", options->rounds, "measure so many times (default 31)").range(1, 10000);
  command.flag("--profile", options->is_profile, "time every step too");
  command.flag("--json", options->is_json, "print JSON");
  command.footer(
      "Examples:\n"
      "  atto bench winner.atto --threads 2 --profile\n"
      "  atto bench detector.atto --json\n"
      "ATTO_ISA=avx2 (scalar, avx512, ...) runs another instruction set than the best.");
  command.runs(action, [options] { return bench(*options); });
}

}  // namespace atto::cli
