#pragma once
// A prototype, read: a network with holes. A design is a prototype without holes; one reader serves
// both.

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "design_specs/reading/json.hpp"
#include "design_specs/requirements/design_spec.hpp"
#include "prototypes/language/decisions.hpp"
#include "prototypes/language/structure.hpp"
#include "prototypes/network/detector.hpp"
#include "prototypes/network/network.hpp"

namespace atto::net {

/// What a task overrides in a prototype.
struct TaskInput {
  Shape input;
  int classes = 0;
  spec::StatedSettings detector = {};  ///< in place of a detector's own settings
};

/// One recorded decision of a design.
struct Provenance {
  std::string path;
  By by = By::Machine;
  std::string value;  ///< as JSON
};

struct Model;

class Prototype {
 public:
  /// Reads and validates a document; throws SpecError with every problem, located.
  explicit Prototype(spec::Document document);
  ~Prototype();
  Prototype(Prototype&&) noexcept;
  Prototype& operator=(Prototype&&) noexcept;

  const std::string& name() const;
  const std::string& file() const;
  TaskInput written_input() const;
  const std::vector<Decision>& decisions() const;
  /// Returns the decisions that a design's file records; empty for a person's prototype.
  const std::vector<Provenance>& provenance() const;
  bool is_design() const { return decisions().empty(); }
  /// Whether it ends in parts that find objects, in place of one network with a head.
  bool is_detector() const;
  /// Returns how a detector is run in a task.
  DetectorSettings detector_settings(const TaskInput& input) const;

  /// Builds the graph of the decided structure into `out` (reused storage). Structure decisions
  /// that exist must be taken; widths need not be.
  void instantiate(const Assignment& assignment, const TaskInput& input, Structure& out) const;

  /// Returns the layer-name prefix of a node's place: "stages[0].modules[2].chain[1]".
  const std::string& place(std::int32_t index) const;
  const std::vector<std::string>& output_names() const;
  /// Returns the decision of that path, or kNoDecision.
  DecisionId find(std::string_view path) const;

  /// Returns the document that this was read from.
  const spec::Document& document() const;
  /// Returns what the reader made of it (ast.hpp); for the files of the language alone.
  const Model& model() const;

 private:
  struct Parsed;
  std::unique_ptr<Parsed> parsed_;
};

Prototype read_prototype(const std::filesystem::path& file);

/// What a classifier's first output must be: one score a class, [classes, 1, 1]; to be trained,
/// scores before any softmax.
enum class FirstOutput : std::uint8_t { Scores, Logits };
/// Throws SpecError, at the head or the output, where some choice gives another first output at
/// this input. Tries every choice of the head and many of the rest, not all together. Of a
/// detector, whose outputs are its own: where no choice makes the levels of its pyramid halve.
void expect_output(const Prototype& prototype, const TaskInput& input, FirstOutput expected);

/// Returns why a prototype or design is not for tasks of the kind, which need a head, a detector,
/// or one with masks; "" where it is: "is of another kind than the task, detection: it has no ...".
std::string other_subject(const Prototype& prototype, const spec::TaskKind& kind);
/// Throws SpecError, at the spec's prototype, where that is not for its task.
void expect_subject(const Prototype& prototype, const spec::DesignSpec& spec);

/// Throws SpecError where a detector's levels do not halve at a resolution at which requirements
/// count a cost. Others have none to halve.
void expect_levels_at(const Prototype& prototype, const TaskInput& input,
                      const spec::Requirements& require);

/// A network, a detector, or the rule that the choices break ("stages[0].modules[1].chain[0]:
/// groups 3 do not divide width 64").
struct Realised {
  std::optional<Network> network;
  std::optional<DetectorParts> detector;
  std::string broken;

  /// Of the network or the detector, whichever it is.
  spec::Costs costs() const;
  std::uint64_t hash() const;
};

/// Turns a complete assignment into the network. `input` absent = as written.
Realised realise(const Prototype& prototype, const Assignment& assignment,
                 const std::optional<TaskInput>& input = {});

/// Returns the network or the detector that a design (no holes) is; holes or broken rules are
/// SpecErrors.
Realised design_realised(const Prototype& design, const TaskInput& input);
/// As above, for those who treat one network: a detector is a SpecError.
Network design_network(const Prototype& design, const TaskInput& input);
/// Throws SpecError for a detector, which is several networks: "atto train does not know detectors
/// yet".
void expect_one_network(const Prototype& prototype, std::string_view who = "this command");
/// Reads a design file into a network.
Network read_design(const std::filesystem::path& file, const std::optional<TaskInput>& input = {});
/// As above, for a task: its first output is as expected.
Network read_design(const std::filesystem::path& file, const TaskInput& input,
                    FirstOutput expected);

/// Returns the design as JSON: the prototype with its holes filled and templates written out, and
/// under "decisions" each decision's path, value, who took it, and the hole it filled. `by` is
/// indexed by decision id; empty = all Machine. Numbers and key order are canonical: equal designs,
/// equal text.
std::string design_text(const Prototype& prototype, const Assignment& assignment,
                        const std::vector<By>& by = {}, std::string_view name = {});

/// Returns a design's JSON with the holes of the matching recorded decisions restored ("modules[*]"
/// addresses all). Throws SpecError for a path that matches no recorded decision.
std::string reopened_text(const spec::Document& design, const std::vector<std::string>& free_paths);

/// Reads a pin "PATH=VALUE": VALUE is a number, a word, or "#2" / an index for alternatives that
/// are not scalars. Returns the (decision, index) pairs it addresses; throws SpecError when none,
/// or no such value.
std::vector<std::pair<DecisionId, std::int32_t>> read_pin(const Prototype& prototype,
                                                          std::string_view pin);

}  // namespace atto::net
