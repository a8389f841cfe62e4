// What a strategy itself costs: CPU-seconds a proposal, on results that depend on design and rung
// alone and come as late as the window lets them. Prints a line for every so many proposals.
//   build/release/bin/proposals SPEC [--strategy NAME] [--designs N] [--window N] [--every N]
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cmath>
#include <ctime>
#include <deque>

#include "generator/space/feasible_space.hpp"
#include "prototypes/language/prototype.hpp"
#include "search/cli/commands.hpp"
#include "search/strategies/strategy.hpp"

namespace {

using namespace atto;
using namespace atto::search;

struct Options {
  std::string spec, strategy = "generative_synthesis";
  int designs = 1000, window = 1000, every = 50;
};

double cpu_seconds() {
  return double(std::clock()) / CLOCKS_PER_SEC;
}

/// Larger is better, with noise; a rung more is a little better.
Observation result_of(const Proposal& proposal, const gen::Candidate& design) {
  spec::Random random(spec::derive_seed({proposal.hash, std::uint64_t(proposal.rung)}));
  Observation seen;
  seen.hash = proposal.hash;
  seen.rung = proposal.rung;
  seen.value = 0.5 + 0.02 * std::log(double(design.costs.macs)) + 0.05 * proposal.rung +
               0.05 * random.normal();
  seen.meets = true;
  return seen;
}

int bench(const Options& options) {
  const spec::DesignSpec spec = spec::read_design_spec(options.spec);
  const net::Prototype prototype = net::read_prototype(spec.prototype);
  net::TaskInput input = prototype.written_input();
  if (spec.task.resolution) input.input.height = input.input.width = *spec.task.resolution;
  const spec::Requirements& require = spec.tiers.empty() ? spec.require : spec.tiers[0].require;
  const gen::FeasibleSpace space(prototype, input, require, spec.search.band);
  StrategySetting setting{&space, spec.search, 1, {}};
  setting.search.candidates = options.designs;
  double last_poll = cpu_seconds(), longest = 0;
  setting.poll = [&] {
    const double now = cpu_seconds();
    longest = std::max(longest, now - last_poll);
    last_poll = now;
  };
  const auto strategy = find_strategy(options.strategy)->make(setting);
  std::map<std::uint64_t, gen::Candidate> designs;
  std::deque<Proposal> waiting;
  double before = cpu_seconds(), longest_call = 0;
  for (std::int64_t position = 0;;) {
    const double start = cpu_seconds();
    setting.poll();
    while (waiting.size() >= std::size_t(options.window) && !waiting.empty()) {
      strategy->observe(result_of(waiting.front(), designs.at(waiting.front().hash)));
      waiting.pop_front();
    }
    std::optional<Proposal> proposal = strategy->propose(position);
    longest_call = std::max(longest_call, cpu_seconds() - start);
    if (!proposal && waiting.empty()) break;
    if (!proposal) {
      strategy->observe(result_of(waiting.front(), designs.at(waiting.front().hash)));
      waiting.pop_front();
      continue;
    }
    if (proposal->fresh) designs.emplace(proposal->hash, *proposal->fresh);
    waiting.push_back(std::move(*proposal));
    if (++position % options.every != 0) continue;
    const double took = cpu_seconds() - before;
    fmt::print(
        "{:6} jobs, {:5} designs: {:7.1f} proposals a CPU-second; {:.3f} s between polls, {:.3f} s "
        "a job at most\n",
        position, designs.size(), options.every / std::max(took, 1e-9), longest, longest_call);
    std::fflush(stdout);
    before = cpu_seconds(), longest = longest_call = 0;
  }
  std::uint64_t digest = 0;
  for (const auto& [hash, design] : designs) digest = spec::derive_seed({digest, hash});
  fmt::print("{} designs, digest {:016x}, {:.1f} CPU-seconds\n", designs.size(), digest,
             cpu_seconds());
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("CPU-seconds that a strategy takes for its proposals");
  Options options;
  app.add_option("spec", options.spec, "Design requirements (JSON)")->required();
  app.add_option("--strategy", options.strategy);
  app.add_option("--designs", options.designs);
  app.add_option("--window", options.window);
  app.add_option("--every", options.every);
  CLI11_PARSE(app, argc, argv);
  return cli::run_guarded([&] { return bench(options); });
}
