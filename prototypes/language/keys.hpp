#pragma once
// The words of the language: the keys that each kind of object may have, and the names that values
// may be. The reader checks against these tables; a test keeps prototype.schema.json in step with
// them.

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

namespace atto::net {

using Words = std::span<const std::string_view>;

inline constexpr auto kNetworkKeys = std::to_array<std::string_view>(
    {"format", "name", "description", "input", "classes", "activation", "let", "stem", "stages",
     "head", "detector", "modules", "outputs", "decisions", "$schema"});
inline constexpr auto kInputKeys = std::to_array<std::string_view>({"channels", "height", "width"});
inline constexpr auto kStageKeys = std::to_array<std::string_view>(
    {"name", "description", "let", "modules", "stride", "channels", "module"});
/// A module written in place, and a template.
inline constexpr auto kBodyKeys =
    std::to_array<std::string_view>({"description", "let", "channels", "shortcut", "chain",
                                     "branches", "split", "join", "then", "activation", "from"});
/// A body inside of a chain.
inline constexpr auto kNestedBodyKeys = std::to_array<std::string_view>(
    {"description", "let", "shortcut", "chain", "branches", "split", "join", "then", "activation"});
/// "from" in full.
inline constexpr auto kSourcesKeys = std::to_array<std::string_view>({"maps", "join"});
/// What an entry of a stage's list adds to a body.
inline constexpr auto kEntryKeys =
    std::to_array<std::string_view>({"module", "repeat", "stride", "channels", "with", "from"});
inline constexpr auto kTemplateReferenceKeys =
    std::to_array<std::string_view>({"description", "module", "with", "channels", "from"});
inline constexpr auto kDetectorKeys = std::to_array<std::string_view>(
    {"description", "pyramid", "features", "proposals", "box", "mask", "settings"});
inline constexpr auto kPyramidKeys =
    std::to_array<std::string_view>({"from", "channels", "lateral", "smooth", "extra"});
inline constexpr auto kProposalsKeys = std::to_array<std::string_view>({"tower"});
inline constexpr auto kBoxKeys = std::to_array<std::string_view>({"crop", "tower"});
inline constexpr auto kMaskKeys =
    std::to_array<std::string_view>({"crop", "tower", "enlarge", "channels"});
inline constexpr auto kFreeChainKeys = std::to_array<std::string_view>({"length", "ops"});
inline constexpr auto kTimesKeys = std::to_array<std::string_view>({"times", "of", "round"});
inline constexpr auto kChooseKeys = std::to_array<std::string_view>({"choose"});
inline constexpr auto kRangeKeys = std::to_array<std::string_view>({"range", "step"});
inline constexpr auto kRecordKeys =
    std::to_array<std::string_view>({"path", "value", "by", "hole", "as_written"});

inline constexpr auto kConvKeys = std::to_array<std::string_view>(
    {"op", "kernel", "stride", "channels", "dilation", "padding", "norm", "bias", "activation"});
inline constexpr auto kPointwiseKeys =
    std::to_array<std::string_view>({"op", "stride", "channels", "norm", "bias", "activation"});
inline constexpr auto kDepthwiseKeys = std::to_array<std::string_view>(
    {"op", "kernel", "stride", "dilation", "padding", "norm", "bias", "activation"});
inline constexpr auto kGroupedKeys =
    std::to_array<std::string_view>({"op", "kernel", "stride", "channels", "groups", "dilation",
                                     "padding", "norm", "bias", "activation"});
inline constexpr auto kPoolKeys =
    std::to_array<std::string_view>({"op", "kernel", "stride", "padding"});
inline constexpr auto kSqueezeExciteKeys =
    std::to_array<std::string_view>({"op", "reduction", "channels", "activation", "gate"});
inline constexpr auto kBareKeys = std::to_array<std::string_view>({"op"});
inline constexpr auto kDenseKeys =
    std::to_array<std::string_view>({"op", "channels", "activation"});
inline constexpr auto kShuffleKeys = std::to_array<std::string_view>({"op", "groups"});
inline constexpr auto kUpsampleKeys = std::to_array<std::string_view>({"op", "factor", "mode"});
inline constexpr auto kZeroKeys = std::to_array<std::string_view>({"op", "stride"});
inline constexpr auto kNormKeys = std::to_array<std::string_view>({"op", "activation"});
inline constexpr auto kLayerScaleKeys = std::to_array<std::string_view>({"op", "init"});
inline constexpr auto kDropoutKeys = std::to_array<std::string_view>({"op", "rate"});
inline constexpr auto kDeconvKeys =
    std::to_array<std::string_view>({"op", "kernel", "channels", "norm", "bias", "activation"});
inline constexpr auto kActivationKeys = std::to_array<std::string_view>({"op", "activation"});

/// The convolutions come first.
enum class OperatorKind : std::uint8_t {
  Conv,
  Pointwise,
  Depthwise,
  Grouped,
  MaxPool,
  AveragePool,
  SqueezeExcite,
  GlobalAveragePool,
  Dense,
  ChannelShuffle,
  Upsample,
  Activation,
  Softmax,
  BatchNorm,
  LayerNorm,
  LayerScale,
  Dropout,
  Deconv,
  Zero
};
/// In the order of OperatorKind.
inline constexpr auto kOperatorNames = std::to_array<std::string_view>(
    {"conv", "pointwise", "depthwise", "grouped", "max_pool", "average_pool", "squeeze_excite",
     "global_average_pool", "dense", "channel_shuffle", "upsample", "activation", "softmax",
     "batch_norm", "layer_norm", "layer_scale", "dropout", "deconv", "zero"});
inline constexpr std::array<Words, kOperatorNames.size()> kOperatorKeys = {
    kConvKeys,       kPointwiseKeys,     kDepthwiseKeys, kGroupedKeys, kPoolKeys,
    kPoolKeys,       kSqueezeExciteKeys, kBareKeys,      kDenseKeys,   kShuffleKeys,
    kUpsampleKeys,   kActivationKeys,    kBareKeys,      kNormKeys,    kNormKeys,
    kLayerScaleKeys, kDropoutKeys,       kDeconvKeys,    kZeroKeys};
inline constexpr auto kShortcutNames =
    std::to_array<std::string_view>({"none", "identity", "projection"});
inline constexpr auto kEnlargeNames = std::to_array<std::string_view>({"deconv", "upsample"});
inline constexpr auto kJoinNames = std::to_array<std::string_view>({"add", "concat"});
inline constexpr auto kByNames = std::to_array<std::string_view>({"machine", "human"});

}  // namespace atto::net
