#pragma once
// Named weights, and their safetensors files (https://github.com/huggingface/safetensors: 8 bytes
// of little-endian header length, a JSON header, then the data).

#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "prototypes/network/network.hpp"

namespace atto::net {

/// A dense tensor, row-major. `bytes` holds exactly the shape's elements of the type.
struct Tensor {
  enum class Type : std::uint8_t { F32, F16, BF16, I64, I32, I8, U8 } type = Type::F32;
  std::vector<std::int64_t> shape;
  std::vector<std::uint8_t> bytes;
  std::int64_t elements() const;
};

struct TensorFile {
  std::map<std::string, Tensor> tensors;
  std::map<std::string, std::string> metadata;
};

/// Reads a file; hostile until read: every offset and size is checked, the header is at most 1 MiB
/// (the cap of every JSON text, some 8,000 tensors), and the tensors cover the data without gap or
/// overlap. Throws SpecError naming the file and the rule (a person handed it over),
/// EnvironmentError when it cannot be opened.
TensorFile read_safetensors(const std::filesystem::path& file);
/// Writes to a temporary file, syncs and renames. Throws EnvironmentError; SpecError for a header
/// over 1 MiB; InternalError for a tensor whose bytes do not match its shape.
void write_safetensors(const std::filesystem::path& file, const TensorFile& contents);

/// Makes weights of PyTorch what check_weights() asks for: F16 and BF16 become F32 (exactly), and
/// batch norms' num_batches_tracked, which computes nothing, is left out.
void widen(TensorFile& weights);

/// One tensor that a network needs.
struct WeightSpec {
  std::string name;  ///< layer name + ".weight", ".bias", ".running_mean", ".running_var"
  std::vector<std::int64_t> shape;
  bool trained = true;  ///< false: running statistics
  int layer = 0;
};

/// Lists every tensor of a network, in layer order: conv weight [O, I/g, k, k] (and bias [O]);
/// deconv weight [I, O, k, k] (and bias [O]); batch norm weight, bias, running_mean, running_var
/// [C]; layer norm weight and bias [C]; layer scale weight [C]; dense weight [O, I] and bias [O].
std::vector<WeightSpec> weight_specs(const Network& network);

/// Throws SpecError unless the file holds exactly the tensors of a network, or of several together,
/// as F32 of the right shapes.
void check_weights(const Network& network, const TensorFile& weights, const std::string& file);
void check_weights(std::span<const Network* const> networks, const TensorFile& weights,
                   const std::string& file);

}  // namespace atto::net
