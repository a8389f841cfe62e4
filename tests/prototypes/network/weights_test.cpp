#include "prototypes/network/weights.hpp"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <cmath>
#include <cstring>
#include <fstream>
#include <limits>

#include "design_specs/errors.hpp"
#include "design_specs/files.hpp"
#include "design_specs/reading/json.hpp"
#include "design_specs/seeds/random.hpp"
#include "tests/prototypes/network/random_network.hpp"

namespace fs = std::filesystem;
using namespace atto;
using namespace atto::net;

namespace {

struct File {
  fs::path path =
      fs::temp_directory_path() / ("atto_w" + std::to_string(::getpid()) + ".safetensors");
  ~File() { fs::remove(path); }
};

Tensor filled(const std::vector<std::int64_t>& shape, std::uint64_t seed) {
  Tensor tensor{Tensor::Type::F32, shape, {}};
  spec::Random random(seed);
  tensor.bytes.resize(static_cast<std::size_t>(4 * tensor.elements()));
  for (std::uint8_t& byte : tensor.bytes) byte = static_cast<std::uint8_t>(random.below(256));
  return tensor;
}

TensorFile weights_of(const Network& network) {
  TensorFile file;
  for (const WeightSpec& spec : weight_specs(network))
    file.tensors[spec.name] = filled(spec.shape, spec::hash_bytes(spec.name));
  return file;
}

/// Returns a file of that header and as many data bytes, with the header's length in front.
std::string raw(const std::string& header, std::size_t data_bytes) {
  std::string bytes(8, '\0');
  for (int i = 0; i < 8; ++i)
    bytes[static_cast<std::size_t>(i)] = static_cast<char>(header.size() >> (8 * i));
  return bytes + header + std::string(data_bytes, 'd');
}

/// Returns the message with which a file of these bytes is refused, without the file's path.
std::string refusal(const std::string& bytes) {
  const File file;
  std::ofstream(file.path, std::ios::binary) << bytes;  // hundreds of files: no fsync
  try {
    read_safetensors(file.path);
  } catch (const SpecError& error) {
    std::string text = error.what();
    const std::string path = file.path.string();
    for (auto at = text.find(path); at != std::string::npos; at = text.find(path))
      text.replace(at, path.size(), "w");
    return text;
  }
  return "accepted";
}

}  // namespace

TEST_CASE("A network's tensors are named after its layers, in order") {
  const Network network{"n",
                        {3, 8, 8},
                        5,
                        {{"input", InputLayer{}, {}},
                         {"a.conv", Conv{8, 3, 1, 1, 1, true}, {0}},
                         {"b.conv", Conv{8, 5, 2, 4, 1, false}, {1}},
                         {"b.norm", BatchNorm{}, {2}},
                         {"dense", Dense{}, {3}}},
                        {{"head", 4}}};
  std::string text;
  for (const WeightSpec& spec : weight_specs(network)) {
    text += spec.name;
    for (const std::int64_t side : spec.shape) text += " " + std::to_string(side);
    text += spec.trained ? "; " : " kept; ";
  }
  CHECK(
      text ==
      "a.conv.weight 8 3 3 3; a.conv.bias 8; b.conv.weight 8 2 5 5; b.norm.weight 8; b.norm.bias "
      "8; "
      "b.norm.running_mean 8 kept; b.norm.running_var 8 kept; dense.weight 5 128; dense.bias 5; ");
}

TEST_CASE("Weights come back from a file as they were written") {
  const File file;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const Network network = random_network(seed);
    TensorFile written = weights_of(network);
    written.metadata = {{"design", "0123"}, {"a \"key\"", "line\nline"}};
    write_safetensors(file.path, written);
    const TensorFile read = read_safetensors(file.path);
    CHECK(read.metadata == written.metadata);
    REQUIRE(read.tensors.size() == written.tensors.size());
    for (const auto& [name, tensor] : written.tensors) {
      CHECK(read.tensors.at(name).shape == tensor.shape);
      CHECK(read.tensors.at(name).bytes == tensor.bytes);
    }
    CHECK_NOTHROW(check_weights(network, read, "w"));
  }
}

TEST_CASE("Every type is written aligned, with scalars and empty tensors") {
  const File file;
  TensorFile written;
  using Type = Tensor::Type;
  const std::pair<Type, std::size_t> types[] = {{Type::U8, 1},   {Type::I8, 1},  {Type::F16, 2},
                                                {Type::BF16, 2}, {Type::F32, 4}, {Type::I32, 4},
                                                {Type::I64, 8}};
  for (const auto& [type, bytes] : types) {
    const std::string name = "t" + std::to_string(static_cast<int>(type));
    written.tensors[name] = {type, {3}, std::vector<std::uint8_t>(3 * bytes, 7)};
    written.tensors[name + "scalar"] = {type, {}, std::vector<std::uint8_t>(bytes, 9)};
    written.tensors[name + "empty"] = {type, {2, 0}, {}};
  }
  write_safetensors(file.path, written);
  const TensorFile read = read_safetensors(file.path);
  REQUIRE(read.tensors.size() == written.tensors.size());
  for (const auto& [name, tensor] : written.tensors) {
    CHECK(read.tensors.at(name).type == tensor.type);
    CHECK(read.tensors.at(name).shape == tensor.shape);
    CHECK(read.tensors.at(name).bytes == tensor.bytes);
  }
  SECTION("the file's bytes, for other readers") {
    TensorFile one;
    one.tensors["a"] = {Type::U8, {2}, {'x', 'y'}};
    one.metadata["k"] = "v";
    write_safetensors(file.path, one);
    std::string header =
        R"({"__metadata__":{"k":"v"},"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}})";
    header.resize((header.size() + 7) / 8 * 8, ' ');
    const std::string text = raw(header, 0);
    CHECK(spec::read_file(file.path) == text + "xy");
  }
  SECTION("bytes that do not match the shape are our bug") {
    written.tensors["bad"] = {Type::F32, {2}, {1, 2, 3}};
    CHECK_THROWS_AS(write_safetensors(file.path, written), InternalError);
  }
}

TEST_CASE("A hostile file is refused with its reason") {
  const auto entry = [](const std::string& name, const std::string& dtype, const std::string& shape,
                        const std::string& offsets) {
    return "\"" + name + "\":{\"dtype\":\"" + dtype + "\",\"shape\":" + shape +
           ",\"data_offsets\":" + offsets + "}";
  };
  const std::string good = entry("a", "F32", "[2]", "[0,8]");
  REQUIRE(refusal(raw("{" + good + "}", 8)) == "accepted");
  SECTION("lengths") {
    CHECK(refusal("") == "w: a safetensors file has at least 8 bytes; got 0 bytes");
    CHECK(refusal("1234567") == "w: a safetensors file has at least 8 bytes; got 7 bytes");
    CHECK(refusal(std::string(8, '\xff')) ==
          "w: the header must end inside the file of 8 bytes; got a header of 18446744073709551615 "
          "bytes");
    CHECK(refusal(raw("{}", 0).substr(0, 9)) ==
          "w: the header must end inside the file of 9 bytes; got a header of 2 bytes");
    CHECK(refusal(raw(std::string(spec::kMaxFileBytes + 1, ' '), 0)) ==
          "w: the header must be at most 1048576 bytes; got 1048577 bytes");
  }
  SECTION("the header's text") {
    CHECK(refusal(raw("", 0)) == "w (header):1:1: must hold a JSON value; got an empty file");
    CHECK(refusal(raw("[]", 0)) == "w (header):1:1: must be an object; got []");
    CHECK(refusal(raw("{" + good, 8)) ==
          "w (header):1:54: the '{' at 1:1 must be closed; got the end of the file");
    CHECK(refusal(raw("{\"a\":5}", 0)) == "w (header):1:6: /a: must be an object; got 5");
    CHECK(refusal(raw("{\"a\":{}}", 0)) ==
          "w (header):1:6: /a: missing key \"dtype\"\nw (header):1:6: /a: missing key \"shape\"\n"
          "w (header):1:6: /a: missing key \"data_offsets\"");
    CHECK(refusal(raw("{" + good + "," + good + "}", 8)) ==
          "w (header):1:55: /a: duplicate tensor");
    CHECK(refusal(raw(R"({"__metadata__":{"a":1}})", 0)) ==
          "w (header):1:22: /__metadata__/a: must be a text in double quotes; got 1");
  }
  SECTION("types, shapes and offsets") {
    CHECK(
        refusal(raw("{" + entry("a", "F64", "[1]", "[0,8]") + "}", 8)) ==
        "w (header):1:15: /a/dtype: must be one of F32, F16, BF16, I64, I32, I8, U8; got \"F64\"");
    CHECK(refusal(raw("{" + entry("a", "F32", "[-2]", "[0,8]") + "}", 8)) ==
          "w (header):1:30: /a/shape/0: must be >= 0; got -2");
    CHECK(
        refusal(raw("{" + entry("a", "F32", "[3]", "[0,8]") + "}", 8)) ==
        "w (header):1:48: /a/data_offsets: must span 12 bytes, as type and shape say; got [0, 8]");
    CHECK(refusal(raw("{" + entry("a", "F32", "[4294967296,4294967296]", "[0,0]") + "}", 0)) ==
          "w (header):1:68: /a/data_offsets: the shape must fit 64 bits; got [0, 0]");
    CHECK(refusal(raw("{" + entry("a", "F32", "[2]", "[0,8]") + "}", 7)) ==
          "w (header):1:51: /a/data_offsets/1: must be <= 7; got 8");
    CHECK(refusal(raw("{" + entry("a", "F32", "[2]", "[8,0]") + "}", 8)) ==
          "w (header):1:48: /a/data_offsets: begin must be <= end; got [8, 0]");
    CHECK(refusal(raw("{" + entry("a", "F32", "[2]", "[0]") + "}", 8)) ==
          "w (header):1:48: /a/data_offsets: must be [begin, end]; got [0]");
    CHECK(refusal(raw("{" + entry("a", "F32", "2", "[0,8]") + "}", 8)) ==
          "w (header):1:29: /a/shape: must be a list of sizes; got 2");
  }
  SECTION("the cover of the data") {
    const std::string overlap = "{" + good + "," + entry("b", "F32", "[2]", "[4,12]") + "}";
    CHECK(refusal(raw(overlap, 12)) ==
          "w (header):1:101: /b/data_offsets: must begin at 8: tensors lie without overlaps; got "
          "[4, 12]");
    const std::string gap = "{" + good + "," + entry("b", "F32", "[1]", "[12,16]") + "}";
    CHECK(refusal(raw(gap, 16)) ==
          "w (header):1:101: /b/data_offsets: must begin at 8: tensors lie without gaps; got [12, "
          "16]");
    CHECK(refusal(raw("{" + good + "}", 9)) ==
          "w (header):1:1: the tensors must cover all 9 data bytes; got 8");
    const std::string swapped = "{" + entry("b", "F32", "[1]", "[8,12]") + "," + good + "}";
    CHECK(refusal(raw(swapped, 12)) == "accepted");
  }
}

TEST_CASE("A file with a byte changed or cut off is read or refused, never worse") {
  const File file;
  write_safetensors(file.path, weights_of(random_network(3, 8)));
  const std::string bytes = spec::read_file(file.path);
  const std::size_t header = bytes.find("}}") + 2;
  for (std::uint64_t seed = 0; seed < 400; ++seed) {
    spec::Random random(seed);
    std::string changed = bytes;
    changed[random.below(header)] = static_cast<char>(random.below(256));
    if (random.below(4) == 0) changed.resize(random.below(changed.size()));
    CHECK_FALSE(refusal(changed).empty());
  }
}

TEST_CASE("Weights that do not fit the network are all listed") {
  const Network network{"n",
                        {3, 4, 4},
                        2,
                        {{"input", InputLayer{}, {}}, {"c", Conv{8, 3}, {0}}, {"d", Dense{}, {1}}},
                        {{"out", 2}}};
  TensorFile file = weights_of(network);
  file.tensors.erase("d.bias");
  file.tensors["c.weight"].shape = {8, 27};
  file.tensors["d.weight"].type = Tensor::Type::I32;
  file.tensors["extra"] = filled({1}, 1);
  CHECK_THROWS_WITH(check_weights(network, file, "w.safetensors"),
                    "w.safetensors: c.weight: must have the shape [8, 3, 3, 3]; got [8, 27]\n"
                    "w.safetensors: d.weight: must be of type F32, F16 or BF16\n"
                    "w.safetensors: d.bias: missing tensor of shape [2]\n"
                    "w.safetensors: extra: unknown tensor; the network has none of this name");
}

TEST_CASE("weights of half precision are widened, every value exactly, and counters passed over") {
  const auto halves = [](Tensor::Type type, const std::vector<std::uint16_t>& bits) {
    Tensor tensor{type, {static_cast<std::int64_t>(bits.size())}, {}};
    tensor.bytes.resize(2 * bits.size());
    std::memcpy(tensor.bytes.data(), bits.data(), tensor.bytes.size());
    return tensor;
  };
  TensorFile file;
  // 1, -2, the largest, the smallest normal, the smallest, -0, infinity
  file.tensors["f16"] =
      halves(Tensor::Type::F16, {0x3C00, 0xC000, 0x7BFF, 0x0400, 0x0001, 0x8000, 0x7C00});
  file.tensors["bf16"] = halves(Tensor::Type::BF16, {0x3F80, 0xC000, 0x0001});
  file.tensors["bn.num_batches_tracked"] = {Tensor::Type::I64, {}, std::vector<std::uint8_t>(8)};
  file.tensors["f32"] = filled({3}, 1);
  const Tensor whole = file.tensors["f32"];
  widen(file);
  const auto values = [&](const char* name) {
    const Tensor& tensor = file.tensors.at(name);
    CHECK(tensor.type == Tensor::Type::F32);
    std::vector<float> read(static_cast<std::size_t>(tensor.elements()));
    REQUIRE(tensor.bytes.size() == 4 * read.size());
    std::memcpy(read.data(), tensor.bytes.data(), tensor.bytes.size());
    return read;
  };
  CHECK(values("f16") == std::vector<float>{1, -2, 65504, 0x1p-14F, 0x1p-24F, -0.0F,
                                            std::numeric_limits<float>::infinity()});
  CHECK(std::signbit(values("f16")[5]));
  CHECK(values("bf16") == std::vector<float>{1, -2, 0x1p-133F});
  CHECK(file.tensors.at("f32").bytes == whole.bytes);
  CHECK(file.tensors.count("bn.num_batches_tracked") == 0);
}
