// The written C, compiled and run: the interpreters' results, under every flag that changes how
// floats are computed.
#include "export/c/c_source.hpp"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <cmath>

#include "design_specs/errors.hpp"
#include "design_specs/files.hpp"
#include "design_specs/seeds/random.hpp"
#include "export/c/c_names.hpp"
#include "export/c/compiled.hpp"
#include "export/lowering/passes.hpp"
#include "export/quantisation/quantise.hpp"
#include "export/reference/fused_interpreter.hpp"
#include "export/reference/int8_interpreter.hpp"
#include "prototypes/network/costs.hpp"
#include "tests/export/random_weights.hpp"
#include "tests/export/runtime/runtime_networks.hpp"
#include "tests/prototypes/network/random_network.hpp"
#define KERNEL_HAS_NO_FLOATS 1
#include "export/c/kernels/i8/i8_to.h"

namespace atto::deploy::c {
namespace {

namespace fs = std::filesystem;
using Flags = std::vector<std::string>;

const Flags kStrict = {"-std=c99", "-O2", "-Wall", "-Wextra", "-Wpedantic", "-Werror"};
const Flags kCpp = {"-x", "c++", "-std=c++11", "-O1", "-Wall", "-Wextra", "-Werror"};
/// With contraction and reordering, where the CPU has fused instructions; last watched.
const std::vector<Flags> kFast = {
    {"-std=gnu11", "-O3", "-march=native"},
    {"-std=gnu11", "-Ofast", "-march=native"},
    {"-std=c99", "-Os"},
    {"-std=c99", "-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"}};

struct Scratch {
  fs::path folder = fs::temp_directory_path() / ("atto_c_" + std::to_string(::getpid()));
  Scratch() { fs::create_directories(folder); }
  ~Scratch() { fs::remove_all(folder); }
};

/// All outputs, one behind the other.
std::vector<float> joined(const std::vector<std::vector<float>>& outputs) {
  std::vector<float> all;
  for (const std::vector<float>& output : outputs)
    all.insert(all.end(), output.begin(), output.end());
  return all;
}

/// The network in both precisions, and its images.
struct Model {
  FusedNetwork floats, clamped;
  std::optional<Quantisation> quantisation;  ///< absent where int8 cannot express it
  std::vector<std::uint8_t> pixels;          ///< [height][width][channels]
  std::vector<float> values;                 ///< [channels][height][width], of these pixels

  explicit Model(const net::Network& network) {
    const net::TensorFile weights = test::random_weights(network, 3);
    floats = fuse(network, weights);
    clamped = fuse(network, weights, Attach::Clamps);
    std::vector<float> images = test::random_image(network.input, 5);
    const std::vector<float> other = test::random_image(network.input, 6);
    images.insert(images.end(), other.begin(), other.end());
    try {
      quantisation = quantise(clamped, images);
    } catch (const SpecError&) {
    }
    take_pixels(test::random_image(network.input, 7));
  }

  /// Mean 0.5, deviation 0.25: pixel / 63.75 - 2.
  void take_pixels(const std::vector<float>& image) {
    const auto channels = static_cast<std::size_t>(floats.nodes[0].shape.channels);
    const std::size_t plane = image.size() / channels;
    const PixelScaling scaling = pixel_scaling(subject(floats));
    values.resize(image.size());
    pixels.resize(image.size());
    for (std::size_t c = 0; c < channels; ++c)
      for (std::size_t p = 0; p < plane; ++p) {
        const float pixel =
            std::clamp(std::nearbyint((image[c * plane + p] + 2) * 63.75F), 0.0F, 255.0F);
        pixels[p * channels + c] = static_cast<std::uint8_t>(pixel);
        values[c * plane + p] = pixel * scaling.scale[c] + scaling.shift[c];
      }
  }

  CSubject subject(const FusedNetwork& network) const {
    const auto channels = static_cast<std::size_t>(network.nodes[0].shape.channels);
    const bool is_int8 = &network == &clamped;
    return {network,
            is_int8 ? &*quantisation : nullptr,
            std::vector<float>(channels, 0.5F),
            std::vector<float>(channels, 0.25F),
            {},
            1,
            2,
            "model"};
  }

  /// All outputs; of pixels where `has_pixels`.
  std::vector<float> made(bool is_int8, const Flags& flags, bool has_pixels) const {
    const Scratch scratch;
    const FusedNetwork& network = is_int8 ? clamped : floats;
    const CSource source = c_source(subject(network));
    spec::write_file_atomically(scratch.folder / "model.c", source.source);
    spec::write_file_atomically(scratch.folder / "model.h", source.header);
    const CompiledModel model{scratch.folder / "model.c", flags};
    const Outputs outputs =
        run_compiled(model, has_pixels ? Images{pixels, {}} : Images{{}, values});
    REQUIRE(outputs.not_run.empty());
    return outputs.values;
  }
};

/// Returns false where int8 cannot express the network.
bool require_same(const net::Network& network, const std::vector<Flags>& all) {
  const Model model(network);
  const auto wanted = joined(FusedInterpreter(model.floats).run(model.values));
  CHECK(test::relative_error(model.made(false, all.front(), true), wanted) < 1e-5);
  if (!model.quantisation) return false;
  const auto bytes = joined(Int8Interpreter(model.clamped, *model.quantisation).run(model.values));
  const auto is_softmax = [&](const net::Output& output) {
    const FusedNode& node = model.clamped.nodes[static_cast<std::size_t>(output.layer)];
    return std::holds_alternative<net::Softmax>(node.op);
  };
  const auto& outputs = model.clamped.outputs;
  for (const Flags& flags : all) {
    const std::vector<float> made = model.made(true, flags, &flags != &all.front());
    if (std::any_of(outputs.begin(), outputs.end(), is_softmax))
      CHECK(test::relative_error(made, bytes) < 1e-5);
    else
      CHECK((made == bytes));
  }
  return true;
}

}  // namespace

TEST_CASE("C: random networks of every operation give the interpreters' results") {
  int count = 0;
  for (std::uint64_t seed = 0; seed < 8; ++seed) {
    INFO(seed);
    count += require_same(net::random_network(seed), {kStrict, kFast[seed % kFast.size()]});
  }
  CHECK(count >= 5);
}

TEST_CASE("C: generated designs give the interpreters' results, as C and as C++") {
  for (const test::NamedNetwork& named : test::generated_networks("quickstart", 1)) {
    INFO(named.name);
    require_same(named.network, {kStrict, kCpp});
  }
}

TEST_CASE("C: many random networks under every flag", "[.slow]") {
  std::vector<Flags> all = kFast;
  all.insert(all.begin(), kStrict);
  for (std::uint64_t seed = 8; seed < 58; ++seed) {
    INFO(seed);
    require_same(net::random_network(seed), all);
  }
}

// A compiler takes minutes and gigabytes to read 25 million weights.
TEST_CASE("C: shipped prototypes of at most six million parameters give the interpreters' results",
          "[.slow]") {
  int count = 0;
  for (const test::NamedNetwork& named : test::shipped_networks(33)) {
    if (net::count_costs(named.network).params > 6'000'000) continue;
    INFO(named.name);
    require_same(named.network, {kStrict});
    ++count;
  }
  CHECK(count >= 25);
}

TEST_CASE("C: sums become the same bytes in whole numbers as in floats") {
  spec::Random random(11);
  int wrong = 0;
  for (int i = 0; i < 2000000; ++i) {
    // From 2^-24 to 2^4; sums of which half fall near the middle of two steps.
    const auto factor = static_cast<float>(std::exp2(28 * random.uniform() - 24));
    const double middle = static_cast<double>(random.below(600)) - 299.5;
    double sum = i % 2 == 0
                     ? std::nearbyint(middle / factor) + static_cast<double>(random.below(5)) - 2
                     : std::exp2(31 * random.uniform()) - std::exp2(31 * random.uniform());
    sum = std::clamp(sum, -2147483647.0, 2147483647.0);
    const auto zero = static_cast<std::int32_t>(random.below(256));
    const kernel_i8_to to = {zero, i % 3 == 0 ? zero : 0, i % 5 == 0 ? std::max(zero, 200) : 255};
    const auto whole = static_cast<std::int32_t>(sum);
    const std::uint8_t wanted =
        kernel_byte(static_cast<std::int32_t>(std::clamp(
                        std::nearbyint(static_cast<float>(whole) * factor), -1024.0F, 1024.0F)) +
                        zero,
                    to.low, to.high);
    wrong += kernel_i8_scaled(whole, factor, &to) != wanted;
  }
  CHECK(wrong == 0);
}

TEST_CASE("Names become identifiers, comments and strings of C") {
  CHECK(identifier("my-net.2") == "my_net_2");
  CHECK(identifier("8bit") == "net_8bit");
  CHECK(identifier("_x") == "net_x");
  CHECK(comment_text("a*/b/*c?\?/\n\\") == "a* /b/ *c? ?/__");
  CHECK(string_literal("caf\xc3\xa9 \"?\?/\" \\\n7") ==
        "\"caf\\303\\251 \\\"\\?\\?/\\\" \\\\\\0127\"");
}

}  // namespace atto::deploy::c
