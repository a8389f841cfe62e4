#pragma once
// A detector as the programs of its .atto file.

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "export/format/detector_file.hpp"
#include "export/lowering/lower.hpp"
#include "prototypes/network/detector.hpp"
#include "prototypes/network/weights.hpp"

namespace atto::deploy {

/// A network of which a program is made.
struct Piece {
  net::Network network;
  bool keeps_floats = false;  ///< also where the others are quantised
};

/// Returns the networks of a detector's programs, the proposal network once a level. `cut`: the
/// layers that give the outputs of all but the trunk are apart, and keep floats: what they say are
/// coordinates and logits, for which 8 bits are few.
format::DetectorOf<Piece> pieces_of(const net::DetectorParts& detector, bool cut);

/// Returns the tensors of one network out of those of several.
net::TensorFile weights_of(const net::Network& network, const net::TensorFile& all);

/// Lowers one piece, whose name is as format::changed() has it.
using LowerPiece = std::function<format::ModelFile(const Piece& piece, const std::string& name)>;

/// Returns the bytes of the file; of pieces cut as they are lowered. Throws as `lower` does.
/// Precondition: the anchors are stated.
std::vector<std::byte> detector_bytes(const net::DetectorParts& detector, bool cut,
                                      const LowerPiece& lower);

/// By name, the pieces of pieces_of(detector, true) that do not keep floats.
using QuantisedPieces = std::map<std::string, QuantisedNetwork>;

/// The same of the weights: in floats where nothing is quantised, else cut.
std::vector<std::byte> detector_bytes(const net::DetectorParts& detector,
                                      const net::TensorFile& weights, const Meaning& meaning,
                                      const QuantisedPieces& quantised = {});

}  // namespace atto::deploy
