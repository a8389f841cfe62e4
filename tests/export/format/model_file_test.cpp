#include "export/format/model_file.hpp"

#include <catch2/catch.hpp>
#include <cstring>
#include <optional>

#include "tests/export/format/sample_program.hpp"

namespace atto::format {
namespace {

using Bytes = std::vector<std::byte>;

/// The error that reading gives, if any.
std::optional<ModelError> error_of(const Bytes& file) {
  const test::AlignedBytes aligned(file);
  try {
    (void)decode(aligned.get());
    return std::nullopt;
  } catch (const ModelError& error) {
    return error;
  }
}

std::string field_of(const Bytes& file) {
  const auto error = error_of(file);
  return error ? error->field() : "accepted";
}

template <class Value>
Bytes with(Bytes file, std::size_t at, Value value, bool repaired = true) {
  std::memcpy(file.data() + at, &value, sizeof value);
  if (repaired) test::repair_checksum(file);
  return file;
}

Bytes flipped(Bytes file, std::size_t bit, bool repaired) {
  file[bit / 8] ^= std::byte(1 << bit % 8);
  if (repaired) test::repair_checksum(file);
  return file;
}

}  // namespace

TEST_CASE("a model file is read back as it was written") {
  const ModelFile model = test::sample_model();
  const Bytes file = encode(model);
  const test::AlignedBytes aligned(file);
  const ModelView view = decode(aligned.get());
  CHECK(view.weights_offset % kAlignment == 0);
  CHECK(Bytes(view.weights.begin(), view.weights.end()) == model.weights);
  CHECK(checksum(view.weights) == view.weights_checksum);
  CHECK(encode({view.program, model.weights}) == file);
  CHECK(view.program.name == "sample");
  CHECK(view.program.structure_hash == 42);
  CHECK(view.program.classes == std::vector<std::string>{"cat", "dog"});
  CHECK(view.program.deviation == model.program.deviation);
  REQUIRE(view.program.steps.size() == model.program.steps.size());
  CHECK(view.program.steps[3].residual == 0);
  CHECK(view.program.steps[2].window.across.pad == 1);
  CHECK(view.program.tensors[view.program.steps[2].output].is_in_strips());
  CHECK(view.program.steps[4].gather[2].lane == 13);
  CHECK(view.program.macs() == 32);
  CHECK(view.program.tensors[0].lanes == model.program.tensors[0].lanes);
}

TEST_CASE("a window that slides differently down and across is read back, as of version 6") {
  ModelFile model = test::sample_model();
  Window& window = model.program.steps[5].window;
  REQUIRE(window == Window{3, 3, {2, 1}, {2, 1}, 1});
  window.down.pad = 2;
  const Bytes file = encode(model);
  CHECK(static_cast<int>(file[8]) == 6);
  const test::AlignedBytes aligned(file);
  CHECK(decode(aligned.get()).program.steps[5].window == window);
}

TEST_CASE("a file that is cut anywhere is refused") {
  const Bytes file = encode(test::sample_model());
  const std::size_t weights = encode({test::sample_model().program, {}}).size();
  for (std::size_t size = 0; size < weights; ++size) {
    INFO(size);
    const auto error = error_of(Bytes(file.begin(), file.begin() + std::ptrdiff_t(size)));
    REQUIRE(error);
    CHECK(error->offset() <= 64);
  }
  CHECK(field_of(Bytes(file.begin(), file.end() - 1)) == "weight section");
}

TEST_CASE("a flipped bit in header or metadata is found") {
  const Bytes file = encode(test::sample_model());
  const std::size_t end = encode({test::sample_model().program, {}}).size() - kAlignment;
  int accepted = 0;
  for (std::size_t bit = 0; bit < end * 8; ++bit) {
    if (bit >= 56 * 8 && bit < 64 * 8) continue;  // the weights' checksum, compared on demand
    accepted += !error_of(flipped(file, bit, false));
  }
  CHECK(accepted == 0);
}

TEST_CASE("a flipped bit behind a right checksum is an error or a legal program") {
  const Bytes file = encode(test::sample_model());
  const std::size_t end = encode({test::sample_model().program, {}}).size();
  int refused = 0, accepted = 0;
  for (std::size_t bit = kHeaderBytes * 8; bit < end * 8; ++bit)
    ++(error_of(flipped(file, bit, true)) ? refused : accepted);
  CHECK(refused > accepted);  // names, means and counts may be anything
  CHECK(accepted > 0);
}

TEST_CASE("a file is of the oldest version that knows its steps") {
  ModelFile model = test::sample_model();
  const auto version = [&] { return static_cast<int>(encode(model)[8]); };
  CHECK(version() == 3);
  model.program.steps[1].is_winograd = true;
  CHECK(version() == 4);
  Step& step = model.program.steps[3];
  REQUIRE(model.program.tensors[step.inputs[0]].is_in_strips());
  step.kind = StepKind::Activate;
  CHECK(version() == 5);
  for (const StepKind kind : {StepKind::LayerNorm, StepKind::Bilinear, StepKind::Spread}) {
    step.kind = kind;
    CHECK(version() == 6);
  }
}

TEST_CASE("headers are checked field by field") {
  const Bytes file = encode(test::sample_model());
  CHECK(field_of(with(file, 0, 'B')) == "magic");
  for (const std::uint32_t version : {0U, kOldestVersion - 1, kVersion + 1})
    CHECK(field_of(with(file, 8, version)) == "version");
  CHECK(field_of(with(file, 12, 1)) == "reserved");
  CHECK(field_of(with(file, 48, std::uint64_t{0}, false)) == "checksum");
  for (const std::uint64_t wild : {std::uint64_t{0}, std::uint64_t{8}, file.size() + 8,
                                   ~std::uint64_t{7}, std::uint64_t{1} << 63}) {
    CHECK(field_of(with(file, 16, wild)) == "metadata section");
    CHECK(field_of(with(file, 32, wild)) == "weight section");
    if (wild > file.size()) CHECK(field_of(with(file, 24, wild)) == "metadata section");
    if (wild > file.size()) CHECK(field_of(with(file, 40, wild)) == "weight section");
  }
  CHECK(field_of(with(file, 16, std::uint64_t{68})) == "metadata section");
  CHECK(field_of(with(file, 32, std::uint64_t{72})) == "weight section");
  CHECK(field_of(with(file, 24, std::uint64_t{64})) == "metadata");
  SECTION("what() names field, byte and rule") {
    CHECK(std::string(error_of(with(file, 8, kVersion + 1))->what()) ==
          "version at byte 8: this runtime reads versions 3 to 6; got 7: export the model again");
  }
}

TEST_CASE("a buffer that is not aligned is refused") {
  const Bytes file = encode(test::sample_model());
  Bytes longer(file.size() + 8);
  const test::AlignedBytes aligned(longer);
  try {
    (void)decode(aligned.get().subspan(8));
    FAIL("accepted");
  } catch (const ModelError& error) {
    CHECK(error.field() == "buffer");
  }
}

TEST_CASE("the checksum depends on every byte, its place and the length") {
  Bytes bytes(100);
  const std::uint64_t zeros = checksum(bytes);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    bytes[i] = std::byte{1};
    CHECK(checksum(bytes) != zeros);
    bytes[i] = std::byte{0};
  }
  CHECK(checksum(std::span<const std::byte>(bytes).first(99)) != zeros);
  CHECK(checksum(bytes, 1) != zeros);
}

}  // namespace atto::format
