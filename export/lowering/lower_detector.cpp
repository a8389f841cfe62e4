#include "export/lowering/lower_detector.hpp"

#include <algorithm>

#include "design_specs/errors.hpp"
#include "export/lowering/passes.hpp"
#include "prototypes/detection/rules.hpp"
#include "prototypes/network/shapes.hpp"

namespace atto::deploy {
namespace {

using Cut = format::NetworkOf<Piece>;

std::size_t at(int index) {
  return static_cast<std::size_t>(index);
}

bool is_last_layer(const net::Layer& layer) {
  return std::holds_alternative<net::Conv>(layer.op) ||
         std::holds_alternative<net::Dense>(layer.op);
}

/// The layers of a network that outputs need, with those outputs.
net::Network part_of(const net::Network& from, std::vector<net::Output> outputs) {
  std::vector<bool> is_needed(from.layers.size());
  for (const net::Output& output : outputs) is_needed[at(output.layer)] = true;
  for (std::size_t i = from.layers.size(); i-- > 0;)
    for (const int input : from.layers[i].inputs)
      if (is_needed[i]) is_needed[at(input)] = true;
  is_needed[0] = true;
  net::Network part{from.name, from.input, from.classes, {}, {}};
  std::vector<int> place(from.layers.size());
  for (std::size_t i = 0; i < from.layers.size(); ++i) {
    if (!is_needed[i]) continue;
    place[i] = static_cast<int>(part.layers.size());
    part.layers.push_back(from.layers[i]);
    for (int& input : part.layers.back().inputs) input = place[at(input)];
  }
  for (net::Output& output : outputs) output.layer = place[at(output.layer)];
  part.outputs = std::move(outputs);
  return part;
}

/// The layers that give outputs, of which all read one layer.
net::Network last_of(const net::Network& from, const std::vector<net::Output>& outputs,
                     const net::Shape& input) {
  net::Network last{from.name, input, from.classes, {from.layers[0]}, {}};
  for (const net::Output& output : outputs) {
    last.outputs.push_back({output.name, static_cast<int>(last.layers.size())});
    last.layers.push_back(from.layers[at(output.layer)]);
    last.layers.back().inputs = {0};
  }
  return last;
}

/// A network whose last layers do not read one layer of its body keeps floats as a whole.
Cut cut_network(const net::Network& network) {
  std::vector<net::Output> kept, last;
  for (const net::Output& output : network.outputs)
    (output.name == net::kFeaturesOutput ? kept : last).push_back(output);
  const int read = network.layers[at(last.at(0).layer)].inputs.at(0);
  const bool can_cut = read != 0 && std::all_of(last.begin(), last.end(), [&](const auto& output) {
                         const net::Layer& layer = network.layers[at(output.layer)];
                         return is_last_layer(layer) && layer.inputs == std::vector<int>{read};
                       });
  if (!can_cut) return {{network, true}, {}};
  kept.insert(kept.begin(), {"body", read});
  const net::Shape shape = net::infer_shapes(network)[at(read)];
  return {{part_of(network, kept), false}, Piece{last_of(network, last, shape), true}};
}

Cut piece_of(const net::Network& network, bool cut) {
  return cut ? cut_network(network) : Cut{{network, false}, {}};
}

format::DetectorSettings settings_of(const net::DetectorParts& detector) {
  const net::Shape& input = detector.trunk.input;
  const det::PictureSize picture{static_cast<float>(input.height), static_cast<float>(input.width)};
  const std::vector<net::Shape> levels = net::level_shapes(detector);
  format::DetectorSettings settings;
  for (std::size_t i = 0; i < levels.size(); ++i)
    for (const det::Extent& shape :
         det::anchor_level(detector.settings.anchors, i, picture, levels[i].height, levels[i].width)
             .shapes)
      settings.anchors.push_back({shape.width, shape.height});
  const det::FindingRule finding = det::finding_rule(detector.settings);
  settings.cropped_levels = static_cast<std::int32_t>(detector.cropped_levels);
  settings.mask_follows_box = detector.mask_follows_box;
  settings.proposals = detector.settings.proposals;
  settings.detections = detector.settings.detections;
  settings.score = finding.score;
  settings.nms = finding.nms;
  return settings;
}

}  // namespace

format::DetectorOf<Piece> pieces_of(const net::DetectorParts& detector, bool cut) {
  format::DetectorOf<Piece> pieces{
      settings_of(detector), {{detector.trunk, false}, {}}, {}, piece_of(detector.box, cut), {}};
  for (const net::Shape& level : net::level_shapes(detector)) {
    net::Network proposal = detector.proposal;
    proposal.input = level;
    pieces.proposals.push_back(piece_of(proposal, cut));
  }
  if (detector.mask) pieces.mask = piece_of(*detector.mask, cut);
  return pieces;
}

net::TensorFile weights_of(const net::Network& network, const net::TensorFile& all) {
  net::TensorFile own;
  for (const net::WeightSpec& spec : net::weight_specs(network))
    if (const auto found = all.tensors.find(spec.name); found != all.tensors.end())
      own.tensors.insert(*found);
  return own;
}

std::vector<std::byte> detector_bytes(const net::DetectorParts& detector, bool cut,
                                      const LowerPiece& lower) {
  const auto models = format::changed(pieces_of(detector, cut), lower);
  const auto programs = format::changed(
      models, [](const format::ModelFile& model, const std::string&) { return &model.program; });
  format::check_detector(programs, [](std::string_view field, std::string_view rule) {
    throw InternalError("lowering made an illegal detector: " + std::string(field) + " " +
                        std::string(rule));
  });
  return format::encode(models);
}

std::vector<std::byte> detector_bytes(const net::DetectorParts& detector,
                                      const net::TensorFile& weights, const Meaning& meaning,
                                      const QuantisedPieces& quantised) {
  return detector_bytes(
      detector, !quantised.empty(), [&](const Piece& piece, const std::string& name) {
        const Meaning own = name == "trunk" ? meaning : Meaning{{}, {}, {}, meaning.producer};
        if (quantised.empty() || piece.keeps_floats)
          return lower(fuse(piece.network, weights_of(piece.network, weights)), own);
        const QuantisedNetwork& of = quantised.at(name);
        return lower(of.network, own, {Precision::I8, &of.quantisation});
      });
}

}  // namespace atto::deploy
