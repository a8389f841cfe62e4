#include "trainer/training/checkpoint.hpp"

#include <fmt/format.h>

#include <cmath>
#include <cstring>
#include <exception>
#include <iterator>
#include <limits>
#include <system_error>

#include "design_specs/errors.hpp"
#include "design_specs/seeds/random.hpp"
#include "prototypes/network/weights.hpp"
#include "trainer/backend/parameters.hpp"

namespace atto::train {
namespace {

constexpr int kVersion = 1;
/// Numbers of an EpochRecord in its tensor: its own and, before the last, two scores.
constexpr std::int64_t kRecordNumbers = 7;
constexpr const char* kScores[] = {"top1", "top5"};

/// Doubles travel as their bits: a resumed run reports exactly what the first one did.
net::Tensor records_tensor(const std::vector<EpochRecord>& epochs) {
  constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
  std::vector<double> numbers;
  for (const EpochRecord& e : epochs) {
    numbers.insert(numbers.end(), {static_cast<double>(e.epoch), e.train_loss, e.learning_rate,
                                   e.validation_loss});
    for (const char* score : kScores)
      numbers.push_back(spec::find_value(e.validation, score).value_or(kNaN));
    numbers.push_back(e.cpu_seconds);
  }
  net::Tensor tensor{
      net::Tensor::Type::I64, {static_cast<std::int64_t>(epochs.size()), kRecordNumbers}, {}};
  tensor.bytes.resize(numbers.size() * sizeof(double));
  if (!numbers.empty()) std::memcpy(tensor.bytes.data(), numbers.data(), tensor.bytes.size());
  return tensor;
}

std::vector<EpochRecord> records_of(const net::Tensor& tensor) {
  std::vector<double> n(tensor.bytes.size() / sizeof(double));
  if (!n.empty()) std::memcpy(n.data(), tensor.bytes.data(), tensor.bytes.size());
  std::vector<EpochRecord> epochs;
  for (std::size_t i = 0; i + kRecordNumbers <= n.size(); i += kRecordNumbers) {
    EpochRecord& e = epochs.emplace_back();
    e.epoch = static_cast<int>(n[i]);
    e.train_loss = n[i + 1], e.learning_rate = n[i + 2], e.validation_loss = n[i + 3];
    for (std::size_t s = 0; s < std::size(kScores); ++s)
      if (!std::isnan(n[i + 4 + s])) e.validation[kScores[s]] = n[i + 4 + s];
    e.cpu_seconds = n[i + 6];
  }
  return epochs;
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
  return fmt::format(
      "checkpoint {} design {} data {} at {} phase {} images {} horizon {} seed {} batch {} rate "
      "{} warmup {} final {} "
      "momentum {} decay {} smoothing {} crop {} flip {} cutout {} ema {} threads {}",
      kVersion, request.design_hash,
      request.data.name.empty() ? request.task.dataset
                                : request.data.name + " " + request.data.digest,
      request.network.input.height, static_cast<int>(request.phase), request.images.value_or(0),
      request.horizon_epochs, request.seed, r.batch, r.learning_rate, r.warmup_epochs,
      r.final_learning_rate, r.momentum, r.weight_decay, r.label_smoothing, r.crop_padding, r.flip,
      r.cutout, r.ema, r.threads);
}

void write_checkpoint(const std::filesystem::path& folder, const std::string& identity,
                      const Checkpoint& checkpoint) {
  net::TensorFile file;
  const auto add = [&](const char* name, const std::vector<float>& values) {
    file.tensors[name] = float_tensor(values, {static_cast<std::int64_t>(values.size())});
  };
  add("weights", checkpoint.state.weights);
  add("momentum", checkpoint.state.momentum);
  if (!checkpoint.state.averaged.empty()) add("averaged", checkpoint.state.averaged);
  file.tensors["epochs"] = records_tensor(checkpoint.epochs);
  file.metadata["identity"] = identity;
  file.metadata["checksum"] = checksum(file);
  net::write_safetensors(folder / kCheckpointName, file);
}

ReadCheckpoint read_checkpoint(const std::filesystem::path& folder, const std::string& identity,
                               std::size_t weights) {
  ReadCheckpoint result;
  const std::filesystem::path path = folder / kCheckpointName;
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
           !file.tensors.contains("epochs"))
    result.ignored = path.string() + ": has tensors of the wrong sizes";
  if (!result.ignored.empty()) return result;
  checkpoint.epochs = records_of(file.tensors.at("epochs"));
  result.checkpoint = std::move(checkpoint);
  return result;
}

}  // namespace atto::train
