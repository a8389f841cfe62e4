#pragma once
// The feasible designs of a prototype under hard requirements: sampling, mutation and crossover
// whose results always meet every cost requirement. Of flash and RAM only the least that a network
// can need is known here: it meets their ceilings. Immutable after construction; shared by threads.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "design_specs/requirements/design_spec.hpp"
#include "design_specs/seeds/random.hpp"
#include "generator/space/preference.hpp"
#include "prototypes/language/prototype.hpp"

namespace atto::gen {

struct Candidate {
  net::Assignment assignment;
  spec::Costs costs;       ///< at the trained resolution
  std::uint64_t hash = 0;  ///< net::structure_hash of the realised network
};

/// Restricts a decision to some of its alternatives (a pin is one index, a ban all but one).
/// Applies whenever the decision is active.
struct Restriction {
  net::DecisionId decision = net::kNoDecision;
  std::vector<std::int32_t> allowed;  ///< rising indices, not empty
};

/// Storage that draws reuse; one per thread.
class Workspace {
 public:
  Workspace();
  ~Workspace();
  Workspace(Workspace&&) noexcept;
  struct Parts;
  Parts& parts() { return *parts_; }

 private:
  std::unique_ptr<Parts> parts_;
};

class FeasibleSpace {
 public:
  /// The prototype must outlive the space.
  FeasibleSpace(const net::Prototype& prototype, const net::TaskInput& input,
                const spec::Requirements& require, const spec::Band& band,
                const std::vector<Restriction>& restrictions = {});
  ~FeasibleSpace();

  /// Draws a feasible design; nothing when none was found within a bounded effort (see
  /// Feasibility). Depends on the stream alone. Every feasible design has a positive probability.
  std::optional<Candidate> sample(spec::Random& random) const;
  /// As above, under a preference: structure decisions and relative widths are drawn by it; one
  /// draw in 16 is uniform whatever it says.
  std::optional<Candidate> sample(spec::Random& random, Workspace& workspace,
                                  const Preference* preference = nullptr) const;
  /// Changes about `changes` decisions of a parent, then repairs widths; the result is feasible and
  /// not the parent. New alternatives are drawn under the preference. Nothing when no such
  /// neighbour was found.
  std::optional<Candidate> mutate(const net::Assignment& parent, int changes, spec::Random& random,
                                  const Preference* preference = nullptr) const;
  /// Takes each module (and each decision outside modules) from one parent or the other, then
  /// repairs.
  std::optional<Candidate> crossover(const net::Assignment& a, const net::Assignment& b,
                                     spec::Random& random) const;

  /// Returns the candidate of a complete assignment when it is well-formed (feasible or not).
  std::optional<Candidate> evaluate(const net::Assignment& assignment) const;
  /// Returns whether a complete assignment keeps to the restrictions and is feasible.
  bool allows(const net::Assignment& assignment) const;
  /// Returns the cost requirements that a well-formed assignment misses, "at" resolutions included.
  std::vector<spec::Miss> misses(const net::Assignment& assignment) const;

  /// Returns the largest share of a ceiling that a well-formed assignment uses, each cost counted
  /// at its own resolution, flash and RAM at the least that they can be; 0 without ceilings.
  double tightest_use(const net::Assignment& assignment) const;

  const net::Prototype& prototype() const;
  const net::TaskInput& input() const;
  /// Returns the band in force: 0 where restrictions leave no width free, for it cannot be forced
  /// then.
  const spec::Band& band() const;
  /// Returns the alternatives of a decision that restrictions leave, rising.
  std::span<const std::int32_t> allowed(net::DecisionId decision) const;

  struct Parts;
  const Parts& parts() const { return *parts_; }

 private:
  std::unique_ptr<Parts> parts_;
};

/// What else a design must satisfy, which is not known here; empty: nothing.
using Keeps = std::function<bool(const Candidate&)>;

/// Draws `count` distinct feasible designs on `threads` threads (0 = all); the result depends on
/// the seed alone. `keeps` is asked by several threads at once. Fewer when the space holds fewer
/// (or finding more exceeds the effort).
std::vector<Candidate> generate(const FeasibleSpace& space, std::size_t count, std::uint64_t seed,
                                int threads = 0, const Keeps& keeps = {});

}  // namespace atto::gen
