#pragma once
// How a network becomes classes, their children and what their forward() does. Names of weights
// follow from it, so it depends on the network alone.

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "export/pytorch/entries.hpp"
#include "export/pytorch/python_words.hpp"

namespace atto::deploy::pytorch {

/// One child of a module: `self.NAME = ...`, an nn.Sequential where it has several entries.
struct Child {
  std::string name;
  std::vector<Entry> entries;
  bool is_list = false;      ///< an nn.ModuleList, whose entries forward() calls itself
  bool is_sequence = false;  ///< an nn.Sequential even of one entry
  bool is_sequential() const { return is_sequence || is_list || entries.size() > 1; }
};

/// One value that a forward() makes.
struct Call {
  enum class Kind : std::uint8_t {
    Child,  ///< self.CALLEE(inputs)
    Layer,  ///< an operation that joins, cuts or pools: that of `value`
  } kind = Kind::Child;
  int value = 0;  ///< the layer
  std::vector<int> inputs;
  std::string callee;  ///< "stage1[0]"
  std::string name;    ///< for a variable
};

/// The inside of a module.
struct Body {
  std::vector<int> inputs;  ///< layers outside of it
  std::vector<Child> children;
  std::vector<Call> calls;
};

/// A module of a stage.
struct Block {
  std::string path;  ///< "stage1.0"
  std::string word;  ///< for its class
  Body body;
  int result = 0;
};

/// What feature_info says of a stage.
struct FeatureInfo {
  std::string module;
  int layer = 0;
};

/// The network as a whole: `features` from the image to what the head reads; the head: `head`, then
/// the classifier, then `scores`; `rest` reads scores, or makes further outputs.
struct Plan {
  std::vector<Block> blocks;
  std::vector<Child> children;
  std::vector<Call> features, rest;
  int feature = 0;                    ///< the layer that the head reads
  int logits = 0;                     ///< the first output
  std::optional<Entry> classifier;    ///< of a width "num_classes"
  std::string classifier_weight;      ///< in the state_dict
  int pre_logits = 0;                 ///< the layer that the classifier reads
  std::optional<Child> head, scores;  ///< before and behind the classifier; also in `children`
  std::vector<FeatureInfo> stages;
  std::string first_conv;
  std::map<std::string, std::string> names;  ///< from a layer with weights to its place
};

inline constexpr const char* kClassifierName = "classifier";

Plan plan(const Facts& facts);

}  // namespace atto::deploy::pytorch
