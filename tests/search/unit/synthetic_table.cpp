#include "tests/search/unit/synthetic_table.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "design_specs/reading/json.hpp"
#include "generator/space/decision_forest.hpp"

namespace atto::test {
namespace {

constexpr const char* kModules = R"({
  "format": 1, "name": "modules", "input": { "channels": 1, "height": 16, "width": 16 }, "classes": 10,
  "stem": [ { "op": "conv", "kernel": 3, "channels": 16 } ],
  "stages": [ { "name": "a", "modules": 2, "stride": 2, "channels": 24, "module": "m" },
              { "name": "b", "modules": 2, "stride": 2, "channels": 48, "module": "m" } ],
  "head": [ { "op": "global_average_pool" }, { "op": "dense" } ],
  "modules": { "m": { "shortcut": "identity", "chain": { "choose": [
    [ { "op": "pointwise", "channels": 48 }, { "op": "depthwise", "kernel": { "choose": [3, 5] } },
      { "op": "pointwise", "channels": "module" } ],
    [ { "op": "depthwise", "kernel": { "choose": [3, 5] } }, { "op": "pointwise", "channels": "module" } ],
    [ { "op": "grouped", "kernel": 3, "groups": { "choose": [4, 8] }, "channels": "module" } ] ] } } } })";

constexpr const char* kWidths = R"({
  "format": 1, "name": "widths", "input": { "channels": 1, "height": 16, "width": 16 }, "classes": 10,
  "stem": [ { "op": "conv", "kernel": 3, "channels": 16 } ],
  "stages": [ { "name": "a", "modules": 2, "stride": 2, "channels": { "choose": [16, 24, 32] }, "module": "m" },
              { "name": "b", "modules": 2, "stride": 2, "channels": { "choose": [32, 48, 64] }, "module": "m" } ],
  "head": [ { "op": "global_average_pool" }, { "op": "dense" } ],
  "modules": { "m": { "chain": { "choose": [
    [ { "op": "pointwise", "channels": 48 }, { "op": "depthwise", "kernel": 3 },
      { "op": "pointwise", "channels": "module" } ],
    [ { "op": "depthwise", "kernel": { "choose": [3, 5] } }, { "op": "pointwise", "channels": "module" } ],
    [ { "op": "grouped", "kernel": 3, "groups": 4, "channels": "module" } ] ] } } } })";

/// Independent normal effects, by name.
class Effects {
 public:
  explicit Effects(std::uint64_t seed) : seed_(seed) {}
  double of(const std::string& name) const {
    return spec::Random(spec::derive_seed({seed_, spec::hash_bytes(name)})).normal();
  }

 private:
  std::uint64_t seed_;
};

std::string role_of(const std::string& path) {
  const std::string module(gen::module_of(path));
  return module.empty() ? path : path.substr(module.size());
}

/// The parts of a landscape, one vector over designs each, every one of variance 1.
struct Parts {
  std::vector<double> role, place, within, between, cost, own;
};

void standardise(std::vector<double>& values) {
  const double count = static_cast<double>(values.size());
  const double mean = std::accumulate(values.begin(), values.end(), 0.0) / count;
  double square = 0;
  for (double& value : values) {
    value -= mean;
    square += value * value;
  }
  const double deviation = std::sqrt(square / count);
  for (double& value : values) value /= deviation > 1e-9 ? deviation : 1;
}

/// The taken decisions of a design as "path=index", by scope.
std::map<std::int32_t, std::vector<std::pair<std::string, int>>> taken(
    const gen::DecisionForest& forest, const net::Assignment& assignment) {
  std::map<std::int32_t, std::vector<std::pair<std::string, int>>> scopes;
  for (std::size_t d = 0; d < assignment.size(); ++d)
    if (assignment[d] != net::kInactive) {
      const auto id = static_cast<net::DecisionId>(d);
      scopes[forest.scope(id)].emplace_back(forest.at(id).path, assignment[d]);
    }
  return scopes;
}

Parts make_parts(const gen::DecisionForest& forest, const std::vector<gen::Candidate>& designs,
                 const Effects& effects) {
  Parts parts;
  for (const gen::Candidate& design : designs) {
    double role = 0, place = 0, within = 0, between = 0;
    std::string before;
    for (const auto& [scope, choices] : taken(forest, design.assignment)) {
      std::string whole;
      for (const auto& [path, index] : choices) {
        const std::string alternative = "=" + std::to_string(index);
        role += effects.of("role" + role_of(path) + alternative);
        place += effects.of("place" + path + alternative);
        whole += role_of(path) + alternative;
      }
      within += effects.of("within" + whole);
      between += effects.of("between" + before + ">" + whole);
      before = whole;
    }
    parts.role.push_back(role);
    parts.place.push_back(place);
    parts.within.push_back(within);
    parts.between.push_back(between);
    parts.cost.push_back(std::log(double(design.costs.params)) * effects.of("params") +
                         std::log(double(design.costs.macs)));
    parts.own.push_back(effects.of("own" + std::to_string(design.hash)));
  }
  for (auto* part :
       {&parts.role, &parts.place, &parts.within, &parts.between, &parts.cost, &parts.own})
    standardise(*part);
  return parts;
}

std::vector<double> mixed(const Parts& parts, const LandscapeShape& shape) {
  std::vector<double> sum(parts.role.size());
  for (std::size_t i = 0; i < sum.size(); ++i)
    sum[i] = std::sqrt(shape.role) * parts.role[i] + std::sqrt(shape.place) * parts.place[i] +
             std::sqrt(shape.within) * parts.within[i] +
             std::sqrt(shape.between) * parts.between[i] + std::sqrt(shape.cost) * parts.cost[i] +
             std::sqrt(shape.own) * parts.own[i];
  standardise(sum);
  return sum;
}

/// Accuracies have a ceiling: what is good is crowded, what is bad has a tail.
double accuracy_of(double quality) {
  return 0.88 - 0.05 * std::exp(-0.5 * quality);
}

net::ResponsesByModule responses_of(const gen::DecisionForest& forest,
                                    const net::Assignment& assignment, const Effects& effects,
                                    spec::Random& random) {
  net::ResponsesByModule responses;
  for (const auto& [scope, choices] : taken(forest, assignment)) {
    const std::string module(gen::module_of(choices.front().first));
    if (module.empty()) continue;
    net::ModuleResponses& seen = responses[module];
    for (const auto& [path, index] : choices) {
      const std::string alternative = "=" + std::to_string(index);
      seen.class_separation_gained += effects.of("role" + role_of(path) + alternative) +
                                      effects.of("place" + path + alternative);
      seen.activation_sparsity += effects.of("sparsity" + path + alternative);
    }
    seen.class_separation_gained += random.normal();
    seen.effective_rank = random.uniform();
    seen.gradient_norm = std::exp(random.normal());
    seen.taylor_saliency_per_param = std::exp(random.normal());
    seen.taylor_saliency_per_mac = std::exp(random.normal());
  }
  return responses;
}

std::vector<gen::Candidate> feasible_designs(const gen::FeasibleSpace& space) {
  std::vector<gen::Candidate> designs = gen::generate(space, 2000, 1, 1);
  std::sort(designs.begin(), designs.end(),
            [](const gen::Candidate& a, const gen::Candidate& b) { return a.hash < b.hash; });
  return designs;
}

/// The ceiling on multiply-adds that leaves about 550 of the designs at nine tenths of it.
spec::Requirements half_of(const net::Prototype& prototype) {
  const gen::FeasibleSpace all(prototype, prototype.written_input(), {}, 0);
  std::vector<double> macs;
  for (const gen::Candidate& design : feasible_designs(all))
    macs.push_back(double(design.costs.macs));
  std::sort(macs.begin(), macs.end());
  std::size_t best = 0, best_miss = macs.size();
  for (std::size_t i = 0; i < macs.size(); ++i) {
    const auto low = std::lower_bound(macs.begin(), macs.end(), 0.75 * macs[i]);
    const std::size_t count = i + 1 - static_cast<std::size_t>(low - macs.begin());
    const std::size_t miss = count > 550 ? count - 550 : 550 - count;
    if (miss < best_miss) {
      best_miss = miss;
      best = i;
    }
  }
  spec::Requirements require;
  require.macs.max = macs[best];
  return require;
}

}  // namespace

SyntheticTable make_table(const LandscapeShape& shape, bool widths, int runs, std::uint64_t seed) {
  SyntheticTable made;
  made.prototype = std::make_unique<net::Prototype>(
      spec::parse_json(widths ? kWidths : kModules, "prototype.json"));
  made.space = std::make_unique<gen::FeasibleSpace>(
      *made.prototype, made.prototype->written_input(), half_of(*made.prototype), 0.75);
  const std::vector<gen::Candidate> designs = feasible_designs(*made.space);
  const gen::DecisionForest forest(*made.prototype, {});
  const Effects effects(seed), other(spec::derive_seed({seed, 1}));
  const std::vector<double> quality = mixed(make_parts(forest, designs, effects), shape);
  const std::vector<double> early = mixed(make_parts(forest, designs, other), shape);

  made.table.rungs = {1, 3, 9};
  const double correlations[] = {shape.first_rung, 0.5 + 0.5 * shape.first_rung, 1};
  for (std::size_t i = 0; i < designs.size(); ++i) {
    search::TableDesign design;
    design.hash = designs[i].hash;
    design.assignment = designs[i].assignment;
    design.costs = designs[i].costs;
    spec::Random random(spec::derive_seed({seed, designs[i].hash}));
    const double per_epoch =
        0.4 + 1e-6 * double(designs[i].costs.macs) * (0.8 + 0.4 * random.uniform());
    net::ZeroCostScores& score = design.scores[""];
    score.naswot = quality[i] + 1.5 * random.normal();
    score.log_synflow = std::log(double(design.costs.params)) + 0.3 * random.normal();
    score.expressivity = random.normal();
    score.trainability = random.normal();
    design.score_cpu_seconds = 0.05;
    for (int run = 0; run < runs; ++run) {
      const double luck = random.normal();
      auto& rungs = design.runs.emplace_back();
      for (std::size_t r = 0; r < 3; ++r) {
        const double rho = correlations[r];
        const double noise = 0.7 * luck + std::sqrt(1 - 0.49) * random.normal();
        const double seen = rho * quality[i] + std::sqrt(1 - rho * rho) * early[i];
        search::TableResult result;
        result.value = accuracy_of(seen + shape.seed_sd * noise) - 0.1 * std::pow(0.5, double(r));
        result.cpu_seconds = per_epoch * made.table.rungs[r];
        result.responses = responses_of(forest, designs[i].assignment, effects, random);
        result.probe_cpu_seconds = 0.03 * per_epoch;
        rungs.push_back(std::move(result));
      }
    }
    made.table.add(std::move(design));
  }
  return made;
}

std::vector<LandscapeShape> landscape_shapes() {
  std::vector<LandscapeShape> shapes(5);
  shapes[0].name = "mixed";
  shapes[1] = {"additive", 0.45, 0.4, 0, 0, 0.15, 0, 0.42, 0.7};
  shapes[2] = {"interacting", 0.15, 0.15, 0.2, 0.3, 0.1, 0.1, 0.42, 0.7};
  shapes[3] = {"rugged", 0.2, 0.2, 0.1, 0.1, 0.1, 0.3, 0.42, 0.7};
  shapes[4] = {"poor_rungs", 0.3, 0.3, 0.1, 0.1, 0.15, 0.05, 0.42, 0.4};
  return shapes;
}

}  // namespace atto::test
