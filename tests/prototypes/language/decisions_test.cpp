// Decisions: activity, completion, paths, pins.

#include <catch2/catch.hpp>
#include <set>

#include "design_specs/errors.hpp"
#include "tests/prototypes/language/features.hpp"
#include "tests/prototypes/language/sampling.hpp"

using namespace atto;

namespace {

net::Decision decision(int alternatives, net::DecisionId parent = net::kNoDecision, int first = 0,
                       int last = 0) {
  net::Decision made;
  made.alternatives = alternatives;
  made.parent = parent;
  made.parent_first = first;
  made.parent_last = last;
  return made;
}

std::string refusal(const net::Prototype& prototype, std::string_view pin) {
  try {
    (void)net::read_pin(prototype, pin);
  } catch (const SpecError& error) {
    return error.what();
  }
  return "accepted";
}

}  // namespace

TEST_CASE("A decision exists where all its ancestors choose the alternative it lives in") {
  const std::vector<net::Decision> decisions = {decision(3), decision(2, 0, 1, 2),
                                                decision(2, 1, 1, 1)};
  CHECK(net::is_active(decisions, {0, net::kInactive, net::kInactive}, 0));
  CHECK_FALSE(net::is_active(decisions, {0, 1, 0}, 1));
  CHECK(net::is_active(decisions, {2, 0, net::kInactive}, 1));
  CHECK_FALSE(net::is_active(decisions, {2, 0, 0}, 2));
  CHECK(net::is_active(decisions, {1, 1, 0}, 2));
  CHECK_FALSE(net::is_active(decisions, {0, 1, 0}, 2));
}

TEST_CASE("Completion takes what exists, clears what does not, and changes nothing twice") {
  const std::vector<net::Decision> decisions = {decision(3), decision(2, 0, 1, 2),
                                                decision(2, 1, 1, 1)};
  net::Assignment assignment = {0, 1, 1};
  net::complete(decisions, assignment);
  CHECK(assignment == net::Assignment{0, net::kInactive, net::kInactive});
  assignment = {2, net::kInactive, 1};
  net::complete(decisions, assignment);
  CHECK(assignment == net::Assignment{2, 0, net::kInactive});
  assignment = {};
  net::complete(decisions, assignment);
  CHECK(assignment == net::Assignment{0, net::kInactive, net::kInactive});

  const net::Prototype prototype = test::prototype_of(test::every_feature());
  spec::Random random(3);
  for (int i = 0; i < 100; ++i) {
    net::Assignment once(prototype.decisions().size());
    for (std::size_t d = 0; d < once.size(); ++d)
      once[d] = static_cast<std::int32_t>(random.below(
                    static_cast<std::uint64_t>(prototype.decisions()[d].alternatives) + 1)) -
                1;
    net::complete(prototype.decisions(), once);
    net::Assignment twice = once;
    net::complete(prototype.decisions(), twice);
    CHECK(twice == once);
    for (std::size_t d = 0; d < once.size(); ++d)
      CHECK((once[d] != net::kInactive) ==
            net::is_active(prototype.decisions(), once, static_cast<net::DecisionId>(d)));
  }
}

TEST_CASE("A pattern's [*] stands for any one index") {
  CHECK(net::path_matches("a[1].b", "a[1].b"));
  CHECK_FALSE(net::path_matches("a[1].b", "a[1].bc"));
  CHECK(net::path_matches("stages[*].modules[*].chain", "stages[0].modules[12].chain"));
  CHECK_FALSE(net::path_matches("stages[*].modules[*].chain", "stages[0].modules.chain"));
  CHECK_FALSE(net::path_matches("stages[*].chain", "stages[0].modules[1].chain"));
  CHECK(net::path_matches("x[*]", "x[7]"));
  CHECK_FALSE(net::path_matches("x[*]", "x[7].y"));
  CHECK_FALSE(net::path_matches("x[*]", "x["));
}

TEST_CASE("Paths are unique, parents stand before their children, and find() knows every path") {
  for (const net::Prototype& prototype : test::shipped()) {
    std::set<std::string> paths;
    for (std::size_t d = 0; d < prototype.decisions().size(); ++d) {
      const net::Decision& made = prototype.decisions()[d];
      CHECK(paths.insert(made.path).second);
      CHECK(made.parent < static_cast<net::DecisionId>(d));
      CHECK(made.alternatives == static_cast<int>(made.labels.size()));
      CHECK((made.values.empty() || made.values.size() == made.labels.size()));
      CHECK(prototype.find(made.path) == static_cast<net::DecisionId>(d));
    }
    CHECK(prototype.find("nowhere") == net::kNoDecision);
  }
}

TEST_CASE("Pins address decisions by pattern, and values by number, word or index") {
  const net::Prototype prototype = test::prototype_of(test::every_feature());
  const auto index = [&](std::string_view pin) {
    return net::read_pin(prototype, pin).at(0).second;
  };
  CHECK(index("let.k=5") == 1);
  CHECK(index("let.alpha=1") == 1);
  CHECK(index("let.alpha=1.5") == 2);
  CHECK(index("activation=hard_swish") == 1);
  CHECK(index("stages[0].modules[0].module=free") == 1);
  CHECK(index("stages[0].modules[0].module=#2") == 2);
  CHECK(index("stages[0].modules[1].module#0.chain=1") == 1);
  CHECK(net::read_pin(prototype, "stages[0].modules[*].module=plain").size() == 3);
  CHECK(refusal(prototype, "let.k=4") == "p.json: let.k must be one of 3, 5; got let.k=4");
  CHECK(refusal(prototype, "let.k") == "p.json: a pin must be PATH=VALUE; got let.k");
  CHECK(refusal(prototype, "let.j=4") ==
        "p.json: no decision has this path; did you mean \"let.k\"?; got let.j=4");
  CHECK(refusal(prototype, "stages[0].modules[0].module=#3") != "accepted");
  CHECK(refusal(prototype, "let.k=") != "accepted");
  CHECK(refusal(prototype, "let.k=1e400") != "accepted");
}

TEST_CASE("A design's record names what a person took, and a task overrides its input") {
  const net::Prototype prototype = test::prototype_of(test::every_feature());
  spec::Random random(17);
  net::Realised realised;
  net::Assignment assignment;
  while (!realised.network) {
    assignment = test::random_assignment(prototype, random);
    realised = net::realise(prototype, assignment);
  }
  std::vector<net::By> by(prototype.decisions().size(), net::By::Machine);
  by[0] = net::By::Human;
  const net::Prototype design(
      spec::parse_json(net::design_text(prototype, assignment, by, "mine"), "mine.json"));
  CHECK(design.name() == "mine");
  REQUIRE_FALSE(design.provenance().empty());
  CHECK(design.provenance()[0].path == prototype.decisions()[0].path);
  CHECK(design.provenance()[0].by == net::By::Human);
  CHECK(design.provenance()[1].by == net::By::Machine);
  const net::Realised other = net::realise(design, {}, net::TaskInput{{3, 64, 64}, 7});
  REQUIRE(other.network);
  CHECK(other.network->input == net::Shape{3, 64, 64});
  CHECK(other.network->classes == 7);
}
