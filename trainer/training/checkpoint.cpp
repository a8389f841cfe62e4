#include "trainer/training/checkpoint.hpp"

#include <fmt/format.h>

#include <cmath>
#include <cstring>
#include <exception>
#include <limits>
#include <system_error>

#include "design_specs/errors.hpp"
#include "design_specs/seeds/random.hpp"
#include "prototypes/network/weights.hpp"
#include "trainer/backend/parameters.hpp"

namespace atto::train {
namespace {

constexpr int kVersion = 1;
using Scores = std::vector<spec::Score>;

/// Numbers of an EpochRecord in its tensor: four of its own, the task's scores, one more.
std::size_t numbers_of(const Scores& scores) {
  return 5 + scores.size();
}

/// Doubles travel as their bits: a resumed run reports exactly what the first one did.
net::Tensor records_tensor(const std::vector<EpochRecord>& epochs, const Scores& scores) {
  constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
  std::vector<double> numbers;
  for (const EpochRecord& e : epochs) {
    numbers.insert(numbers.end(), {static_cast<double>(e.epoch), e.train_loss, e.learning_rate,
                                   e.validation_loss});
    for (const spec::Score& score : scores)
      numbers.push_back(spec::find_value(e.validation, score.name).value_or(kNaN));
    numbers.push_back(e.cpu_seconds);
  }
  net::Tensor tensor{
      net::Tensor::Type::I64,
      {static_cast<std::int64_t>(epochs.size()), static_cast<std::int64_t>(numbers_of(scores))},
      {}};
  tensor.bytes.resize(numbers.size() * sizeof(double));
  if (!numbers.empty()) std::memcpy(tensor.bytes.data(), numbers.data(), tensor.bytes.size());
  return tensor;
}

std::vector<EpochRecord> records_of(const net::Tensor& tensor, const Scores& scores) {
  std::vector<double> n(tensor.bytes.size() / sizeof(double));
  if (!n.empty()) std::memcpy(n.data(), tensor.bytes.data(), tensor.bytes.size());
  std::vector<EpochRecord> epochs;
  for (auto at = n.begin(); at != n.end();) {
    EpochRecord& e = epochs.emplace_back();
    e.epoch = static_cast<int>(*at++);
    e.train_loss = *at++;
    e.learning_rate = *at++;
    e.validation_loss = *at++;
    for (const spec::Score& score : scores)
      if (const double value = *at++; !std::isnan(value)) e.validation[score.name] = value;
    e.cpu_seconds = *at++;
  }
  return epochs;
}

bool holds_records(const net::TensorFile& file, const Scores& scores) {
  const auto found = file.tensors.find("epochs");
  return found != file.tensors.end() &&
         found->second.bytes.size() % (numbers_of(scores) * sizeof(double)) == 0;
}

std::string checksum(const net::TensorFile& file) {
  std::uint64_t sum = 0;
  for (const auto& [name, tensor] : file.tensors)
    sum = spec::derive_seed({sum, spec::hash_bytes(name),
                             spec::hash_bytes({reinterpret_cast<const char*>(tensor.bytes.data()),
                                               tensor.bytes.size()})});
  return fmt::format("{:016x}", sum);
}

bool read_floats(const net::TensorFile& file, const char* name, std::size_t count,
                 std::vector<float>& to) {
  const auto found = file.tensors.find(name);
  if (found == file.tensors.end() || found->second.type != net::Tensor::Type::F32 ||
      found->second.bytes.size() != count * sizeof(float))
    return false;
  to.resize(count);
  if (count > 0) std::memcpy(to.data(), found->second.bytes.data(), found->second.bytes.size());
  return true;
}

std::string metadata_of(const net::TensorFile& file, const char* key) {
  const auto found = file.metadata.find(key);
  return found == file.metadata.end() ? "" : found->second;
}

}  // namespace

std::string identity_text(const TrialRequest& request) {
  const spec::TrainingRecipe& r = request.recipe;
  const std::string& task = request.task.kind.name;
  const bool is_first = task == spec::task_kinds().front().name;
  std::string more;  // what was not there when other files were written
  if (r.scale_jitter > 0) more += fmt::format(" jitter {}", r.scale_jitter);
  if (r.clip_norm > 0) more += fmt::format(" clip {}", r.clip_norm);
  if (request.detector) more += " detector " + spec::settings_text(request.detector->settings);
  return fmt::format(
      "checkpoint {} design {} data {} at {} phase {} images {} horizon {} seed {} batch {} rate "
      "{} warmup {} final {} "
      "momentum {} decay {} smoothing {} crop {} flip {} cutout {} ema {} threads {}{}{}{}",
      kVersion, request.design_hash,
      request.data.name.empty() ? request.task.dataset
                                : request.data.name + " " + request.data.digest,
      request.network.input.height, static_cast<int>(request.phase), request.images.value_or(0),
      request.horizon_epochs, request.seed, r.batch, r.learning_rate, r.warmup_epochs,
      r.final_learning_rate, r.momentum, r.weight_decay, r.label_smoothing, r.crop_padding, r.flip,
      r.cutout, r.ema, r.threads, more, is_first ? "" : " task " + task,
      request.start ? " from " + request.start->digest : "");
}

void write_checkpoint(const std::filesystem::path& path, const std::string& identity,
                      const Checkpoint& checkpoint, const std::vector<spec::Score>& scores) {
  net::TensorFile file;
  const auto add = [&](const char* name, const std::vector<float>& values) {
    file.tensors[name] = float_tensor(values, {static_cast<std::int64_t>(values.size())});
  };
  add("weights", checkpoint.state.weights);
  add("momentum", checkpoint.state.momentum);
  if (!checkpoint.state.averaged.empty()) add("averaged", checkpoint.state.averaged);
  file.tensors["epochs"] = records_tensor(checkpoint.epochs, scores);
  file.metadata["identity"] = identity;
  file.metadata["checksum"] = checksum(file);
  net::write_safetensors(path, file);
}

static ReadCheckpoint read_one(const std::filesystem::path& path, const std::string& identity,
                               std::size_t weights, const Scores& scores) {
  ReadCheckpoint result;
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored)) return result;
  net::TensorFile file;
  try {
    file = net::read_safetensors(path);
  } catch (const std::exception& error) {
    result.ignored = error.what();
    return result;
  }
  Checkpoint checkpoint;
  const bool averages = file.tensors.contains("averaged");
  if (metadata_of(file, "identity") != identity)
    result.ignored = path.string() + ": is of another run";
  else if (metadata_of(file, "checksum") != checksum(file))
    result.ignored = path.string() + ": is damaged: the checksum differs";
  else if (!read_floats(file, "weights", weights, checkpoint.state.weights) ||
           !read_floats(file, "momentum", weights, checkpoint.state.momentum) ||
           (averages && !read_floats(file, "averaged", weights, checkpoint.state.averaged)) ||
           !holds_records(file, scores))
    result.ignored = path.string() + ": has tensors of the wrong sizes";
  if (!result.ignored.empty()) return result;
  checkpoint.epochs = records_of(file.tensors.at("epochs"), scores);
  result.checkpoint = std::move(checkpoint);
  return result;
}

ReadCheckpoint read_checkpoint(const std::vector<std::filesystem::path>& files,
                               const std::string& identity, std::size_t weights,
                               const std::vector<spec::Score>& scores) {
  ReadCheckpoint best;
  for (const std::filesystem::path& path : files) {
    ReadCheckpoint read = read_one(path, identity, weights, scores);
    if (best.ignored.empty()) best.ignored = std::move(read.ignored);
    best.checkpoint = std::move(read.checkpoint);
    if (best.checkpoint) break;
  }
  return best;
}

}  // namespace atto::train
