// Reads how to search and how to train: /maximise, /search and /training.

#include <fmt/format.h>

#include <map>

#include "design_specs/requirements/keys.hpp"
#include "design_specs/requirements/readers.hpp"
#include "design_specs/requirements/section.hpp"

namespace atto::spec {
namespace {

constexpr int kMaxEpochs = 100'000;
constexpr std::size_t kMaxRungs = 16;

/// Reads a strictly rising list of cumulative epochs.
std::optional<std::vector<int>> read_rungs(Problems& problems, const Cursor& at) {
  if (at->kind != Kind::Array || at->items.empty() || at->items.size() > kMaxRungs) {
    problems.add(at, fmt::format("must be a list of 1 to {} epoch counts", kMaxRungs));
    return std::nullopt;
  }
  std::vector<int> rungs;
  for (std::size_t i = 0; i < at->items.size(); ++i) {
    const Cursor item = at.at(i);
    const auto epochs = problems.integer(item, 1, kMaxEpochs);
    if (!epochs) return std::nullopt;
    if (!rungs.empty() && *epochs <= rungs.back()) {
      problems.add(item, fmt::format("must be > {}, the rung before it", rungs.back()));
      return std::nullopt;
    }
    rungs.push_back(static_cast<int>(*epochs));
  }
  return rungs;
}

/// NetScore is of a share that grows.
bool weighs_costs(const TaskKind& kind) {
  return kind.main_score().better == Better::More && kind.main_score().unit != Unit::Number;
}

std::string objective_rule(const TaskKind& kind) {
  std::vector<std::string> choices;
  for (const Score& score : kind.scores)
    if (score.is_goal) choices.push_back(json_string(score.name));
  if (weighs_costs(kind))
    choices.push_back(R"({ "netscore": { "alpha": 2, "beta": 0.5, "gamma": 0.5 } })");
  return fmt::format("must be {}", fmt::join(choices, " or "));
}

std::optional<int> read_images(Problems& problems, Section& section, std::string_view key,
                               Location& location) {
  const auto entry = section.member(key);
  if (!entry) return std::nullopt;
  location = entry->value->location;
  const auto images = problems.integer(*entry, 1, std::numeric_limits<int>::max());
  return images ? std::optional(static_cast<int>(*images)) : std::nullopt;
}

/// Lists the keys of settings that are shown to it.
struct KeyList {
  std::vector<std::string_view> keys;
  void boolean(std::string_view key, bool&) { keys.push_back(key); }
  void integer(std::string_view key, int&, int, int) { keys.push_back(key); }
  void number(std::string_view key, double&, double, double) { keys.push_back(key); }
};

template <class Settings>
std::vector<std::string_view> keys_of(Settings settings) {
  KeyList list;
  settings.read(list);
  return list.keys;
}

/// Reads a share for all ceilings together, or one for each that is named.
Band read_band(Problems& problems, const Cursor& at, const Band& otherwise) {
  if (at->kind != Kind::Object) return problems.number(at, 0, 1).value_or(otherwise.any);
  Band band;
  Section shares(problems, at, kBandKeys);
  shares.number("params", band.params, 0, 1);
  shares.number("macs", band.macs, 0, 1);
  shares.number("peak_activation_kib", band.peak_activation_kib, 0, 1);
  shares.number("model_kib", band.model_kib, 0, 1);
  return band;
}

}  // namespace

Objective read_objective(Problems& problems, const Cursor& at, const TaskKind& kind) {
  Objective objective{.score = kind.main_score()};
  if (at->kind == Kind::Object && weighs_costs(kind)) {
    const Section section(problems, at, kMaximiseKeys);
    const auto netscore = problems.required(at, "netscore");
    if (!netscore) return objective;
    objective.is_netscore = true;
    Section weights(problems, *netscore, kNetscoreKeys);
    weights.number("alpha", objective.alpha, kAboveZero, 100);
    weights.number("beta", objective.beta, 0, 100);
    weights.number("gamma", objective.gamma, 0, 100);
  } else if (const Score* goal = at->kind == Kind::String ? kind.find_goal(at->string) : nullptr) {
    objective.score = *goal;
  } else {
    problems.add(at, objective_rule(kind));
  }
  return objective;
}

std::map<std::string_view, std::vector<std::string_view>> strategy_keys() {
  std::map<std::string_view, std::vector<std::string_view>> keys;
  StrategySettings().visit([&](auto& settings) { keys[settings.kKey] = keys_of(settings); });
  return keys;
}

SearchSettings read_search(Problems& problems, const Cursor& at, const Band& band,
                           std::span<const std::string_view> strategies) {
  SearchSettings search;
  search.band = band;
  std::vector<std::string_view> keys(kSearchKeys.begin(), kSearchKeys.end());
  for (const auto& [key, own] : strategy_keys()) keys.push_back(key);
  Section section(problems, at, keys);
  if (strategies.empty())
    section.text("strategy", search.strategy);
  else
    section.one_of("strategy", search.strategy, strategies);
  section.integer("candidates", search.candidates, 1, kMaxCandidates);
  if (const auto entry = section.member("rungs"))
    search.rungs = read_rungs(problems, *entry).value_or(search.rungs);
  section.number("promote", search.promote, kAboveZero, 1);
  section.integer("finalists", search.finalists, 0, kMaxCandidates);
  if (const auto entry = section.member("finalists"); entry && search.finalists > search.candidates)
    problems.add(*entry, fmt::format("must be <= candidates, which is {}", search.candidates));
  search.images = read_images(problems, section, "images", search.images_location);
  search.validation_images =
      read_images(problems, section, "validation_images", search.validation_images_location);
  section.integer("window", search.window, 1, kMaxCandidates);
  if (const auto entry = section.member("band")) search.band = read_band(problems, *entry, band);
  if (const auto entry = section.member("budget")) {
    Section budget(problems, *entry, kBudgetKeys);
    double seconds = 0;
    budget.number("cpu_seconds", seconds, kAboveZero, 1e12);
    if (seconds > 0) search.budget_cpu_seconds = seconds;
  }
  search.visit([&](auto& settings) {
    const auto entry = section.member(settings.kKey);
    if (!entry) return;
    Section own(problems, *entry, keys_of(settings));
    settings.read(own);
  });
  if (const auto entry = section.member("seed"))
    if (const auto seed = problems.integer(*entry, 0, std::numeric_limits<std::int64_t>::max()))
      search.seed = static_cast<std::uint64_t>(*seed);
  return search;
}

TrainingSettings read_training(Problems& problems, const Cursor& at, TrainingSettings training) {
  TrainingRecipe& recipe = training.recipe;
  Section section(problems, at, kTrainingKeys);
  std::string name = recipe.name;
  section.one_of("recipe", name, kRecipes);
  if (name != recipe.name) recipe = recipe_named(name);
  section.integer("batch", recipe.batch, 1, 65'536);
  section.number("learning_rate", recipe.learning_rate, kAboveZero, 100);
  section.number("warmup_epochs", recipe.warmup_epochs, 0, kMaxEpochs);
  section.number("final_learning_rate", recipe.final_learning_rate, 0, 100);
  if (const auto entry = section.member("final_learning_rate");
      entry && recipe.final_learning_rate > recipe.learning_rate)
    problems.add(*entry,
                 fmt::format("must be <= learning_rate, which is {}", recipe.learning_rate));
  section.number("momentum", recipe.momentum, 0, kBelowOne);
  section.number("weight_decay", recipe.weight_decay, 0, 1);
  section.number("label_smoothing", recipe.label_smoothing, 0, kBelowOne);
  section.integer("crop_padding", recipe.crop_padding, 0, 1024);
  section.boolean("flip", recipe.flip);
  section.integer("cutout", recipe.cutout, 0, kMaxResolution);
  section.number("scale_jitter", recipe.scale_jitter, 0, 4);
  section.number("clip_norm", recipe.clip_norm, 0, 1e6);
  section.number("ema", recipe.ema, 0, kBelowOne);
  section.integer("threads", recipe.threads, 1, 1024);
  if (section.member("threads")) training.final_threads = recipe.threads;
  section.integer("judge_every", recipe.judge_every, 1, kMaxEpochs);
  section.integer("final_threads", training.final_threads, 1, 1024);
  section.integer("final_epochs", training.final_epochs, 1, kMaxEpochs);
  training.final_images =
      read_images(problems, section, "final_images", training.final_images_location);
  section.integer("final_seeds", training.final_seeds, 1, 100);
  return training;
}

}  // namespace atto::spec
