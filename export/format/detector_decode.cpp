#include "detector_generated.h"
#include "export/format/detector_file.hpp"
#include "export/format/header.hpp"

namespace atto::format {
namespace {

/// Structs in a table are not checked for where they lie.
template <class Struct>
Struct copied(const Struct* from) {
  Struct to;
  std::memcpy(static_cast<void*>(&to), from, sizeof to);
  return to;
}

class PlaceReader {
 public:
  PlaceReader(const Header& header, std::uint64_t size) : header_(header), size_(size) {}

  NetworkOf<std::uint64_t> read(const wire::Network* from, const std::string& name) const {
    const wire::Network network = copied(from);
    NetworkOf<std::uint64_t> places{checked(network.body(), name)};
    if (network.last() != 0) places.last = checked(network.last(), name + ".last");
    return places;
  }

 private:
  std::uint64_t checked(std::uint64_t at, const std::string& name) const {
    if (at % kAlignment != 0 || at < header_.weights_offset || at >= size_)
      throw ModelError(
          header_.metadata_offset, name,
          "must begin at a multiple of 64 bytes behind the metadata; got " + std::to_string(at));
    return at;
  }

  Header header_;
  std::uint64_t size_;
};

}  // namespace

DetectorOf<std::uint64_t> decode_detector(std::span<const std::byte> bytes) {
  const Header header = read_header(bytes, kDetectorMagic, kDetectorVersion, kDetectorVersion);
  const auto* data = reinterpret_cast<const std::uint8_t*>(bytes.data()) + header.metadata_offset;
  flatbuffers::Verifier verifier(data, header.metadata_bytes);
  if (!wire::VerifyDetectorBuffer(verifier))
    throw ModelError(header.metadata_offset, "metadata", "is no valid FlatBuffers table");
  const wire::Detector& from = *wire::GetDetector(data);
  const PlaceReader places(header, bytes.size());
  DetectorOf<std::uint64_t> to;
  to.trunk = places.read(from.trunk(), "trunk");
  for (flatbuffers::uoffset_t i = 0; i < from.proposals()->size(); ++i) {
    if (i == kMostLevels)
      throw ModelError(header.metadata_offset, "proposals",
                       "must be of at most " + std::to_string(kMostLevels) + " levels");
    to.proposals.push_back(
        places.read(from.proposals()->Get(i), "proposals[" + std::to_string(i) + "]"));
  }
  to.box = places.read(from.box(), "box");
  if (from.mask() != nullptr) to.mask = places.read(from.mask(), "mask");
  for (flatbuffers::uoffset_t i = 0; i < from.anchors()->size(); ++i) {
    const wire::Extent anchor = copied(from.anchors()->Get(i));
    to.settings.anchors.push_back({anchor.width(), anchor.height()});
  }
  to.settings.cropped_levels = from.cropped_levels();
  to.settings.mask_follows_box = from.mask_follows_box();
  to.settings.proposals = from.most_proposals();
  to.settings.detections = from.most_detections();
  to.settings.score = from.score();
  to.settings.nms = from.nms();
  return to;
}

}  // namespace atto::format
