// Every rule of a program, broken one at a time.
#include <catch2/catch.hpp>
#include <functional>
#include <limits>

#include "export/format/program_rules.hpp"
#include "tests/export/format/sample_program.hpp"

namespace atto::format {
namespace {

struct Refused {
  std::string field, rule;
};

/// Returns the field of the first broken rule, "" for a legal program.
std::string refused_field(const Program& program, std::uint64_t weight_bytes) {
  try {
    check_program(program, weight_bytes, [](std::string_view field, std::string_view rule) {
      throw Refused{std::string(field), std::string(rule)};
    });
  } catch (const Refused& refused) {
    CHECK_FALSE(refused.rule.empty());
    return refused.field;
  }
  return "";
}

using Bend = std::function<void(Program&)>;

std::string bent(const Bend& bend) {
  ModelFile model = test::sample_model();
  bend(model.program);
  return refused_field(model.program, model.weights.size());
}

constexpr std::size_t kStem = 0, kGrouped = 1, kDepthwise = 2, kPointwise = 3, kGather = 4,
                      kPool = 5, kProduct = 6, kMean = 7, kDense = 8, kSoftmax = 9;
constexpr std::uint32_t kStrips = 9;  // the tensor in strips
constexpr std::int32_t kHuge = std::numeric_limits<std::int32_t>::max();

}  // namespace

TEST_CASE("the sample is legal, and needs all of its weights") {
  const ModelFile model = test::sample_model();
  CHECK(refused_field(model.program, model.weights.size()).empty());
  CHECK(refused_field(model.program, model.weights.size() - 1) == "steps[8].bias");
  CHECK(refused_field(model.program, 0) == "steps[0].weights");
}

TEST_CASE("shapes are bounded") {
  CHECK(bent([](Program& p) { p.channels = 0; }) == "channels");
  CHECK(bent([](Program& p) { p.height = kHuge; }) == "height and width");
  CHECK(bent([](Program& p) { p.height = p.width = 1 << 16; }) == "image");
  CHECK(bent([](Program& p) { p.mean.pop_back(); }) == "normalisation");
  CHECK(bent([](Program& p) { p.mean[1] = NAN; }) == "mean");
  CHECK(bent([](Program& p) { p.deviation[1] = 0; }) == "deviation");
  CHECK(bent([](Program& p) { p.tensors[1].width = -1; }) == "tensors[1].shape");
  CHECK(bent([](Program& p) { p.tensors[1].height = p.tensors[1].width = 1 << 16; }) ==
        "tensors[1].shape");
  CHECK(bent([](Program& p) { p.tensors[1].halo = -1; }) == "tensors[1].halo");
  CHECK(bent([](Program& p) { p.tensors[1].halo = kHuge; }) == "tensors[1].halo");
  CHECK(bent([](Program& p) {
          p.tensors[1].height = 1 << 16;
          p.tensors[1].halo = 1 << 21;
        }) == "tensors[1].shape");
  CHECK(bent([](Program& p) { p.tensors[1].element = Element::Bf16; }) == "tensors[1].element");
  CHECK(bent([](Program& p) { p.tensors[1].element = Element::U8; }) == "steps[1].inputs");
  CHECK(bent([](Program& p) { p.tensors[1].scale = 0; }) == "tensors[1].scale");
  CHECK(bent([](Program& p) { p.tensors[1].zero_point = 256; }) == "tensors[1].zero_point");
}

TEST_CASE("lanes hold every channel once") {
  CHECK(bent([](Program& p) { p.tensors[0].lanes.pop_back(); }) == "tensors[0].lanes");
  CHECK(bent([](Program& p) { p.tensors[0].lanes[3] = 16; }) == "tensors[0].lanes");
  CHECK(bent([](Program& p) { p.tensors[0].lanes[3] = p.tensors[0].lanes[4]; }) ==
        "tensors[0].lanes");
  CHECK(bent([](Program& p) { p.tensors[0].lanes[3] = -1; }) == "tensors[0].lanes");
}

TEST_CASE("storages lie in the arena, hold their tensors and do not meet while in use") {
  CHECK(bent([](Program& p) { p.arena_bytes = std::uint64_t{1} << 60; }) == "arena_bytes");
  CHECK(bent([](Program& p) { p.arena_bytes -= 64; }) == "storages[7].bytes");
  CHECK(bent([](Program& p) { p.storages[0].bytes = ~std::uint64_t{0}; }) == "storages[0].bytes");
  CHECK(bent([](Program& p) { p.storages[1].offset += 4; }) == "storages[1].offset");
  CHECK(bent([](Program& p) { p.storages[1].bytes -= 64; }) == "tensors[1].storage");
  CHECK(bent([](Program& p) { p.tensors[1].storage = 99; }) == "tensors[1].storage");
  CHECK(bent([](Program& p) { p.storages[1].offset = p.storages[0].offset; }) ==
        "storages[1].offset");
  CHECK(bent([](Program& p) { p.storages[2].offset -= 64; }) == "storages[2].offset");
  // stem is dead once the pair has added it.
  CHECK(bent([](Program& p) { p.storages[3].offset = p.storages[0].offset; }).empty());
}

TEST_CASE("steps run in order: no cycles, no second writer, no reader of what is gone") {
  CHECK(bent([](Program& p) { p.steps[kGrouped].inputs = {2}; }) == "steps[1].inputs");
  CHECK(bent([](Program& p) { p.steps[kGrouped].inputs = {1}; }) == "steps[1].inputs");
  CHECK(bent([](Program& p) { p.steps[kGrouped].inputs = {4'000'000'000U}; }) == "steps[1].inputs");
  CHECK(bent([](Program& p) { p.steps[kGrouped].output = 0; }) == "steps[1].output");
  CHECK(bent([](Program& p) { p.steps[kGrouped].output = 1000; }) == "steps[1].output");
  CHECK(bent([](Program& p) { p.steps[kPointwise].residual = 2; }) == "steps[3].residual");
  CHECK(bent([](Program& p) { p.steps[kPointwise].residual = -7; }) == "steps[3].residual");
  CHECK(bent([](Program& p) { p.outputs.clear(); }) == "outputs");
  CHECK(bent([](Program& p) { p.outputs[0].tensor = 100; }) == "outputs");
  CHECK(bent([](Program& p) { p.outputs[0].tensor = 7; }) == "outputs");  // replaced in place
}

TEST_CASE("convolutions stay inside map, halo and weights") {
  CHECK(bent([](Program& p) { p.steps[kGrouped].window.across.pad = 2; }) == "steps[1].window.pad");
  CHECK(bent([](Program& p) { p.steps[kGrouped].window.width = 5; }) == "steps[1].window");
  CHECK(bent([](Program& p) { p.steps[kGrouped].window.across.stride = 2; }) == "steps[1].window");
  CHECK(bent([](Program& p) { p.steps[kGrouped].window.across.stride = 0; }) ==
        "steps[1].window.stride");
  CHECK(bent([](Program& p) { p.steps[kGrouped].window.dilation = kHuge; }) ==
        "steps[1].window.dilation");
  CHECK(bent([](Program& p) { p.steps[kGrouped].window.height = 63; }) == "steps[1].weights");
  CHECK(bent([](Program& p) {
          p.steps[kDense].window = {1 << 16, 1, {1, 0}, {1, 0}, 1};
          p.steps[kDense].wiring.in_blocks = 1;
        }) == "steps[8].weights");
  CHECK(bent([](Program& p) {
          p.tensors[6].halo = 1 << 16;
          p.storages[6].offset = p.arena_bytes;
          p.storages[6].bytes = static_cast<std::uint64_t>(p.tensors[6].extent()) * 4;
          p.arena_bytes += p.storages[6].bytes;
          p.steps[kDense].window = {1 << 16, 1 << 16, {1, 0}, {1, 0}, 1};
        }) == "steps[8].window");
  CHECK(bent([](Program& p) { p.steps[kGrouped].wiring.groups = 2; }) ==
        "steps[1].wiring.in_blocks");
  CHECK(bent([](Program& p) { p.steps[kGrouped].wiring.out_blocks = 2; }) ==
        "steps[1].wiring.out_blocks");
  CHECK(bent([](Program& p) { p.steps[kGrouped].wiring.interleave = 3; }) ==
        "steps[1].wiring.interleave");
  CHECK(bent([](Program& p) { p.steps[kGrouped].wiring.last_depth = 9; }) ==
        "steps[1].wiring.last_depth");
  CHECK(bent([](Program& p) { p.steps[kGrouped].wiring.groups = kHuge; }) == "steps[1].wiring");
  CHECK(bent([](Program& p) { p.steps[kGrouped].parameters.weights += 4; }) == "steps[1].weights");
  CHECK(bent([](Program& p) { p.steps[kGrouped].parameters.bias = ~std::uint64_t{63}; }) ==
        "steps[1].bias");
  CHECK(bent([](Program& p) { p.steps[kDepthwise].parameters.weights = 1 << 30; }) ==
        "steps[2].weights");
  CHECK(bent([](Program& p) { p.steps[kDepthwise].window.across.pad = 3; }) ==
        "steps[2].window.pad");
  CHECK(bent([](Program& p) { p.steps[kPointwise].window.width = 3; }) == "steps[3].window");
  CHECK(bent([](Program& p) { p.steps[kPointwise].wiring.interleave = 2; }) ==
        "steps[3].wiring.last_depth");
  CHECK(bent([](Program& p) { p.steps[kStem].window.height = 64; }) == "steps[0].window");
  CHECK(bent([](Program& p) {
          p.steps[kStem].window = {3, 3, {1, 2}, {1, 2}, 2};
        }) == "steps[0].window");
  CHECK(bent([](Program& p) { p.steps[kStem].wiring.groups = 2; }) == "steps[0].wiring");
  CHECK(bent([](Program& p) { p.steps[kStem].inputs = {0}; }) == "steps[0].inputs");
}

TEST_CASE("what comes in strips goes to the next step alone") {
  const auto in_strips = [](std::size_t tensor, std::size_t step, StepKind kind) {
    return bent([&](Program& p) {
      p.tensors[tensor].storage = kInStrips;
      p.steps[step].kind = kind;
    });
  };
  CHECK(in_strips(1, kGrouped, StepKind::Conv).empty());  // a chain of three
  CHECK(in_strips(0, kStem, StepKind::ImageConv) == "steps[3].residual");
  CHECK(in_strips(2, kPointwise, StepKind::Conv) == "steps[3].output");  // a gather reads it
  CHECK(in_strips(3, kGather, StepKind::Gather) == "steps[4].output");
  CHECK(in_strips(7, kDense, StepKind::Conv) == "steps[8].output");
  CHECK(bent([](Program& p) { p.outputs[0].tensor = kStrips; }) == "outputs");
  CHECK(bent([](Program& p) { p.steps[kGather].inputs = {kStrips}; }) == "steps[4].inputs");
  CHECK(bent([](Program& p) { p.steps[kPointwise].inputs = {1}; }) == "steps[2].output");
  CHECK(bent([](Program& p) { p.steps[kPointwise].residual = kStrips; }) == "steps[3].residual");
  SECTION("a step without a window hands them on") {
    const auto activated = [](const Window& window, std::uint32_t storage) {
      return bent([&](Program& p) {
        p.tensors[1].storage = kInStrips;
        p.tensors[kStrips].storage = storage;
        p.steps[kDepthwise].kind = StepKind::Activate;
        p.steps[kDepthwise].window = window;
      });
    };
    CHECK(activated({}, kInStrips).empty());
    CHECK(activated({3, 3, {1, 1}, {1, 1}, 1}, kInStrips) == "steps[2].window");
    CHECK(activated({}, 1).empty());
  }
  SECTION("the last step's output must not replace what an earlier one reads") {
    CHECK(bent([](Program& p) { p.tensors[2].storage = p.tensors[1].storage; }) ==
          "steps[3].output");
    CHECK(bent([](Program& p) {  // but its own residual
            p.tensors[2].storage = p.tensors[0].storage;
          })
              .empty());
  }
  SECTION("an average of strips is of all of a plain convolution's map") {
    const auto averaged = [](std::int32_t side, std::int32_t interleave) {
      return bent([&](Program& p) {
        p.tensors[2].storage = kInStrips;
        p.steps[kPointwise].residual = -1;
        p.steps[kPointwise].wiring.interleave = interleave;
        p.steps[kPointwise].wiring.last_depth = 16 / interleave;
        p.tensors[3].height = p.tensors[3].width = side;
        p.steps[kGather].kind = StepKind::AverageTo;
        p.steps[kGather].gather.clear();
      });
    };
    CHECK(averaged(2, 1) == "steps[4].output");
    CHECK(averaged(1, 2) == "steps[3].output");
    CHECK(averaged(1, 1) == "steps[5].window");  // the pool behind it, no longer
  }
  SECTION("storages live as long as the chain that uses them") {
    const ModelFile model = test::sample_model();
    const auto chains = chains_of(model.program);
    REQUIRE(chains.size() == model.program.steps.size() - 1);
    CHECK(chains[2].first == kDepthwise);
    CHECK(chains[2].last == kPointwise);
    const auto ranges = live_ranges(model.program);
    CHECK(ranges[1].last == kPointwise);   // grouped, read by the depthwise step
    CHECK(ranges[2].first == kDepthwise);  // written by the pointwise one
    CHECK(bent([](Program& p) { p.storages[2].offset = p.storages[1].offset; }) ==
          "storages[2].offset");
  }
}

TEST_CASE("bf16 is for convolutions of floats") {
  for (const std::size_t step : {kStem, kGrouped, kPointwise, kDense})
    CHECK(bent([&](Program& p) { p.steps[step].is_bf16 = true; }).empty());
  for (const std::size_t step : {kDepthwise, kGather, kPool, kProduct, kMean, kSoftmax})
    CHECK(bent([&](Program& p) { p.steps[step].is_bf16 = true; }) ==
          "steps[" + std::to_string(step) + "].is_bf16");
  ModelFile model = test::sample_model();
  Step& dense = model.program.steps[kDense];
  dense.wiring.last_depth = 15;
  dense.is_bf16 = true;
  CHECK(parameter_bytes(model.program, dense).weights == 16 * 16 * 2);
  CHECK(parameter_bytes(model.program, dense).bias == 16 * 4);
  dense.is_bf16 = false;
  CHECK(parameter_bytes(model.program, dense).weights == 15 * 16 * 4);
  Step& stem = model.program.steps[kStem];  // three columns of three channels
  CHECK(parameter_bytes(model.program, stem).weights == 27 * 16 * 4);
  stem.is_bf16 = true;
  CHECK(parameter_bytes(model.program, stem).weights == 3 * 3 * 4 * 16 * 2);
}

/// An imported image of `channels` and a convolution of it to 16 channels; its weights lie from 0
/// on.
Program conv_of_image(std::int32_t channels, Element element, std::uint64_t bias) {
  Program p;
  p.name = "conv";
  p.precision = "fp32";
  p.channels = channels;
  p.height = p.width = 4;
  p.tensors = {{channels, 4, 4, element, 2, 0, {}, 1, 0}, {16, 4, 4, element, 2, 1, {}, 1, 0}};
  p.storages = {{0, 4096}, {4096, 4096}};
  p.arena_bytes = 8192;
  Step import;
  import.kind = StepKind::Import;
  Step conv;
  conv.kind = StepKind::Conv;
  conv.inputs = {0};
  conv.output = 1;
  conv.parameters = {0, bias};
  p.steps = {import, conv};
  p.outputs = {{"out", 1}};
  return p;
}

TEST_CASE("Winograd is for 3x3 convolutions of floats, of one group and stride 1") {
  constexpr std::uint64_t kWeightBytes = 16 * 16 * 16 * 4;
  const auto refused = [](auto&& change) {
    Program p = conv_of_image(16, Element::F32, kWeightBytes);
    p.steps[1].window = {3, 3, {1, 1}, {1, 1}, 1};
    p.steps[1].is_winograd = true;
    change(p);
    return refused_field(p, kWeightBytes + 64);
  };
  const std::string field = "steps[1].is_winograd";
  CHECK(refused([](Program&) {}).empty());
  CHECK(refused([](Program& p) { p.steps[1].parameters.weights = 128; }) == "steps[1].weights");
  CHECK(refused([](Program& p) { p.steps[1].window.height = 5; }) == field);
  CHECK(refused([](Program& p) { p.steps[1].window = {3, 3, {2, 1}, {2, 1}, 1}; }) == field);
  CHECK(refused([](Program& p) { p.steps[1].window = {3, 3, {1, 2}, {1, 2}, 2}; }) == field);
  CHECK(refused([](Program& p) { p.steps[1].wiring.interleave = 2; }) == field);
  CHECK(refused([](Program& p) { p.steps[1].wiring.groups = 2; }) == field);
  CHECK(refused([](Program& p) { p.steps[1].is_bf16 = true; }) == field);
  CHECK(refused([](Program& p) { p.steps[1].kind = StepKind::Depthwise; }) == field);
  CHECK(refused([](Program& p) { p.tensors[0].element = p.tensors[1].element = Element::U8; }) ==
        field);
}

TEST_CASE("interleaved groups take several blocks, but eight of bytes one") {
  const auto refused = [](Element element, std::int32_t depth, std::int32_t interleave = 2) {
    Program p = conv_of_image(32, element, 1024);
    p.steps[1].wiring = {1, 2, 1, depth, interleave};
    return refused_field(p, 2048);
  };
  CHECK(refused(Element::F32, 8).empty());
  CHECK(refused(Element::F32, 9) == "steps[1].wiring.last_depth");
  CHECK(refused(Element::F32, 2, 8).empty());
  CHECK(refused(Element::U8, 8).empty());
  CHECK(refused(Element::U8, 4, 4).empty());
  CHECK(refused(Element::U8, 2, 8) == "steps[1].wiring.in_blocks");
}

TEST_CASE("the other steps fit their tensors") {
  CHECK(bent([](Program& p) { p.steps[kPool].residual = 3; }) == "steps[5].residual");
  CHECK(bent([](Program& p) { p.steps[kPointwise].residual = 1; }).empty());
  CHECK(bent([](Program& p) { p.steps[kGather].gather.pop_back(); }) == "steps[4].gather");
  CHECK(bent([](Program& p) { p.steps[kGather].gather[0].lane = 16; }) == "steps[4].gather");
  CHECK(bent([](Program& p) { p.steps[kGather].gather[0].input = 1; }) == "steps[4].gather");
  CHECK(bent([](Program& p) { p.steps[kGather].gather[0].input = -1; }).empty());
  CHECK(bent([](Program& p) { p.steps[kPool].window.across.pad = 3; }) == "steps[5].window");
  CHECK(bent([](Program& p) { p.steps[kPool].window.across.stride = 4; }) == "steps[5].window");
  CHECK(bent([](Program& p) { p.steps[kPool].window.down.pad = 3; }) == "steps[5].window");
  CHECK(bent([](Program& p) { p.steps[kPool].window.down.stride = 0; }) ==
        "steps[5].window.stride");
  CHECK(bent([](Program& p) { p.steps[kPool].window.down.pad = -1; }) == "steps[5].window.pad");
  CHECK(bent([](Program& p) { p.steps[kProduct].inputs = {4}; }) == "steps[6].inputs");
  CHECK(bent([](Program& p) { p.steps[kProduct].inputs = {4, 3}; }) == "steps[6].output");
  CHECK(bent([](Program& p) { p.steps[kMean].kind = StepKind::Upsample; }) == "steps[7].output");
  CHECK(bent([](Program& p) { p.steps[kMean].kind = StepKind::Bilinear; }) == "steps[7].output");
  CHECK(bent([](Program& p) {
          p.steps[kMean].kind = StepKind::Bilinear;
          p.steps[kMean].window.down.stride = p.steps[kMean].window.across.stride = 129;
        }) == "steps[7].window.stride");
  CHECK(bent([](Program& p) {
          p.steps[kMean].kind = StepKind::Spread;
          p.steps[kMean].window.down.stride = p.steps[kMean].window.across.stride = 0;
        }) == "steps[7].window.stride");
  CHECK(bent([](Program& p) {
          p.steps[kMean].kind = StepKind::Spread;
          p.steps[kMean].window.down.stride = p.steps[kMean].window.across.stride = 1 << 16;
        }) == "steps[7].output");
  CHECK(bent([](Program& p) { p.steps[kMean].kind = StepKind::LayerNorm; }) == "steps[7].output");
  CHECK(bent([](Program& p) { p.steps[kSoftmax].inputs = {6, 7}; }) == "steps[9].inputs");
  CHECK(bent([](Program& p) {
          p.tensors[8].halo = 1;
          p.storages[7].bytes += 128;
          p.arena_bytes += 128;
        }) == "steps[9].output");
}

}  // namespace atto::format
