#include "prototypes/language/prototype.hpp"

#include <utility>

#include "design_specs/reading/text_checks.hpp"
#include "prototypes/language/ast.hpp"
#include "prototypes/language/attempt.hpp"
#include "prototypes/language/instantiate.hpp"
#include "prototypes/language/reading/network_reader.hpp"

namespace atto::net {

struct Prototype::Parsed {
  spec::Document document;
  ReadNetwork read;
};

Prototype::Prototype(spec::Document document) : parsed_(std::make_unique<Parsed>()) {
  parsed_->document = std::move(document);
  parsed_->read = read_network(parsed_->document);
  if (!is_design()) return;
  const Attempt tried = attempt(*this, {}, written_input());
  if (!tried.rule.empty()) throw broken_rule(*this, tried);
}

Prototype::~Prototype() = default;
Prototype::Prototype(Prototype&&) noexcept = default;
Prototype& Prototype::operator=(Prototype&&) noexcept = default;

const std::string& Prototype::name() const {
  return model().name;
}
const std::string& Prototype::file() const {
  return parsed_->document.name;
}
TaskInput Prototype::written_input() const {
  return {model().input, model().classes};
}
const std::vector<Decision>& Prototype::decisions() const {
  return model().decisions;
}
const std::vector<Provenance>& Prototype::provenance() const {
  return parsed_->read.provenance;
}
const std::vector<std::string>& Prototype::output_names() const {
  return model().output_names;
}
const spec::Document& Prototype::document() const {
  return parsed_->document;
}
const Model& Prototype::model() const {
  return parsed_->read.model;
}

void Prototype::instantiate(const Assignment& assignment, const TaskInput& input,
                            Structure& out) const {
  build_structure(model(), assignment, input, out);
}

bool Prototype::is_detector() const {
  return model().detector.has_value();
}

DetectorSettings Prototype::detector_settings(const TaskInput& input) const {
  return input.detector.over(model().detector.value().settings);
}

const std::string& Prototype::place(std::int32_t index) const {
  return model().places[static_cast<std::size_t>(index)].name;
}

DecisionId Prototype::find(std::string_view path) const {
  const auto found = model().by_path.find(path);
  return found == model().by_path.end() ? kNoDecision : found->second;
}

SpecError broken_rule(const Prototype& prototype, const Attempt& attempt) {
  const Place& place = prototype.model().places[static_cast<std::size_t>(attempt.place)];
  // A template's line does not say which of its modules.
  const bool is_template = place.pointer.starts_with("/modules/");
  return SpecError({{spec::place_text(prototype.file(), place.location), place.pointer,
                     attempt.rule + (is_template ? ", in " + place.name : ""), place.shown}});
}

Prototype read_prototype(const std::filesystem::path& file) {
  return Prototype(spec::read_json(file));
}

void expect_one_network(const Prototype& prototype, std::string_view who) {
  if (!prototype.is_detector()) return;
  const spec::Value& detector = *prototype.document().root.find("detector");
  throw SpecError({{spec::place_text(prototype.file(), detector.location), "/detector",
                    std::string(who) + " knows networks with a head, and no detectors yet", ""}});
}

Realised design_realised(const Prototype& prototype, const TaskInput& input) {
  if (!prototype.is_design()) {
    const Decision& hole = prototype.decisions().front();
    throw SpecError({{spec::place_text(prototype.file(), hole.location), hole.pointer,
                      "a design has no holes; fill this one or generate a design", ""}});
  }
  Attempt result = attempt(prototype, {}, input);
  if (!result.rule.empty()) throw broken_rule(prototype, result);
  return std::move(result.realised);
}

Network design_network(const Prototype& prototype, const TaskInput& input) {
  expect_one_network(prototype);
  return std::move(*design_realised(prototype, input).network);
}

Network read_design(const std::filesystem::path& file, const std::optional<TaskInput>& input) {
  const Prototype prototype = read_prototype(file);
  return design_network(prototype, input.value_or(prototype.written_input()));
}

Network read_design(const std::filesystem::path& file, const TaskInput& input,
                    FirstOutput expected) {
  const Prototype prototype = read_prototype(file);
  Network network = design_network(prototype, input);
  expect_output(prototype, input, expected);
  return network;
}

}  // namespace atto::net
