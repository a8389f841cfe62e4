#include "export/targets/image_set.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "design_specs/errors.hpp"
#include "prototypes/detection/metrics/files.hpp"
#include "prototypes/network/shapes.hpp"
#include "prototypes/network/weights.hpp"

namespace atto::deploy {
namespace {

using Type = net::Tensor::Type;
using Sides = std::vector<std::int64_t>;

class Reader {
 public:
  Reader(const std::filesystem::path& file, const net::Network& network)
      : file_(file.string()), network_(network), contents_(net::read_safetensors(file)) {}

  ImageSet read() const {
    ImageSet set = read_inputs();
    if (find("logits"))
      set.logits = copy<float>("logits", Type::F32, {set.count, network_.classes});
    if (find("labels")) set.labels = copy<std::int64_t>("labels", Type::I64, {set.count});
    return set;
  }

  ImageSet read(const net::DetectorParts& detector) const {
    ImageSet set = read_inputs();
    read_truth(set);
    if (!find("boxes")) return set;
    for (const char* name : {"scores", "classes"})
      if (!find(name)) refuse(name, "the file must hold it", "");
    const std::int64_t rows = detector.settings.detections;
    const auto boxes = copy<float>("boxes", Type::F32, {set.count, rows, 4});
    const auto scores = copy<float>("scores", Type::F32, {set.count, rows});
    const auto classes = copy<float>("classes", Type::F32, {set.count, rows});
    std::vector<float> masks;
    if (detector.mask) {
      if (!find("masks")) refuse("masks", "the file must hold it", "");
      const std::int64_t side = mask_side(*detector.mask);
      masks = copy<float>("masks", Type::F32, {set.count, rows, side, side});
    }
    const std::size_t pixels = masks.size() / scores.size();
    for (std::size_t row = 0; row < scores.size(); ++row) {
      if (row % static_cast<std::size_t>(rows) == 0) set.found.emplace_back();
      if (!(scores[row] > 0)) continue;  // fills up
      if (!(classes[row] >= 0 && classes[row] < static_cast<float>(network_.classes)))
        refuse("classes", fmt::format("must be under {}", network_.classes),
               fmt::format("{}", classes[row]));
      const float* corner = boxes.data() + 4 * row;
      det::Found& found = set.found.back();
      found.objects.push_back({{corner[0], corner[1], corner[2], corner[3]},
                               static_cast<int>(classes[row]),
                               scores[row]});
      const auto mask = masks.begin() + static_cast<std::ptrdiff_t>(row * pixels);
      found.masks.insert(found.masks.end(), mask, mask + static_cast<std::ptrdiff_t>(pixels));
    }
    return set;
  }

 private:
  static std::int64_t mask_side(const net::Network& mask) {
    const std::vector<net::Shape> shapes = net::infer_shapes(mask);
    return shapes.at(static_cast<std::size_t>(mask.outputs.front().layer)).height;
  }

  ImageSet read_inputs() const {
    ImageSet set;
    set.shape = network_.input;
    const net::Tensor* inputs = find("inputs");
    if (!inputs) refuse("inputs", "the file must hold it", "");
    set.count = inputs->shape.empty() ? 0 : inputs->shape[0];
    if (set.count < 1) refuse("inputs", "must hold an image", "");
    const net::Shape& shape = network_.input;
    set.inputs =
        copy<float>("inputs", Type::F32, {set.count, shape.channels, shape.height, shape.width});
    if (!std::all_of(set.inputs.begin(), set.inputs.end(),
                     [](float x) { return std::isfinite(x); }))
      refuse("inputs", "must be finite", "");
    set.metadata = contents_.metadata;
    return set;
  }

  void read_truth(ImageSet& set) const {
    const auto text = contents_.metadata.find(net::kTruthKey);
    if (text == contents_.metadata.end()) return;
    set.truth = det::read_annotations(text->second, file_ + ": " + net::kTruthKey);
    if (static_cast<std::int64_t>(set.truth.pictures.size()) != set.count)
      refuse(std::string("__metadata__/") + net::kTruthKey,
             fmt::format("must be of {} pictures", set.count),
             std::to_string(set.truth.pictures.size()));
    if (!find("seen")) refuse("seen", "the file must hold it", "");
    set.seen = copy<float>("seen", Type::F32, {set.count, 2});
    if (!std::all_of(set.seen.begin(), set.seen.end(), [](float side) { return side >= 1; }))
      refuse("seen", "must be sides of a pixel and more", "");
  }

  const net::Tensor* find(const std::string& name) const {
    const auto found = contents_.tensors.find(name);
    return found == contents_.tensors.end() ? nullptr : &found->second;
  }

  template <class Value>
  std::vector<Value> copy(const std::string& name, Type type, const Sides& shape) const {
    const net::Tensor& tensor = *find(name);
    if (tensor.type != type || tensor.shape != shape)
      refuse(name,
             fmt::format("must be {} of [{}]", type == Type::F32 ? "F32" : "I64",
                         fmt::join(shape, ", ")),
             fmt::format("[{}]", fmt::join(tensor.shape, ", ")));
    std::vector<Value> values(static_cast<std::size_t>(tensor.elements()));
    std::memcpy(values.data(), tensor.bytes.data(), tensor.bytes.size());
    return values;
  }

  [[noreturn]] void refuse(const std::string& name, const std::string& rule,
                           const std::string& value) const {
    throw SpecError({{file_, "/" + name, rule, value}});
  }

  std::string file_;
  const net::Network& network_;
  net::TensorFile contents_;
};

}  // namespace

ImageSet read_image_set(const std::filesystem::path& file, const net::Network& network) {
  return Reader(file, network).read();
}

ImageSet read_image_set(const std::filesystem::path& file, const net::DetectorParts& detector) {
  return Reader(file, detector.trunk).read(detector);
}

void expect_made_of(const ImageSet& images, const net::TrainedModel& model, ImageUse use,
                    const std::filesystem::path& file) {
  const auto text = [](const std::map<std::string, std::string>& metadata, const char* key) {
    const auto found = metadata.find(key);
    return found == metadata.end() ? std::string() : found->second;
  };
  const auto expect = [&](const char* key, const std::string& made, const std::string& ours) {
    if (made.empty() || ours.empty() || made == ours) return;
    throw SpecError({{file.string(), std::string("/__metadata__/") + key,
                      fmt::format("must be {}, that of {}; this file was made of other weights: "
                                  "remove it, and it is made anew",
                                  ours, model.weights_file.string()),
                      made}});
  };
  if (use == ImageUse::Logits)
    expect("weights_digest", text(images.metadata, "weights_digest"),
           net::weights_digest(model.weights));
  for (const char* key : {"mean", "stddev"})
    expect(key, text(images.metadata, key), text(model.weights.metadata, key));
}

}  // namespace atto::deploy
