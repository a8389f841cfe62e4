#include <algorithm>
#include <cstring>

#include "detector_generated.h"
#include "export/format/detector_file.hpp"
#include "export/format/header.hpp"

namespace atto::format {
namespace {

using flatbuffers::FlatBufferBuilder;

std::uint64_t up(std::uint64_t bytes) {
  return (bytes + kAlignment - 1) / kAlignment * kAlignment;
}

wire::Network wired(const NetworkOf<std::uint64_t>& at) {
  return {at.body, at.last.value_or(0)};
}

flatbuffers::DetachedBuffer metadata_of(const DetectorOf<std::uint64_t>& detector) {
  FlatBufferBuilder to;
  const DetectorSettings& settings = detector.settings;
  std::vector<wire::Network> proposals;
  for (const auto& at : detector.proposals) proposals.push_back(wired(at));
  std::vector<wire::Extent> anchors;
  for (const Extent& anchor : settings.anchors) anchors.emplace_back(anchor.width, anchor.height);
  const auto proposals_at = to.CreateVectorOfStructs(proposals);
  const auto anchors_at = to.CreateVectorOfStructs(anchors);
  const wire::Network trunk = wired(detector.trunk), box = wired(detector.box),
                      mask = detector.mask ? wired(*detector.mask) : wire::Network();
  wire::FinishDetectorBuffer(
      to,
      wire::CreateDetector(to, &trunk, proposals_at, &box, detector.mask ? &mask : nullptr,
                           anchors_at, settings.cropped_levels, settings.mask_follows_box,
                           settings.proposals, settings.detections, settings.score, settings.nms));
  return to.Release();
}

/// Models in the order of the file: heads first, then weights, each of which is there once.
class Sections {
 public:
  explicit Sections(std::uint64_t first) : first_(first) {}

  std::uint64_t add(const ModelFile& model) {
    std::vector<std::byte> file = encode(model);
    const Header header = read(file);
    const std::uint64_t at = first_ + heads_.size();
    const std::vector<std::byte> weights(
        file.begin() + static_cast<std::ptrdiff_t>(header.weights_offset), file.end());
    auto same = std::find(weights_.begin(), weights_.end(), weights);
    if (same == weights_.end()) same = weights_.insert(same, weights);
    weights_of_.push_back(static_cast<std::size_t>(same - weights_.begin()));
    heads_at_.push_back(at);
    file.resize(up(header.weights_offset));
    heads_.insert(heads_.end(), file.begin(), file.end());
    return at;
  }

  /// Appends all of it, and tells every model where its weights are.
  void write(std::vector<std::byte>& file) {
    std::vector<std::uint64_t> places;
    file.resize(first_);
    file.insert(file.end(), heads_.begin(), heads_.end());
    for (const std::vector<std::byte>& weights : weights_) {
      file.resize(up(file.size()));
      places.push_back(file.size());
      file.insert(file.end(), weights.begin(), weights.end());
    }
    for (std::size_t i = 0; i < heads_at_.size(); ++i) {
      const auto head = std::span(file).subspan(heads_at_[i]);
      place_weights(head, places[weights_of_[i]] - heads_at_[i]);
    }
  }

 private:
  static Header read(std::span<const std::byte> file) {
    std::uint64_t words[6];
    std::memcpy(words, file.data() + 16, sizeof words);
    return {words[0], words[1], words[2], words[3], words[4], words[5]};
  }
  static void place_weights(std::span<std::byte> file, std::uint64_t offset) {
    Header header = read(file);
    std::uint32_t version = 0;
    std::memcpy(&version, file.data() + 8, sizeof version);
    header.weights_offset = offset;
    write_header(file, kModelMagic, version, header);
  }

  std::uint64_t first_;
  std::vector<std::byte> heads_;
  std::vector<std::uint64_t> heads_at_;
  std::vector<std::vector<std::byte>> weights_;
  std::vector<std::size_t> weights_of_;
};

}  // namespace

std::vector<std::byte> encode(const DetectorOf<ModelFile>& detector) {
  // Offsets are stored at their full size, so that the metadata's size is known before them.
  const auto unplaced =
      changed(detector, [](const ModelFile&, const std::string&) { return std::uint64_t{1}; });
  const std::size_t metadata_bytes = metadata_of(unplaced).size();
  Sections sections(up(kHeaderBytes + metadata_bytes));
  const auto placed = changed(
      detector, [&](const ModelFile& model, const std::string&) { return sections.add(model); });
  const flatbuffers::DetachedBuffer metadata = metadata_of(placed);
  std::vector<std::byte> file;
  sections.write(file);
  std::memcpy(file.data() + kHeaderBytes, metadata.data(), metadata.size());
  const std::uint64_t first = up(kHeaderBytes + metadata.size());
  write_header(file, kDetectorMagic, kDetectorVersion,
               {kHeaderBytes, metadata.size(), first, file.size() - first, 0, 0});
  return file;
}

}  // namespace atto::format
