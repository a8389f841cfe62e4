#include "trainer/fake_evaluator.hpp"

#include <time.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>
#include <limits>
#include <system_error>
#include <thread>

#include "design_specs/errors.hpp"
#include "design_specs/files.hpp"
#include "design_specs/seeds/random.hpp"
#include "prototypes/network/costs.hpp"
#include "prototypes/network/module_spans.hpp"
#include "trainer/checkpoint_files.hpp"

namespace atto::train {
namespace {

constexpr std::string_view kCheckpointStart = "atto-fake 1 ";
constexpr std::string_view kCheckpointEnd = " end\n";

double thread_cpu_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

/// What the landscape sees of a network.
struct Traits {
  int convolutions = 0, depthwise = 0, wide_depthwise = 0, adds = 0;
};

Traits traits_of(const net::Network& network) {
  Traits traits;
  for (const net::Layer& layer : network.layers) {
    if (std::holds_alternative<net::Add>(layer.op)) ++traits.adds;
    const auto* conv = std::get_if<net::Conv>(&layer.op);
    if (!conv) continue;
    ++traits.convolutions;
    if (conv->groups == 1) continue;
    ++traits.depthwise;
    if (conv->kernel.height >= 5) ++traits.wide_depthwise;
  }
  return traits;
}

std::uint64_t hash_of(const TrialRequest& request) {
  return spec::hash_bytes(request.design_hash);
}

/// What the landscape credits to one module: its shortcut and its share of 5x5 kernels.
double credit_of(const net::Network& network, const net::ModuleSpan& span) {
  int convolutions = 0, wide = 0, adds = 0;
  for (int layer : span.layers) {
    const net::Op& op = network.layers[static_cast<std::size_t>(layer)].op;
    adds += std::holds_alternative<net::Add>(op);
    const auto* conv = std::get_if<net::Conv>(&op);
    convolutions += conv != nullptr;
    wide += conv && conv->groups > 1 && conv->kernel.height >= 5;
  }
  return 0.3 * (adds > 0) + 0.5 * wide / std::max(1, convolutions);
}

/// Noise of one number: from (design, seed, epoch, module).
spec::Random noise_of(const TrialRequest& request, int epoch, const std::string& module) {
  return spec::Random(
      spec::derive_seed({spec::hash_bytes(request.design_hash), request.seed,
                         static_cast<std::uint64_t>(epoch), 0x9e59, spec::hash_bytes(module)}));
}

/// Responses that tell something of the landscape: separation follows a module's credit, saliency
/// its size.
net::ResponsesByModule fake_responses(const TrialRequest& request, int epoch) {
  net::ResponsesByModule all;
  const net::Costs whole = net::count_costs(request.network);
  const auto respond = [&](const std::string& module, double credit, std::int64_t params,
                           std::int64_t macs) {
    spec::Random noise = noise_of(request, epoch, module);
    net::ModuleResponses& r = all[module];
    r.activation_sparsity = 0.5 + 0.05 * noise.normal();
    r.effective_rank = std::clamp(0.3 + 0.2 * credit + 0.03 * noise.normal(), 0.01, 1.0);
    r.class_separation_gained = 0.1 * epoch / (epoch + 2.0) * (1 + credit) + 0.01 * noise.normal();
    r.gradient_norm = 0.01 / std::sqrt(1.0 + epoch) * (1 + 0.1 * noise.uniform());
    const double saliency = 0.05 * (1 + credit) * (1 + 0.1 * noise.uniform());
    r.taylor_saliency_per_param = saliency / std::max<double>(1, static_cast<double>(params));
    r.taylor_saliency_per_mac = saliency / std::max<double>(1, static_cast<double>(macs));
  };
  double credits = 0;
  for (const net::ModuleSpan& span : net::module_spans(request.network)) {
    const double credit = credit_of(request.network, span);
    respond(span.path, credit, span.params, span.macs);
    credits += credit;
  }
  if (!all.empty()) respond("", credits, whole.params, whole.macs);
  return all;
}

/// Scores that follow size, as most do, with noise of the design's own.
net::ScoresByModule fake_scores(const TrialRequest& request) {
  net::ScoresByModule all;
  const auto score = [&](const std::string& module, double credit, std::int64_t params) {
    spec::Random noise = noise_of(request, 0, module);
    const double size = std::log1p(static_cast<double>(params));
    all[module] = {size + 0.3 * noise.normal(), 20 * size + 5 * noise.normal(),
                   size / 3 + credit + 0.2 * noise.normal(),
                   -1 + 0.5 * credit + 0.2 * noise.normal()};
  };
  double credits = 0;
  for (const net::ModuleSpan& span : net::module_spans(request.network)) {
    const double credit = credit_of(request.network, span);
    score(span.path, credit, span.params);
    credits += credit;
  }
  if (!all.empty()) score("", credits, net::count_costs(request.network).params);
  return all;
}

/// How good the network is after an epoch, from 0 to 1.
double quality_at(const TrialRequest& request, double ceiling, int epoch) {
  const double data = request.images ? std::min(1.0, *request.images / 50000.0) : 1.0;
  const double pace = 1.5 / std::sqrt(std::max(0.02, data));
  const double learnt = 1.0 - 0.7 * std::exp(-epoch / pace);
  spec::Random noise(
      spec::derive_seed({hash_of(request), request.seed, static_cast<std::uint64_t>(epoch)}));
  return std::clamp(ceiling * learnt + 0.003 * noise.normal(), 0.0, 1.0);
}

/// The main score has the quality's share of its range; the others are easier.
spec::ScoreValues scores_of(const spec::TaskKind& kind, double quality) {
  spec::ScoreValues values;
  for (const spec::Score& score : kind.scores) {
    const bool is_main = &score == &kind.main_score();
    const double share = is_main ? quality : 1.0 - 0.2 * (1.0 - quality);
    const double gain = share * (score.high - score.low);
    values[score.name] = score.better == spec::Better::More ? score.low + gain : score.high - gain;
  }
  return values;
}

EpochRecord record_at(const TrialRequest& request, double ceiling, int epoch) {
  const double horizon = std::max(request.horizon_epochs, request.to_epoch);
  const double quality = quality_at(request, ceiling, epoch);
  EpochRecord record;
  record.epoch = epoch;
  record.validation_loss = 2.3 * (1.0 - quality);
  record.train_loss = record.validation_loss * 0.95 + 0.1;
  record.learning_rate =
      request.recipe.learning_rate * 0.5 * (1 + std::cos(M_PI * epoch / horizon));
  if (!request.is_judged(epoch)) {
    record.validation_loss = std::numeric_limits<double>::quiet_NaN();
    return record;
  }
  record.validation = scores_of(request.task.kind, quality);
  if (request.wants_responses) record.responses = fake_responses(request, epoch);
  return record;
}

/// Returns the finished epochs of the checkpoint; 0 when there is none that can be read.
int read_checkpoint(const std::filesystem::path& file, std::string_view design_hash) {
  std::string text;
  try {
    if (!std::filesystem::exists(file)) return 0;
    text = spec::read_file(file, 4096);
  } catch (const EnvironmentError&) {
    return 0;
  }
  std::string_view rest = text;
  const std::string start = std::string(kCheckpointStart) + std::string(design_hash) + " ";
  if (!rest.starts_with(start) || !rest.ends_with(kCheckpointEnd)) return 0;
  rest.remove_prefix(start.size());
  int epochs = 0;
  std::from_chars(rest.data(), rest.data() + rest.size(), epochs);
  return std::max(0, epochs);
}

/// Returns the finished epochs of the first checkpoint that can be read.
int read_checkpoints(const std::vector<std::filesystem::path>& files,
                     std::string_view design_hash) {
  int epochs = 0;
  for (const std::filesystem::path& file : files)
    if (epochs == 0) epochs = read_checkpoint(file, design_hash);
  return epochs;
}

void write_checkpoint(const std::filesystem::path& file, std::string_view design_hash, int epochs) {
  const std::filesystem::path folder = file.parent_path();
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) throw EnvironmentError("cannot create", folder.string(), error.value());
  spec::write_file_atomically(file, std::string(kCheckpointStart) + std::string(design_hash) + " " +
                                        std::to_string(epochs) + std::string(kCheckpointEnd));
}

/// Sleeps an epoch's time; returns false when progress asks to stop.
bool sleep_epoch(double seconds, double share_before, double share_of_epoch,
                 const Progress& progress, const TrialResult& so_far) {
  constexpr double kSlice = 0.02;
  for (double slept = 0; slept < seconds; slept += kSlice) {
    std::this_thread::sleep_for(std::chrono::duration<double>(std::min(kSlice, seconds - slept)));
    const double share = share_before + share_of_epoch * std::min(1.0, (slept + kSlice) / seconds);
    if (progress && !progress(share, so_far)) return false;
  }
  return true;
}

bool diverges(const TrialRequest& request, double share) {
  return spec::Random(spec::derive_seed({hash_of(request), 0xD1})).uniform() < share;
}

}  // namespace

double fake_quality(const net::Network& network) {
  const net::Costs costs = net::count_costs(network);
  const Traits traits = traits_of(network);
  const double params = static_cast<double>(costs.params), macs = static_cast<double>(costs.macs);
  const double wide =
      traits.depthwise > 0 ? static_cast<double>(traits.wide_depthwise) / traits.depthwise : 0;
  const double depth_miss = std::min(1.0, std::pow((traits.convolutions - 16) / 16.0, 2));
  double quality = 0.97;
  quality -= 0.40 * std::pow(1 + params / 2e4, -0.45);
  quality -= 0.20 * std::pow(1 + macs / 1e6, -0.35);
  quality -= 0.05 * depth_miss;
  quality += 0.01 * std::tanh(traits.adds / 4.0);
  quality += 0.02 * wide * (1.5 - wide);
  return std::clamp(quality, 0.0, 0.99);
}

TrialResult FakeEvaluator::evaluate(const TrialRequest& request, const Progress& progress) {
  const double started = thread_cpu_seconds();
  const double ceiling = fake_quality(request.network);
  const CheckpointFiles files(request, "fake", ".checkpoint");
  int done =
      settings_.writes_checkpoints ? read_checkpoints(files.to_read(), request.design_hash) : 0;
  done = std::min(done, request.to_epoch);
  TrialResult result;
  if (request.wants_scores) result.scores = fake_scores(request);
  for (int epoch = 1; epoch <= done; ++epoch)
    result.epochs.push_back(record_at(request, ceiling, epoch));
  const int first = done;
  const double share_of_epoch = 1.0 / std::max(1, request.to_epoch - first);
  for (; done < request.to_epoch && result.outcome == Outcome::Finished; ++done) {
    const double share = (done - first) * share_of_epoch;
    if (!sleep_epoch(settings_.seconds_per_epoch, share, share_of_epoch, progress, result)) {
      result.outcome = Outcome::Interrupted;
      result.reason = "asked to stop";
      break;
    }
    if (diverges(request, settings_.diverging_share)) {
      result.outcome = Outcome::Diverged;
      result.reason = "loss is not finite in epoch " + std::to_string(done + 1);
      break;
    }
    result.epochs.push_back(record_at(request, ceiling, done + 1));
    if (settings_.writes_checkpoints) {
      write_checkpoint(files.file_after(done + 1), request.design_hash, done + 1);
      files.note_written(result.epochs.back());
    }
    const bool go_on = !progress || progress(share + share_of_epoch, result);
    if (!go_on && done + 1 < request.to_epoch) {
      result.outcome = Outcome::Interrupted;
      result.reason = "asked to stop";
    }
  }
  if (result.outcome == Outcome::Finished && request.judge_test && !result.epochs.empty())
    result.test =
        scores_of(request.task.kind,
                  std::max(0.0, quality_at(request, ceiling, result.epochs.back().epoch) - 0.002));
  result.cpu_seconds = thread_cpu_seconds() - started;
  return result;
}

std::string FakeEvaluator::environment() const {
  return "evaluator=fake\n";
}

}  // namespace atto::train
