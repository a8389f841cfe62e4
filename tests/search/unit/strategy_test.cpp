#include "search/strategies/strategy.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <deque>
#include <map>
#include <set>
#include <tuple>

#include "design_specs/errors.hpp"
#include "design_specs/reading/json.hpp"
#include "prototypes/language/prototype.hpp"
#include "prototypes/network/identity.hpp"
#include "search/campaign/cycles.hpp"
#include "tests/rounds.hpp"

using namespace atto;
using namespace atto::search;

namespace {

struct Space {
  net::Prototype prototype =
      net::read_prototype(ATTO_SOURCE_DIR "/tests/search/data/tiny_prototype.json");
  spec::Requirements require;
  std::unique_ptr<gen::FeasibleSpace> space;

  Space() {
    require.params.max = 30000;
    space =
        std::make_unique<gen::FeasibleSpace>(prototype, prototype.written_input(), require, 0.9);
  }
};

spec::SearchSettings settings(int candidates) {
  spec::SearchSettings search;
  search.candidates = candidates;
  search.rungs = {1, 3, 9};
  search.finalists = 2;
  return search;
}

/// What a campaign with a window shows a strategy, on results that depend on design and rung alone.
struct Trace {
  std::vector<std::pair<std::uint64_t, int>> jobs;  ///< hash, rung
  std::vector<std::string> how;
  std::map<std::uint64_t, int> released;
};

Observation result_of(std::uint64_t hash, int rung) {
  Observation seen;
  seen.hash = hash;
  seen.rung = rung;
  spec::Random random(spec::derive_seed({hash, std::uint64_t(rung)}));
  if (random.below(16) != 0) seen.value = 0.3 * rung + random.uniform();  // else it diverged
  seen.meets = random.below(5) != 0;
  return seen;
}

Trace run(Strategy& strategy, std::size_t window, bool asks_twice = false, std::int64_t first = 0) {
  Trace trace;
  std::deque<std::pair<std::uint64_t, int>> waiting;
  const auto show = [&] {
    strategy.observe(result_of(waiting.front().first, waiting.front().second));
    waiting.pop_front();
    for (std::uint64_t hash : strategy.take_released()) ++trace.released[hash];
  };
  for (;;) {
    while (waiting.size() >= window) show();
    const std::int64_t next = first + std::int64_t(trace.jobs.size());
    std::optional<Proposal> proposal = strategy.propose(next);
    if (!proposal && asks_twice) REQUIRE_FALSE(strategy.propose(next));
    if (proposal) {
      trace.jobs.emplace_back(proposal->hash, proposal->rung);
      trace.how.push_back(proposal->how);
      waiting.emplace_back(proposal->hash, proposal->rung);
    } else if (waiting.empty()) {
      return trace;
    } else {
      show();
    }
  }
}

Trace run(const std::string& name, const StrategySetting& setting, std::size_t window,
          bool asks_twice = false) {
  const auto strategy = find_strategy(name)->make(setting);
  return run(*strategy, window, asks_twice);
}

}  // namespace

TEST_CASE("A spec may name every strategy, and editors offer them all") {
  const spec::Document schema =
      spec::read_json(std::string(ATTO_SOURCE_DIR) + "/design_specs/design_spec.schema.json");
  const spec::Value* at = &schema.root;
  for (const char* key : {"properties", "search", "properties", "strategy", "enum"}) {
    at = at->find(key);
    REQUIRE(at != nullptr);
  }
  std::vector<std::string> offered;
  for (const spec::Value& name : at->items) offered.push_back(name.string);
  CHECK(offered == std::vector<std::string>(strategy_names().begin(), strategy_names().end()));
  for (const std::string& name : offered) CHECK(find_strategy(name) != nullptr);
}

TEST_CASE("A strategy that is not there is refused among a spec's other problems") {
  const auto message_of = [](const std::string& search) {
    const std::string text = R"({"name": "x", "prototype": "p.json", "search": )" + search + "}";
    try {
      (void)spec::read_design_spec(spec::parse_json(text, "x.json"), "x.json", strategy_names());
    } catch (const SpecError& error) {
      return std::string(error.what());
    }
    return std::string("accepted");
  };
  const std::string rule =
      "/search/strategy: must be one of random, random_asha, one_epoch_top_k, aging_evolution, "
      "local_search, generative_synthesis; got ";
  CHECK(message_of(R"({"strategy": "aging_evolution"})") == "accepted");
  CHECK(message_of(R"({"strategy": "evolution"})") == "x.json:1:61: " + rule + "\"evolution\"");
  CHECK(message_of(R"({"strategy": 5})") == "x.json:1:61: " + rule + "5");
  const std::string both = message_of(R"({"strategy": "", "candidates": 0})");
  CHECK(both.find(rule + "\"\"") != std::string::npos);
  CHECK(both.find("/search/candidates: must be >= 1; got 0") != std::string::npos);
}

TEST_CASE(
    "Every strategy tries as many different designs as asked for, each rung once and in order") {
  const Space space;
  for (const StrategyEntry& entry : strategies()) {
    INFO(entry.name);
    const int designs = test::rounds(40, 20);
    const StrategySetting setting{space.space.get(), settings(designs), 5, {}};
    const Trace trace = run(std::string(entry.name), setting, 4);
    std::map<std::uint64_t, int> reached;
    int at_top = 0;
    for (const auto& [hash, rung] : trace.jobs) {
      const auto known = reached.find(hash);
      CHECK((known == reached.end() || known->second < rung));
      reached[hash] = rung;
      at_top += rung == 2;
    }
    CHECK(reached.size() == std::size_t(designs));
    CHECK(at_top >= 2);
    for (const auto& [hash, count] : trace.released) CHECK(count == 1);
  }
}

TEST_CASE("A design that is refused counts for nothing and is not proposed again") {
  const Space space;
  for (const StrategyEntry& entry : strategies()) {
    INFO(entry.name);
    const int designs = test::rounds(24, 12);
    const StrategySetting setting{space.space.get(), settings(designs), 5, {}};
    const auto strategy = entry.make(setting);
    std::set<std::uint64_t> refused;
    std::map<std::uint64_t, int> reached;
    std::deque<std::pair<std::uint64_t, int>> waiting;
    for (std::int64_t position = 0;; ++position) {
      const std::optional<Proposal> proposal = strategy->propose(position);
      if (!proposal && waiting.empty()) break;
      if (proposal && proposal->fresh && proposal->hash % 3 != 0) {
        CHECK(refused.insert(proposal->hash).second);
        strategy->refuse(proposal->hash);
        continue;
      }
      if (proposal) {
        CHECK(refused.count(proposal->hash) == 0);
        reached[proposal->hash] = proposal->rung;
        waiting.emplace_back(proposal->hash, proposal->rung);
      }
      if (waiting.size() < 4 && proposal) continue;
      strategy->observe(result_of(waiting.front().first, waiting.front().second));
      waiting.pop_front();
    }
    CHECK(refused.size() > std::size_t(designs * 5 / 6));
    CHECK(reached.size() == std::size_t(designs));
  }
}

TEST_CASE("A raised number of candidates promotes designs whose checkpoints are still kept") {
  const Space space;
  int promoted_later = 0;
  for (const std::string name : {"random_asha", "one_epoch_top_k"})
    for (const std::uint64_t seed : {1, 2, 3, 4}) {
      const StrategySetting setting{space.space.get(), settings(24), seed, {}};
      const auto strategy = find_strategy(name)->make(setting);
      const Trace before = run(*strategy, 4);
      strategy->set_candidates(48);
      const Trace after = run(*strategy, 4, false, std::int64_t(before.jobs.size()));
      const auto is_known = [&](std::uint64_t hash) {
        return std::any_of(before.jobs.begin(), before.jobs.end(),
                           [&](const auto& job) { return job.first == hash; });
      };
      for (const auto& [hash, rung] : after.jobs) {
        if (!is_known(hash)) continue;
        ++promoted_later;
        CHECK(before.released.count(hash) == 0);
      }
    }
  CHECK(promoted_later > 0);
}

TEST_CASE("A strategy repeats itself exactly, whether or not it is asked in vain in between") {
  const Space space;
  for (const StrategyEntry& entry : strategies()) {
    INFO(entry.name);
    const int designs = test::rounds(30, 10);
    const StrategySetting setting{space.space.get(), settings(designs), 5, {}};
    const Trace trace = run(std::string(entry.name), setting, 4);
    CHECK(run(std::string(entry.name), setting, 4, true).jobs == trace.jobs);
    const StrategySetting other{space.space.get(), settings(designs), 6, {}};
    CHECK(run(std::string(entry.name), other, 4).jobs != trace.jobs);
  }
}

TEST_CASE("A design that a person included is never proposed") {
  const Space space;
  StrategySetting setting{space.space.get(), settings(10), 5, {}};
  const std::uint64_t first = run("random", setting, 1).jobs.front().first;
  setting.taken = {first};
  for (const auto& [hash, rung] : run("random", setting, 1).jobs) CHECK(hash != first);
}

TEST_CASE("Successive halving promotes at most its share, and the best of what it saw at the end") {
  const Space space;
  const StrategySetting setting{space.space.get(), settings(60), 5, {}};
  const Trace trace = run("random_asha", setting, 4);
  int at_rung[3] = {};
  for (const auto& [hash, rung] : trace.jobs) ++at_rung[rung];
  CHECK(at_rung[0] == 60);
  // A third of a third; promotions of early leaders that later fell behind come on top.
  CHECK(at_rung[1] >= 20);
  CHECK(at_rung[1] <= 32);
  CHECK(at_rung[2] >= 6);
  CHECK(at_rung[2] <= 14);
  for (const auto& [hash, rung] : trace.jobs)
    if (rung > 0) CHECK(std::isfinite(result_of(hash, rung - 1).value));
}

TEST_CASE("One epoch for all, then exactly the best go to the top") {
  const Space space;
  const StrategySetting setting{space.space.get(), settings(30), 5, {}};
  const Trace trace = run("one_epoch_top_k", setting, 4);
  std::vector<Observation> first;
  for (const auto& [hash, rung] : trace.jobs)
    if (rung == 0) first.push_back(result_of(hash, 0));
  std::sort(first.begin(), first.end(), [](const Observation& a, const Observation& b) {
    return std::tuple(!a.meets, -a.value, a.hash) < std::tuple(!b.meets, -b.value, b.hash);
  });
  std::set<std::uint64_t> expected, promoted;
  for (const Observation& seen : first)
    if (std::isfinite(seen.value) && expected.size() < 10) expected.insert(seen.hash);
  for (const auto& [hash, rung] : trace.jobs)
    if (rung == 2) promoted.insert(hash);
  CHECK(promoted == expected);
}

TEST_CASE("Aging evolution starts at random and then varies its population") {
  const Space space;
  const StrategySetting setting{space.space.get(), settings(80), 5, {}};
  const Trace trace = run("aging_evolution", setting, 4);
  for (int i = 0; i < 20; ++i) CHECK(trace.how[std::size_t(i)] == "sampled");
  int mutations = 0, crossovers = 0;
  for (const std::string& how : trace.how) {
    mutations += how.rfind("mutation of ", 0) == 0;
    crossovers += how.rfind("crossover of ", 0) == 0;
  }
  CHECK(mutations > 25);
  CHECK(crossovers > 3);
  // Nobody older than the population has children.
  std::map<std::string, std::size_t> born;
  for (std::size_t i = 0; i < trace.jobs.size(); ++i) born[net::hash_text(trace.jobs[i].first)] = i;
  for (std::size_t i = 0; i < trace.how.size(); ++i)
    if (trace.how[i].rfind("mutation of ", 0) == 0)
      CHECK(i - born.at(trace.how[i].substr(12)) <= 20 + 4);
}

TEST_CASE("Local search moves to what is better, and starts again where no neighbour is") {
  const net::Prototype prototype =
      net::read_prototype(ATTO_SOURCE_DIR "/prototypes/nas_bench_macro.json");
  const gen::FeasibleSpace space(prototype, prototype.written_input(), {}, 0);
  spec::SearchSettings search = settings(200);
  search.local_search.starts = 0.05;
  const auto strategy = find_strategy("local_search")->make({&space, search, 5, {}});
  // One hill: the sum of all choices.
  std::map<std::uint64_t, net::Assignment> known;
  const auto height = [](const net::Assignment& assignment) {
    double sum = 0;
    for (const std::int32_t choice : assignment) sum += choice;
    return sum;
  };
  double best = 0;  // of this climb
  int neighbours = 0, restarts = 0, tops = 0;
  for (std::int64_t position = 0; position < 200; ++position) {
    const std::optional<Proposal> proposal = strategy->propose(position);
    REQUIRE(proposal);
    CHECK(proposal->rung == 2);
    const net::Assignment& made = proposal->fresh->assignment;
    const bool is_sampled = proposal->how == "sampled";
    if (position < 10) CHECK(is_sampled);
    if (is_sampled && position >= 10) {
      ++restarts;
      best = 0;
    }
    if (!is_sampled) {
      ++neighbours;
      const auto centre = std::find_if(known.begin(), known.end(), [&](const auto& one) {
        return proposal->how == "neighbour of " + net::hash_text(one.first);
      });
      REQUIRE(centre != known.end());
      // A climb may also walk over designs of earlier ones.
      CHECK(height(centre->second) >= best);
      int changes = 0;
      for (std::size_t d = 0; d < made.size(); ++d) changes += made[d] != centre->second[d];
      CHECK(changes == 1);
      best = height(centre->second);
    }
    best = std::max(best, height(made));
    tops = std::max(tops, int(height(made)));
    known[proposal->hash] = made;
    Observation seen;
    seen.hash = proposal->hash;
    seen.rung = proposal->rung;
    seen.meets = true;
    seen.value = height(made);
    strategy->observe(seen);
  }
  CHECK(tops == 16);
  CHECK(neighbours > 100);
  CHECK(restarts > 1);
}

TEST_CASE("More candidates go on where fewer ended") {
  const Space space;
  const StrategySetting setting{space.space.get(), settings(10), 5, {}};
  const auto strategy = find_strategy("random")->make(setting);
  const Trace before = run(*strategy, 4);
  strategy->set_candidates(15);
  CHECK(before.jobs.size() == 10);
  std::size_t more = 0;
  while (strategy->propose(std::int64_t(10 + more))) ++more;
  CHECK(more == 5);
}

TEST_CASE("A steered strategy proposes in the new space and promotes nothing that is barred") {
  const Space space;
  std::vector<gen::Restriction> pins;
  for (const auto& [decision, index] :
       net::read_pin(space.prototype, "stages[*].modules[*].shortcut=identity"))
    pins.push_back({decision, {index}});
  const gen::FeasibleSpace steered(space.prototype, space.prototype.written_input(), space.require,
                                   0.9, pins);
  for (const StrategyEntry& entry : strategies()) {
    INFO(entry.name);
    const auto strategy = entry.make({space.space.get(), settings(40), 5, {}});
    std::map<std::uint64_t, net::Assignment> known;
    std::set<std::uint64_t> barred;
    std::deque<std::pair<std::uint64_t, int>> waiting;
    int fresh = 0, promoted = 0;
    const auto show = [&] {
      Observation seen = result_of(waiting.front().first, waiting.front().second);
      seen.is_barred = barred.count(seen.hash) > 0;
      strategy->observe(seen);
      waiting.pop_front();
      strategy->take_released();
    };
    for (std::int64_t next = 0;;) {
      if (next == 20 && barred.empty()) {
        Steering steering{&steered, {}, {}};
        for (const auto& [hash, assignment] : known)
          if (!steered.allows(assignment)) barred.insert(hash);
        steering.barred.assign(barred.begin(), barred.end());
        REQUIRE_FALSE(barred.empty());
        strategy->steer(steering);
      }
      while (waiting.size() >= 4) show();
      const std::optional<Proposal> proposal = strategy->propose(next);
      if (!proposal) {
        if (waiting.empty()) break;
        show();
        continue;
      }
      if (proposal->fresh) known[proposal->hash] = proposal->fresh->assignment;
      if (!barred.empty()) {
        CHECK(barred.count(proposal->hash) == 0);
        CHECK(steered.allows(known.at(proposal->hash)));
        ++(proposal->fresh ? fresh : promoted);
      }
      waiting.emplace_back(proposal->hash, proposal->rung);
      ++next;
    }
    CHECK(fresh > 5);
    const bool has_rungs = entry.workload(settings(40)).climbs.size() > 1;
    if (has_rungs) CHECK(promoted > 0);
    if (strategy->cycles() == 0) continue;
    const Insight insight = strategy->insight();
    CHECK_FALSE(insight.theta.empty());
    CHECK_FALSE(insight.credits.empty());
    const Insight again = read_insight(insight_text(insight));
    CHECK(again.theta == insight.theta);
    CHECK(again.credits == insight.credits);
    CHECK(again.weights == insight.weights);
    CHECK(again.sources == insight.sources);
  }
}
