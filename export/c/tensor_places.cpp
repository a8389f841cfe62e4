#include "export/c/tensor_places.hpp"

#include <algorithm>

#include "export/lowering/arena.hpp"

namespace atto::deploy::c {
namespace {

constexpr std::uint64_t kAlignment = 8;
/// Kernels read words: so many bytes may lie behind the last tensor.
constexpr std::uint64_t kBehind = 8;

std::size_t at(int index) {
  return static_cast<std::size_t>(index);
}

std::uint64_t aligned(std::uint64_t bytes) {
  return (bytes + kAlignment - 1) / kAlignment * kAlignment;
}

/// By node: the last that reads it; outputs are read at the end.
std::vector<std::size_t> last_readers(const FusedNetwork& network) {
  std::vector<std::size_t> last(network.nodes.size());
  for (std::size_t i = 0; i < network.nodes.size(); ++i) {
    last[i] = i;
    for (const int input : network.nodes[i].inputs) last[at(input)] = i;
    if (network.nodes[i].residual >= 0) last[at(network.nodes[i].residual)] = i;
  }
  for (const net::Output& output : network.outputs) last[at(output.layer)] = network.nodes.size();
  return last;
}

}  // namespace

TensorPlaces place_tensors(const FusedNetwork& network, const std::vector<Room>& rooms) {
  const std::vector<std::size_t> last = last_readers(network);
  std::vector<Piece> pieces;
  std::vector<std::size_t> piece_of, scratch_of;
  for (std::size_t i = 0; i < rooms.size(); ++i) {
    const std::uint64_t bytes = aligned(rooms[i].bytes);
    const auto over = std::find_if(rooms[i].over.begin(), rooms[i].over.end(), [&](int other) {
      return last[at(other)] == i && pieces[piece_of[at(other)]].bytes >= bytes;
    });
    if (over == rooms[i].over.end()) {
      piece_of.push_back(pieces.size());
      pieces.push_back({bytes, i, last[i]});
    } else {
      piece_of.push_back(piece_of[at(*over)]);
      pieces[piece_of.back()].last = last[i];
    }
    scratch_of.push_back(pieces.size());
    pieces.push_back({aligned(rooms[i].scratch), i, i});
  }
  TensorPlaces places;
  places.arena_bytes = place_pieces(pieces) + kBehind;
  for (std::size_t i = 0; i < rooms.size(); ++i) {
    places.tensors.push_back(pieces[piece_of[i]].offset);
    places.scratch.push_back(pieces[scratch_of[i]].offset);
  }
  return places;
}

}  // namespace atto::deploy::c
