// A model.py and its weights, run by Python where it has torch.
#include <cstring>

#include "design_specs/errors.hpp"
#include "design_specs/files.hpp"
#include "export/pytorch/model_py.hpp"
#include "export/pytorch/python_run.hpp"
#include "export/targets/targets.hpp"

namespace atto::deploy {
namespace {

constexpr std::string_view kCompanions[] = {".safetensors"};

bool can_write(Precision precision) {
  return precision == Precision::F32;  // trains on in floats
}

void write(const ExportSource& source, const std::filesystem::path& file) {
  const std::filesystem::path weights =
      std::filesystem::path(file).replace_extension(".safetensors");
  for (const char* name : {net::kWeightsName, net::kReferenceName, net::kCalibrationName})
    if (weights.filename() == name)
      throw SpecError(
          {{"--name", "", "must not be that of files beside the design", file.stem().string()}});
  const net::TrainedModel& model = source.model;
  spec::write_file_atomically(
      file, pytorch::model_py(model.network, model.metadata, model.weights.metadata));
  net::write_safetensors(weights, pytorch::state_dict(model.network, model.weights));
}

Ran run(const ExportSource& /*source*/, const std::filesystem::path& file, const ImageSet& images) {
  const net::Shape& shape = images.shape;
  net::Tensor inputs{net::Tensor::Type::F32,
                     {images.count, shape.channels, shape.height, shape.width},
                     std::vector<std::uint8_t>(images.inputs.size() * sizeof(float))};
  std::memcpy(inputs.bytes.data(), images.inputs.data(), inputs.bytes.size());
  pytorch::PythonRan ran = pytorch::run_model_py(file, inputs);
  return {std::move(ran.logits), std::move(ran.run_by), std::move(ran.not_run)};
}

}  // namespace

extern const Target kPytorchTarget;
const Target kPytorchTarget = {.name = "pytorch",
                               .extension = ".py",
                               .companions = kCompanions,
                               .can_write = can_write,
                               .can_write_detector = nullptr,
                               .require_tools = nullptr,
                               .quantise = nullptr,
                               .write = write,
                               .run = run};

}  // namespace atto::deploy
