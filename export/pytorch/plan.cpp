#include "export/pytorch/plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "export/pytorch/body_builder.hpp"
#include "prototypes/network/module_spans.hpp"

namespace atto::deploy::pytorch {
namespace {

int stage_of(const std::string& module_path) {
  int stage = 0;
  const std::size_t at = module_path.find('[') + 1;
  std::from_chars(module_path.data() + at, module_path.data() + module_path.size(), stage);
  return stage;
}

class Planner {
 public:
  explicit Planner(const Facts& facts) : facts_(facts), block_of_(size(), -1), in_head_(size()) {}

  Plan plan() {
    plan_.logits = facts_.network().outputs.at(0).layer;
    find_blocks();
    find_head();
    names_.give(kClassifierName);
    name_stages();
    std::vector<bool> late(size());  // reads the scores
    BodyBuilder builder(facts_, "", names_);
    for (int i = 1; i < facts_.size(); ++i) late[at(i)] = !in_head_[at(i)] && reads_late(i, late);
    write_top(builder, [&](int i) { return !in_head_[at(i)] && !late[at(i)]; });
    plan_.features = builder.take_calls();
    builder.close();
    write_head(builder);
    write_top(builder, [&](int i) { return late[at(i)]; });
    plan_.rest = builder.take_calls();
    plan_.children = std::move(builder.children());
    finish();
    return std::move(plan_);
  }

 private:
  static std::size_t at(int index) { return static_cast<std::size_t>(index); }
  std::size_t size() const { return facts_.network().layers.size(); }

  bool reads_late(int i, const std::vector<bool>& late) const {
    const std::vector<int> read = read_values(facts_.layer(i));
    return std::any_of(read.begin(), read.end(), [&](int from) {
      return late[at(from)] || (in_head_[at(from)] && from == plan_.logits);
    });
  }

  /// A module becomes a block where its layers stand together and one of them is read outside.
  void find_blocks() {
    for (const net::ModuleSpan& span : net::module_spans(facts_.network())) {
      const auto is_inside = [&](int layer) {
        return layer >= span.layers.front() && layer <= span.layers.back();
      };
      bool is_whole =
          span.layers.back() - span.layers.front() + 1 == static_cast<int>(span.layers.size());
      for (const int layer : span.layers) {
        bool is_read = facts_.is_output(layer);
        for (const int reader : facts_.readers(layer)) is_read = is_read || !is_inside(reader);
        is_whole = is_whole && facts_.is_needed(layer) && (!is_read || layer == span.output);
      }
      if (!is_whole) continue;
      for (const int layer : span.layers) block_of_[at(layer)] = static_cast<int>(spans_.size());
      spans_.push_back(span);
    }
  }

  /// The head is what lies between the last map and the scores, one behind the other: from the pool
  /// before the classifier on, or from the classifier.
  void find_head() {
    std::vector<int> tail;
    for (int i = plan_.logits; i > 0; i = facts_.layer(i).inputs[0]) {
      const Unit single = unit_at(facts_, i);
      if (block_of_[at(i)] >= 0 || single.kind == Unit::Kind::Joining) break;
      if (!tail.empty() && !facts_.is_only_for(i, tail.back())) break;
      tail.push_back(i);
    }
    std::size_t classifier = 0;
    while (classifier < tail.size() && !makes_scores(tail[classifier]) &&
           keeps_classes(tail[classifier]))
      ++classifier;
    plan_.feature = plan_.pre_logits = plan_.logits;
    if (classifier == tail.size() || !makes_scores(tail[classifier])) return;
    std::size_t begin = classifier;
    for (std::size_t i = classifier; i < tail.size(); ++i)
      if (facts_.op<net::GlobalAveragePool>(tail[i]) != nullptr) begin = i;
    for (std::size_t i = 0; i <= begin; ++i) in_head_[at(tail[i])] = true;
    plan_.feature = facts_.layer(tail[begin]).inputs[0];
    classifier_ = tail[classifier];
    plan_.pre_logits = facts_.layer(classifier_).inputs[0];
  }
  bool makes_scores(int layer) const {
    const int classes = facts_.network().classes;
    if (const auto* conv = facts_.op<net::Conv>(layer))
      return conv->out_channels == classes && conv->groups == 1;
    return facts_.op<net::Dense>(layer) != nullptr && facts_.shape(layer).channels == classes;
  }
  bool keeps_classes(int layer) const {
    return facts_.op<net::LayerNorm>(layer) == nullptr &&
           facts_.op<net::LayerScale>(layer) == nullptr &&
           facts_.op<net::Shuffle>(layer) == nullptr && facts_.op<net::Conv>(layer) == nullptr &&
           facts_.op<net::Deconv>(layer) == nullptr && facts_.op<net::Dense>(layer) == nullptr &&
           (facts_.op<net::BatchNorm>(layer) == nullptr ||
            unit_at(facts_, facts_.layer(layer).inputs[0]).kind == Unit::Kind::Normalised);
  }

  void name_stages() {
    const std::vector<std::string>& written = facts_.network().stages;
    for (std::size_t b = 0; b < spans_.size(); ++b) {
      Stage& stage = stages_[stage_of(spans_[b].path)];
      stage.blocks.push_back(static_cast<int>(b));
      if (!stage.name.empty()) continue;
      const std::size_t number = at(stage_of(spans_[b].path));
      const bool is_kept = number < written.size() && is_free_word(written[number]);
      stage.name = names_.give(is_kept ? written[number] : fmt::format("stage{}", number + 1));
    }
    for (auto& [number, stage] : stages_) stage.is_chain = follow_each_other(stage.blocks);
  }

  /// The layers outside of a module that it reads, in the order in which it does.
  std::vector<int> inputs_of(int block) const {
    const std::vector<int>& own = spans_[at(block)].layers;
    std::vector<int> inputs;
    for (const int layer : own)
      for (const int from : read_values(facts_.layer(layer)))
        if (from < own.front() && std::find(inputs.begin(), inputs.end(), from) == inputs.end())
          inputs.push_back(from);
    return inputs;
  }

  bool follow_each_other(const std::vector<int>& blocks) const {
    for (std::size_t b = 0; b < blocks.size(); ++b) {
      const std::vector<int> inputs = inputs_of(blocks[b]);
      if (inputs.size() != 1) return false;
      if (b == 0) continue;
      const int before = spans_[at(blocks[b - 1])].output;
      if (inputs.front() != before || facts_.is_output(before)) return false;
      for (const int reader : facts_.readers(before))
        if (block_of_[at(reader)] != blocks[b]) return false;
    }
    return true;
  }

  template <class Has>
  void write_top(BodyBuilder& builder, Has&& has) {
    std::string group;
    for (int i = 1; i < facts_.size();) {
      const int block = block_of_[at(i)];
      if (!facts_.is_needed(i) || !has(i)) {
        ++i;
      } else if (block >= 0) {
        i = spans_[at(block)].layers.back() + 1;
        write_module(builder, block);
      } else {
        const std::string& name = facts_.layer(i).name;
        const std::string next = name.substr(0, name.find_first_of("[."));
        if (next != group && name.find('.') != std::string::npos) builder.close();
        group = next;
        const Unit unit = unit_at(facts_, i);
        builder.add(unit);
        i = unit.last() + 1;
      }
    }
  }

  /// A stage whose modules follow on each other is called as a whole.
  void write_module(BodyBuilder& builder, int block) {
    builder.close();
    const Stage& stage = stages_.at(stage_of(spans_[at(block)].path));
    const std::string& name = stage.name;
    if (block == stage.blocks.front()) {
      Child child{name, {}, !stage.is_chain, true};
      for (std::size_t i = 0; i < stage.blocks.size(); ++i) {
        child.entries.push_back({"",
                                 shape_comment(facts_, spans_[at(stage.blocks[i])].output),
                                 {},
                                 static_cast<int>(plan_.blocks.size())});
        plan_.blocks.push_back(make_block(name, i, stage.blocks[i]));
      }
      const int last = spans_[at(stage.blocks.back())].output;
      plan_.stages.push_back(
          {stage.is_chain ? name : fmt::format("{}.{}", name, stage.blocks.size() - 1), last});
      builder.add_child(std::move(child));
      if (stage.is_chain) builder.add_call({Call::Kind::Child, last, inputs_of(block), name, name});
    }
    if (stage.is_chain) return;
    const auto index =
        std::find(stage.blocks.begin(), stage.blocks.end(), block) - stage.blocks.begin();
    builder.add_call({Call::Kind::Child, spans_[at(block)].output, inputs_of(block),
                      fmt::format("{}[{}]", name, index), name});
  }

  Block make_block(const std::string& stage, std::size_t index, int block) const {
    const net::ModuleSpan& span = spans_[at(block)];
    Names names;
    BodyBuilder builder(facts_, span.path + ".", names);
    for (int i = span.layers.front(); i <= span.layers.back();) {
      const Unit unit = unit_at(facts_, i);
      builder.add(unit);
      i = unit.last() + 1;
    }
    Block made{fmt::format("{}.{}", stage, index),
               fmt::format("{}Module{}", class_word(stage), index),
               {inputs_of(block), {}, builder.take_calls()},
               span.output};
    made.body.children = std::move(builder.children());
    return made;
  }

  void write_head(BodyBuilder& builder) {
    if (classifier_ < 0) return;
    const auto is_in = [&](int i) { return i < facts_.size() && in_head_[at(i)]; };
    Child pool{names_.give("pool"), {}, false, false},
        scores{names_.give("scores"), {}, false, false};
    for (int i = 1; i < facts_.size();) {
      if (!is_in(i)) {
        ++i;
        continue;
      }
      const Unit unit = unit_at(facts_, i);
      const bool is_classifier = i == classifier_;
      std::vector<Entry> entries = entries_of(facts_, unit, is_classifier ? "num_classes" : "");
      if (is_classifier) {
        plan_.classifier = std::move(entries.back());
        entries.pop_back();
      }
      std::vector<Entry>& to = i <= classifier_ ? pool.entries : scores.entries;
      to.insert(to.end(), entries.begin(), entries.end());
      i = unit.last() + 1;
    }
    if (!pool.entries.empty()) builder.add_child(plan_.head.emplace(std::move(pool)));
    if (!scores.entries.empty()) builder.add_child(plan_.scores.emplace(std::move(scores)));
  }

  void name_weights(const Entry& entry, const std::string& path) {
    for (const auto& [layer, part] : entry.parts)
      plan_.names[facts_.layer(layer).name] = part.empty() ? path : path + "." + part;
    if (entry.block < 0) return;
    for (const Child& child : plan_.blocks[at(entry.block)].body.children)
      name_weights(child, path + "." + child.name);
  }
  void name_weights(const Child& child, const std::string& path) {
    for (std::size_t i = 0; i < child.entries.size(); ++i)
      name_weights(child.entries[i], child.is_sequential() ? fmt::format("{}.{}", path, i) : path);
  }
  void finish() {
    for (const Child& child : plan_.children) name_weights(child, child.name);
    if (plan_.classifier) name_weights(*plan_.classifier, kClassifierName);
    for (int i = facts_.size() - 1; i > 0; --i)
      if (facts_.op<net::Conv>(i) != nullptr)
        plan_.first_conv = plan_.names.at(facts_.layer(i).name);
    if (classifier_ >= 0)
      plan_.classifier_weight = plan_.names.at(facts_.layer(classifier_).name) + ".weight";
  }

  /// Modules of a stage that became blocks.
  struct Stage {
    std::string name;
    std::vector<int> blocks;
    bool is_chain = false;
  };

  const Facts& facts_;
  Plan plan_;
  Names names_;                         ///< of the network's children
  std::vector<net::ModuleSpan> spans_;  ///< of the blocks
  std::vector<int> block_of_;           ///< by layer, or -1
  std::vector<bool> in_head_;           ///< by layer
  std::map<int, Stage> stages_;
  int classifier_ = -1;
};

}  // namespace

Plan plan(const Facts& facts) {
  return Planner(facts).plan();
}

}  // namespace atto::deploy::pytorch
