#include "export/pytorch/model_py.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "export/pytorch/forward_text.hpp"
#include "export/pytorch/helpers.hpp"
#include "prototypes/network/costs.hpp"

namespace atto::deploy::pytorch {
namespace {

constexpr std::size_t kShownPlaces = 8;
const std::string kInit = "        ";  ///< the indent of what stands in a method

std::string tuple(const std::vector<std::string>& items) {
  return fmt::format("({}{})", fmt::join(items, ", "), items.size() == 1 ? "," : "");
}

std::string dictionary(const std::map<std::string, std::string>& texts, const std::string& indent) {
  std::string text = "{\n";
  for (const auto& [key, value] : texts)
    text += fmt::format("{}    {}: {},\n", indent, python_text(key), python_text(value));
  return text + indent + "}";
}

/// A text that stands in a docstring: nothing in it can end it.
std::string harmless(std::string text) {
  for (char& c : text)
    if (c < ' ' || c > '~' || c == '"' || c == '\\') c = '?';
  return text;
}

std::string replaced(std::string text, std::string_view what, std::string_view by) {
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at))
    text.replace(at, what.size(), by);
  return text;
}

class FileWriter {
 public:
  FileWriter(const net::Network& network, const net::TrainingMetadata& metadata,
             const std::map<std::string, std::string>& texts)
      : network_(network),
        metadata_(metadata),
        texts_(texts),
        facts_(network),
        plan_(plan(facts_)) {
    for (const HelperClass& helper : helper_classes()) classes_.give(std::string(helper.name));
    for (const char* word : {"Path", "TYPES", "METADATA", "INPUT", "CLASSIFIER"})
      classes_.give(word);
    const std::string word = class_word(network.name);
    name_ = classes_.give(word.empty() ? "Network" : word);
  }

  std::string write() {
    make_block_classes();
    std::string blocks;
    for (const BlockClass& of : block_classes_) blocks += "\n\n" + class_text(of);
    const std::string own = network_class();
    std::string text = opening();
    for (const HelperClass& helper : helper_classes())
      if (uses(blocks, helper) || uses(own, helper)) text.append("\n\n").append(helper.text);
    text += blocks + "\n\n" + own + "\n\n" + std::string(kFunctions) + "\n\n";
    const std::string first = network_.outputs.size() > 1 ? "net(batch)[0]" : "net(batch)";
    return text + replaced(replaced(std::string(kEnd), "@NET@", name_), "@FIRST@", first);
  }

 private:
  struct BlockClass {
    std::string name;
    std::vector<std::string> places;
    Lines body;
  };

  static bool uses(const std::string& text, const HelperClass& helper) {
    const std::string call = std::string(helper.name) + "(";
    for (std::size_t at = text.find(call); at != std::string::npos; at = text.find(call, at + 1))
      if (at == 0 || text[at - 1] == ' ' || text[at - 1] == '(') return true;
    return false;
  }

  std::string opening() const {
    const net::Costs costs = net::count_costs(network_);
    const net::Shape& in = network_.input;
    std::map<std::string, std::string> known = texts_;
    known["format"] = "pt";
    for (const char* key : {"channels", "height", "width", "classes"}) known.erase(key);
    std::map<std::string, std::string> input = {{"channels", std::to_string(in.channels)},
                                                {"height", std::to_string(in.height)},
                                                {"width", std::to_string(in.width)}};
    for (const char* key : {"mean", "stddev"})
      if (const auto of = texts_.find(key); of != texts_.end()) input.insert(*of);
    return fmt::format(
        R"("""{}: {} parameters, {} multiply-adds at {} x {} x {}. Written by AttoForge.

    from model import model
    net = model(pretrained=True).eval()          # takes pixels normalised as net.default_cfg says
    net = model(pretrained=True, num_classes=5)  # a new classifier, to train on

`python3 model.py reference.safetensors` compares it with the logits in that file.
"""
import ctypes
import json
import sys
from pathlib import Path

import torch
import torch.nn as nn
import torch.nn.functional as F

NUM_CLASSES = {}
CLASSIFIER = {}  # its weight's name ends so
TYPES = {{
    "F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16, "I64": torch.int64,
    "I32": torch.int32, "I8": torch.int8, "U8": torch.uint8,
}}
INPUT = {}
METADATA = {}
)",
        harmless(network_.name), costs.params, costs.macs, in.channels, in.height, in.width,
        network_.classes,
        python_text(plan_.classifier_weight.empty() ? "?" : plan_.classifier_weight),
        dictionary(input, ""), dictionary(known, ""));
  }

  /// Modules of the same text are one class; where their shapes differ, it does not name them.
  void make_block_classes() {
    for (const Block& block : plan_.blocks) {
      Lines body = block_body(block);
      const auto same =
          std::find_if(block_classes_.begin(), block_classes_.end(), [&](const BlockClass& of) {
            return std::equal(of.body.begin(), of.body.end(), body.begin(), body.end(),
                              [](const Line& a, const Line& b) { return a.text == b.text; });
          });
      class_of_.push_back(same - block_classes_.begin());
      if (same == block_classes_.end()) {
        block_classes_.push_back({classes_.give(block.word), {block.path}, std::move(body)});
        continue;
      }
      same->places.push_back(block.path);
      for (std::size_t i = 0; i < body.size(); ++i)
        if (same->body[i].comment != body[i].comment) same->body[i].comment.clear();
    }
  }

  Lines block_body(const Block& block) const {
    Lines lines;
    if (!block.body.children.empty()) {
      lines = {{"    def __init__(self):", ""}, {kInit + "super().__init__()", ""}};
      for (const Child& child : block.body.children) append(lines, child_lines(child));
      lines.push_back({});
    }
    ForwardText forward{facts_, block.body.calls, {}, {block.result}, true};
    std::string arguments;
    for (const int input : block.body.inputs) {
      const std::string name =
          arguments.empty() ? "x" : fmt::format("x{}", forward.given.size() + 1);
      forward.given[input] = name;
      arguments += ", " + name;
    }
    lines.push_back({"    def forward(self" + arguments + "):", ""});
    append(lines, forward.lines(kInit));
    return lines;
  }

  static std::string class_text(const BlockClass& of) {
    std::vector<std::string> shown = of.places;
    if (shown.size() > kShownPlaces) {
      shown.resize(kShownPlaces);
      shown.push_back(fmt::format("and {} more", of.places.size() - kShownPlaces));
    }
    return fmt::format("class {}(nn.Module):\n    \"\"\"{}\"\"\"\n\n{}", of.name,
                       fmt::join(shown, ", "), joined(of.body));
  }

  std::string entry_text(const Entry& entry) const {
    if (entry.block < 0) return entry.text;
    const auto of = class_of_[static_cast<std::size_t>(entry.block)];
    return block_classes_[static_cast<std::size_t>(of)].name + "()";
  }
  Lines child_lines(const Child& child) const {
    const std::string left = kInit + "self." + child.name + " = ";
    if (!child.is_sequential())
      return {{left + entry_text(child.entries.front()), child.entries.front().comment}};
    Lines lines = {{left + (child.is_list ? "nn.ModuleList([" : "nn.Sequential("), ""}};
    for (const Entry& entry : child.entries)
      lines.push_back({kInit + "    " + entry_text(entry) + ",", entry.comment});
    lines.push_back({kInit + (child.is_list ? "])" : ")"), ""});
    return lines;
  }

  std::string network_class() const {
    Lines lines = {{"class " + name_ + "(nn.Module):", ""}};
    append(lines, configuration());
    append(lines, {{"    def __init__(self, num_classes=NUM_CLASSES):", ""},
                   {kInit + "super().__init__()", ""}});
    for (const Child& child : plan_.children) append(lines, child_lines(child));
    lines.push_back({kInit + "self.reset_classifier(num_classes)", ""});
    append(lines, classifier_lines());
    append(lines, forward_lines());
    return joined(lines);
  }

  Lines configuration() const {
    std::vector<std::string> mean, deviation, names;
    for (int c = 0; c < network_.input.channels; ++c) {
      const auto at = static_cast<std::size_t>(c);
      mean.push_back(metadata_.mean.empty() ? "0.0" : python_number(metadata_.mean[at]));
      deviation.push_back(metadata_.stddev.empty() ? "1.0" : python_number(metadata_.stddev[at]));
    }
    for (const std::string& name : metadata_.class_names) names.push_back(python_text(name));
    const net::Shape& in = network_.input;
    Lines lines = {
        {"    default_cfg = {", ""},
        {kInit + fmt::format("\"num_classes\": NUM_CLASSES, \"input_size\": ({}, {}, {}),",
                             in.channels, in.height, in.width),
         ""},
        {kInit + fmt::format("\"mean\": {}, \"std\": {},", tuple(mean), tuple(deviation)),
         "of pixels in [0, 1]"},
        {kInit + fmt::format(R"("classifier": {}, "first_conv": {},)",
                             python_text(plan_.classifier ? kClassifierName : ""),
                             python_text(plan_.first_conv)),
         ""}};
    if (!names.empty()) lines.push_back({kInit + "\"class_names\": " + tuple(names) + ",", ""});
    append(lines, {{"    }", ""}, {"    feature_info = [", ""}});
    for (const FeatureInfo& stage : plan_.stages)
      lines.push_back(
          {kInit + fmt::format(R"({{"module": {}, "num_chs": {}, "reduction": {}}},)",
                               python_text(stage.module), facts_.shape(stage.layer).channels,
                               fmt::format("{:g}", facts_.reduction(stage.layer))),
           ""});
    const net::Shape& before = facts_.shape(plan_.pre_logits);
    append(lines, {{"    ]", ""},
                   {fmt::format("    num_features = {}",
                                facts_.is_flat(plan_.logits) ? before.elements() : before.channels),
                    ""},
                   {}});
    return lines;
  }

  Lines classifier_lines() const {
    if (!plan_.classifier)
      return {{},
              {"    def get_classifier(self):", ""},
              {kInit + "return nn.Identity()", ""},
              {},
              {"    def reset_classifier(self, num_classes):", ""},
              {kInit + "if num_classes != NUM_CLASSES:", ""},
              {kInit + "    raise ValueError(\"no single layer makes the scores of this network\")",
               ""},
              {kInit + "self.num_classes = num_classes", ""}};
    return {
        {},
        {"    def get_classifier(self):", ""},
        {kInit + "return self.classifier", ""},
        {},
        {"    def reset_classifier(self, num_classes):", ""},
        {kInit + "\"\"\"Gives it a new classifier; of 0 classes: none, it returns features.\"\"\"",
         ""},
        {kInit + "self.num_classes = num_classes", ""},
        {kInit + "self.classifier = " + plan_.classifier->text +
             " if num_classes > 0 else nn.Identity()",
         plan_.classifier->comment}};
  }

  /// Values of the features that are results, or that later layers read.
  std::vector<int> kept_features() const {
    std::vector<int> kept = {plan_.feature};
    const auto keep = [&](int value) {
      const bool is_made =
          value == 0 || std::any_of(plan_.features.begin(), plan_.features.end(),
                                    [&](const Call& of) { return of.value == value; });
      if (is_made && std::find(kept.begin(), kept.end(), value) == kept.end())
        kept.push_back(value);
    };
    for (const Call& call : plan_.rest)
      for (const int input : call.inputs)
        if (input != plan_.logits) keep(input);
    for (const net::Output& output : network_.outputs)
      if (output.layer != plan_.logits) keep(output.layer);
    return kept;
  }

  Lines forward_lines() const {
    const std::vector<int> kept = kept_features();
    const bool is_plain = network_.outputs.size() == 1 && plan_.rest.empty();
    const bool has_more = kept.size() > 1;
    Lines lines = {
        {},
        {has_more ? "    def forward_maps(self, x):" : "    def forward_features(self, x):", ""}};
    append(lines, ForwardText{facts_, plan_.features, {{0, "x"}}, kept, false}.lines(kInit));
    if (has_more)
      append(lines, {{},
                     {"    def forward_features(self, x):", ""},
                     {kInit + "return self.forward_maps(x)[0]", ""}});
    append(lines, head_lines());
    append(lines, {{}, {"    def forward(self, x):", ""}});
    if (is_plain) {
      lines.push_back({kInit + "return self.forward_head(self.forward_features(x))", ""});
      return lines;
    }
    ForwardText rest{facts_, plan_.rest, {}, {}, false};
    std::string made;
    for (std::size_t i = 0; i < kept.size(); ++i) {
      const std::string name = i == 0 ? "features" : fmt::format("features_{}", i + 1);
      rest.given[kept[i]] = name;
      made += (i == 0 ? "" : ", ") + name;
    }
    rest.given[plan_.logits] = "logits";
    if (!facts_.is_flat(plan_.logits)) rest.flattened.insert(plan_.logits);
    for (const net::Output& output : network_.outputs) rest.results.push_back(output.layer);
    lines.push_back(
        {kInit + made + (has_more ? " = self.forward_maps(x)" : " = self.forward_features(x)"),
         ""});
    lines.push_back({kInit + "logits = self.forward_head(features)", ""});
    append(lines, rest.lines(kInit));
    return lines;
  }

  Lines head_lines() const {
    Lines lines = {{}, {"    def forward_head(self, x, pre_logits: bool = False):", ""}};
    const std::string flat = facts_.is_flat(plan_.logits) ? "" : ".flatten(1)";
    if (!plan_.classifier) {
      lines.push_back({kInit + "return x" + flat, ""});
      return lines;
    }
    if (plan_.head)
      lines.push_back(
          {kInit + "x = self." + plan_.head->name + "(x)", plan_.head->entries.back().comment});
    append(lines, {{kInit + "if pre_logits:", ""}, {kInit + "    return x", ""}});
    if (!plan_.scores) {
      lines.push_back({kInit + "return self.classifier(x)" + flat, ""});
      return lines;
    }
    append(lines, {{kInit + "x = self.classifier(x)", ""},
                   {kInit + "return self." + plan_.scores->name + "(x)" + flat, ""}});
    return lines;
  }

  const net::Network& network_;
  const net::TrainingMetadata& metadata_;
  const std::map<std::string, std::string>& texts_;
  const Facts facts_;
  const Plan plan_;
  Names classes_;
  std::string name_;
  std::vector<BlockClass> block_classes_;
  std::vector<std::ptrdiff_t> class_of_;  ///< by block, its class
};

/// Of the safetensors file and of the training's machine.
std::map<std::string, std::string> about_the_network(std::map<std::string, std::string> texts) {
  for (const char* key : {"dataset_place", "training"}) texts.erase(key);
  return texts;
}

}  // namespace

std::string model_py(const net::Network& network, const net::TrainingMetadata& metadata,
                     const std::map<std::string, std::string>& texts) {
  return FileWriter(network, metadata, about_the_network(texts)).write();
}

std::map<std::string, std::string> state_names(const net::Network& network) {
  const Facts facts(network);
  const Plan made = plan(facts);
  std::map<std::string, std::string> names;
  for (const net::WeightSpec& spec : net::weight_specs(network)) {
    const std::string& layer = facts.layer(spec.layer).name;
    names[spec.name] = made.names.at(layer) + spec.name.substr(layer.size());
  }
  return names;
}

net::TensorFile state_dict(const net::Network& network, const net::TensorFile& weights) {
  net::check_weights(network, weights, network.name + " weights");
  net::TensorFile named;
  for (const auto& [ours, name] : state_names(network))
    named.tensors[name] = weights.tensors.at(ours);
  named.metadata = about_the_network(weights.metadata);
  named.metadata["format"] = "pt";
  return named;
}

}  // namespace atto::deploy::pytorch
