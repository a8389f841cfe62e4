#include "prototypes/language/reading/network_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "prototypes/language/json_text.hpp"
#include "prototypes/language/keys.hpp"
#include "prototypes/language/limits.hpp"
#include "prototypes/language/reading/detectors.hpp"
#include "prototypes/language/reading/modules.hpp"

namespace atto::net {
namespace {

using spec::Kind;
using spec::Problems;

/// A name becomes part of file names.
bool is_file_name(std::string_view name) {
  constexpr std::string_view kAllowed =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.";
  return !name.empty() && name.size() <= 64 && name.front() != '.' &&
         name.find_first_not_of(kAllowed) == std::string_view::npos;
}

class NetworkReader {
 public:
  NetworkReader(Problems& problems, ReadNetwork& result)
      : problems_(problems),
        result_(result),
        model_(result.model),
        holes_(problems, model_),
        chains_(holes_),
        modules_(holes_, chains_) {}

  void read(const Cursor& at) {
    if (!problems_.expect_object(at, kNetworkKeys)) return;
    network_ = at;
    if (const auto format = Problems::member(at, "format"))
      if ((*format)->kind != Kind::Integer || (*format)->integer != 1)
        problems_.add(*format, "must be 1, the only format there is");
    header(at);
    holes_.open_ties({}, Problems::member(at, "let"));
    activation(at);
    modules_.read_templates(at);
    model_.stem = chain(at, "stem", ChainReader::Setting::Stem);
    stages(at);
    if (const auto written = Problems::member(at, "detector"))
      DetectorReader(holes_, chains_).read(at, *written);
    model_.head = chain(at, "head", ChainReader::Setting::Head);
    outputs(at);
    try_templates();
    records(at);
    holes_.close_ties();
    holes_.settle_roles();
    holes_.find_idle_ties();
  }

 private:
  void header(const Cursor& at) {
    if (const auto name = problems_.required(at, "name"))
      if (const auto text = problems_.text(*name)) {
        if (!is_file_name(*text))
          problems_.add(*name, "must be 1 to 64 of A-Z a-z 0-9 _ - . and not begin with '.'");
        model_.name = *text;
      }
    if (const auto description = Problems::member(at, "description"))
      model_.description = problems_.text(*description).value_or("");
    if (const auto input = problems_.required(at, "input"))
      if (problems_.expect_object(*input, kInputKeys)) {
        const auto side = [&](std::string_view key, std::int64_t most) {
          const auto value = problems_.required(*input, key);
          return value ? static_cast<int>(problems_.integer(*value, 1, most).value_or(1)) : 1;
        };
        model_.input = {side("channels", 1024), side("height", kMaxWrittenSide),
                        side("width", kMaxWrittenSide)};
      }
    if (const auto classes = problems_.required(at, "classes"))
      model_.classes = static_cast<int>(problems_.integer(*classes, 1, kMaxClasses).value_or(1));
  }

  void activation(const Cursor& at) {
    Choice<Activation> chosen{{Activation::Relu}, kNoDecision};
    if (const auto written = Problems::member(at, "activation"))
      if (auto read = chains_.activation(Where{}.key("activation"), *written))
        chosen = std::move(*read);
    chains_.set_default_activation(std::move(chosen));
  }

  Item chain(const Cursor& at, const std::string& key, ChainReader::Setting setting) {
    const auto written = Problems::member(at, key);
    if (!written) return {};
    return chains_.chain(Where{}.key(key), *written, setting).value_or(Item{});
  }

  void stages(const Cursor& at) {
    const auto list = problems_.required(at, "stages");
    if (!list) return;
    if ((*list)->kind != Kind::Array || (*list)->items.empty() ||
        (*list)->items.size() > static_cast<std::size_t>(kMaxStages)) {
      problems_.add(*list, fmt::format("must be a list of 1 to {} stages", kMaxStages));
      return;
    }
    for (std::size_t s = 0; s < (*list)->items.size(); ++s)
      stage(Where{}.key("stages").index(s), list->at(s), s);
  }

  void stage(const Where& where, const Cursor& at, std::size_t number) {
    model_.stages.emplace_back();
    Stage& stage = model_.stages.back();
    stage.first_slot = static_cast<std::int32_t>(model_.slots.size());
    if (!problems_.expect_object(at, kStageKeys)) return;
    stage.name = stage_name(at, number);
    if (const auto description = Problems::member(at, "description")) problems_.text(*description);
    holes_.open_ties(where, Problems::member(at, "let"));
    Pair stride;
    if (const auto written = Problems::member(at, "stride"))
      stride = holes_.pair(where.key("stride"), *written, 1, kMaxStride).value_or(stride);
    const auto modules = problems_.required(at, "modules");
    const bool is_list = modules && (*modules)->kind == Kind::Array;
    if (modules && !is_list) count(where, *modules, stage);
    const auto channels = Problems::member(at, "channels");
    if (channels)
      stage.channels = chains_.width(where.key("channels"), *channels, ChainReader::Setting::Stage);
    if (is_list)
      listed(where, at, *modules, number, stride);
    else if (modules)
      counted(where, at, number, stride);
    model_.stages.back().slot_count =
        static_cast<std::int32_t>(model_.slots.size()) - model_.stages.back().first_slot;
    const std::string widthless = chains_.take_widthless();
    if (!widthless.empty())
      problems_.add(at, fmt::format(R"(missing key "channels", the width of {})", widthless), "");
    holes_.close_ties();
  }

  std::string stage_name(const Cursor& at, std::size_t number) {
    const std::string own = fmt::format("stages[{}]", number);
    const auto name = Problems::member(at, "name");
    if (!name) return own;
    const std::string text = problems_.text(*name).value_or(own);
    static constexpr auto kReserved =
        std::to_array<std::string_view>({"", "previous", "stem", "head"});
    const bool is_reserved = std::find(kReserved.begin(), kReserved.end(), text) != kReserved.end();
    const bool is_known = std::any_of(model_.stages.begin(), model_.stages.end() - 1,
                                      [&](const Stage& other) { return other.name == text; });
    if (is_known) problems_.add(*name, "another stage has this name");
    if (is_reserved || (text != own && text.find_first_of("[]$#") != std::string::npos))
      problems_.add(*name, R"(must not be empty, "previous", "stem" or "head", nor hold [ ] $ #)");
    return text;
  }

  void count(const Where& where, const Cursor& modules, Stage& stage) {
    if (modules->kind == Kind::String) {
      problems_.add(modules, "must be a whole number, a hole or a list; a tie cannot stand here");
      return;
    }
    const auto read = holes_.number(where.key("modules"), modules, 1, kMaxModulesPerStage);
    stage.count = read.value_or(Number{1});
  }

  void counted(const Where& where, const Cursor& at, std::size_t number, const Pair& stride) {
    const auto target = problems_.required(at, "module");
    if (!target) return;
    const Number count = model_.stages.back().count;
    const DecisionId id = count.decision;
    const std::vector<int> counts =
        id == kNoDecision ? std::vector<int>{count.literal} : decision(id).values;
    for (int m = 0; m < counts.back(); ++m) {
      Where here = where.key("modules");
      const auto from = std::upper_bound(counts.begin(), counts.end(), m) - counts.begin();
      if (id != kNoDecision)
        here = here.when_at_least(static_cast<std::int32_t>(from), decision(id), id);
      here = here.index(static_cast<std::size_t>(m));
      const ModuleReader::Position position{number, static_cast<std::size_t>(m), false,
                                            at->find("channels") != nullptr};
      add(m == 0 ? stride : Pair{}, modules_.module(here, *target, position, false));
    }
  }
  const Decision& decision(DecisionId id) const {
    return model_.decisions[static_cast<std::size_t>(id)];
  }

  /// A module that could not be read leaves its slot, so that later ones keep their numbers.
  void add(const Pair& stride, std::optional<Module> module) {
    Slot slot;
    slot.stride = stride;
    if (module) slot.module = std::move(*module);
    model_.slots.push_back(std::move(slot));
  }

  void listed(const Where& where, const Cursor& at, const Cursor& list, std::size_t number,
              const Pair& stride) {
    if (list->items.empty()) problems_.add(list, "must have at least one module");
    bool is_taken = false;  // what the stage says for entries without a module of their own
    std::size_t m = 0;
    for (std::size_t e = 0; e < list->items.size(); ++e) {
      const Cursor entry = list.at(e);
      is_taken |= takes_shared(entry);
      const std::int64_t repeat = repeat_of(entry);
      if (m + static_cast<std::size_t>(repeat) > static_cast<std::size_t>(kMaxModulesPerStage)) {
        problems_.add(entry, fmt::format("a stage has at most {} modules", kMaxModulesPerStage),
                      "");
        return;
      }
      for (std::int64_t r = 0; r < repeat; ++r, ++m)
        listed_module(where.key("modules").index(m), at, entry,
                      {number, m, false, at->find("channels") != nullptr}, stride);
    }
    if (const auto shared = Problems::member(at, "module"); shared && !is_taken)
      problems_.add(*shared, R"(no entry of "modules" takes it: each says its own)");
    model_.stages.back().count = Number{static_cast<std::int32_t>(std::max<std::size_t>(m, 1))};
  }
  std::int64_t repeat_of(const Cursor& entry) {
    const auto written = Problems::member(entry, "repeat");
    return written ? problems_.integer(*written, 1, kMaxModulesPerStage).value_or(1) : 1;
  }

  /// Returns whether an entry says no module of its own, and so takes the stage's.
  static bool takes_shared(const Cursor& entry) {
    return entry->kind == Kind::Object && !is_hole(*entry) && entry->find("module") == nullptr &&
           entry->find("chain") == nullptr && entry->find("branches") == nullptr;
  }

  void listed_module(const Where& where, const Cursor& stage, const Cursor& entry,
                     const ModuleReader::Position& position, const Pair& stage_stride) {
    Pair stride = position.module == 0 ? stage_stride : Pair{};
    if (const auto own = Problems::member(entry, "stride")) {
      if (position.module == 0 && stage->find("stride") != nullptr)
        problems_.add(*own, "the stage's stride goes to its first module; write it once");
      stride = holes_.pair(where.key("stride"), *own, 1, kMaxStride).value_or(Pair{});
    }
    const auto shared = Problems::member(stage, "module");
    auto module = shared && takes_shared(entry) ? modules_.entry_of(where, entry, *shared, position)
                                                : modules_.module(where, entry, position, true);
    add(stride, std::move(module));
  }

  void outputs(const Cursor& at) {
    if (model_.detector) return;  // has its own
    const auto list = Problems::member(at, "outputs");
    if (!list) {
      model_.output_names = {"head"};
      model_.outputs = {kPrevious};
      return;
    }
    if ((*list)->kind != Kind::Array || (*list)->items.empty()) {
      problems_.add(*list, "must be a list of at least one name");
      return;
    }
    for (std::size_t i = 0; i < (*list)->items.size(); ++i) output(list->at(i));
    const auto head = Problems::member(at, "head");
    const bool has_head = head && !(*head)->items.empty();
    if (has_head &&
        std::find(model_.outputs.begin(), model_.outputs.end(), kPrevious) == model_.outputs.end())
      problems_.add(*list, R"("head" must be an output, or the head be left out)");
  }
  void output(const Cursor& at) {
    const auto text = problems_.text(at);
    if (!text) return;
    if (std::find(model_.output_names.begin(), model_.output_names.end(), *text) !=
        model_.output_names.end()) {
      problems_.add(at, "must not be named twice");
      return;
    }
    const bool is_head = *text == "head";
    if (*text == "previous") {
      problems_.add(at, R"(must be "head", "stem", a stage or a module)");
      return;
    }
    const ModuleReader::Position end{model_.stages.size(), 0};
    const auto source = is_head ? std::optional<Source>(kPrevious) : modules_.source(at, end);
    if (!source) return;
    model_.output_names.push_back(*text);
    model_.outputs.push_back(*source);
  }

  /// Reads all templates into a scratch model, for the faults of those that no module uses and of
  /// alternatives that pins leave out.
  void try_templates() {
    for (const auto& [name, at] : modules_.templates()) {
      Model scratch;
      HoleReader holes(problems_, scratch);
      holes.ignore_unknown_ties();
      ChainReader chains(holes);
      chains.set_default_activation({{Activation::Relu}, kNoDecision});
      ModuleReader trial(holes, chains);
      trial.read_templates(network_);
      trial.module(Where{}.key("modules").key(name), at, {0, 0, true}, false);
    }
  }

  void records(const Cursor& at) {
    const auto list = Problems::member(at, "decisions");
    if (!list) return;
    if ((*list)->kind != Kind::Array) {
      problems_.add(*list, "must be a list of recorded decisions");
      return;
    }
    std::set<std::string> paths;
    for (std::size_t i = 0; i < (*list)->items.size(); ++i) {
      const Cursor record = list->at(i);
      if (!problems_.expect_object(record, kRecordKeys)) continue;
      const auto path = problems_.required(record, "path");
      const auto by = problems_.required(record, "by");
      const auto value = problems_.required(record, "value");
      (void)problems_.required(record, "hole");
      const auto path_text = path ? problems_.text(*path) : std::nullopt;
      const auto who = by ? problems_.one_of(*by, kByNames) : std::nullopt;
      if (!path_text || !who || !value) continue;
      if (!paths.insert(*path_text).second) problems_.add(*path, "is recorded twice");
      result_.provenance.push_back(
          {*path_text, *who == 0 ? By::Machine : By::Human, compact_text(**value)});
    }
  }

  Problems& problems_;
  ReadNetwork& result_;
  Model& model_;
  HoleReader holes_;
  ChainReader chains_;
  ModuleReader modules_;
  Cursor network_;
};

/// A template's faults come once a module that it makes; people want each once.
void throw_once(const Problems& problems) {
  try {
    problems.throw_if_any();
  } catch (const SpecError& error) {
    std::vector<Problem> once;
    std::set<std::string> seen;
    for (const Problem& problem : error.problems())
      if (seen.insert(problem.text()).second) once.push_back(problem);
    throw SpecError(std::move(once));
  }
}

}  // namespace

ReadNetwork read_network(const spec::Document& document) {
  ReadNetwork result;
  Problems problems(document.name);
  try {
    NetworkReader reader(problems, result);
    const Cursor root{&document.root, ""};
    reader.read(root);
  } catch (const TooMuch&) {
  }
  throw_once(problems);
  return result;
}

}  // namespace atto::net
