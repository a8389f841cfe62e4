#include "export/lowering/lower.hpp"

#include "design_specs/errors.hpp"
#include "design_specs/files.hpp"
#include "export/format/program_rules.hpp"
#include "export/lowering/memory_plan.hpp"
#include "export/lowering/steps.hpp"
#include "export/lowering/strips.hpp"

namespace atto::deploy {
namespace {

// What the runtime's 32-bit offsets reach, in values; program_rules.cpp asks for the same.
constexpr std::int64_t kMaxExtent = std::int64_t{1} << 31;

void require_expressible(const format::Program& program) {
  std::vector<Problem> problems;
  for (const format::Step& step : program.steps)
    if (program.tensors[step.output].extent() > kMaxExtent)
      problems.push_back({program.name, step.name,
                          "its tensor must take at most 2^31 values with padding",
                          std::to_string(program.tensors[step.output].extent())});
  if (!problems.empty()) throw SpecError(std::move(problems));
}

}  // namespace

format::ModelFile lower(const FusedNetwork& network, const Meaning& meaning,
                        const LoweringOptions& options) {
  const Quantisation* quantisation = options.quantisation;
  if ((options.precision == Precision::I8) != (quantisation != nullptr) ||
      (quantisation != nullptr && (quantisation->tensors.size() != network.nodes.size() ||
                                   quantisation->weights.size() != network.nodes.size())))
    throw InternalError("int8, and int8 alone, needs a quantisation of this network");
  format::ModelFile file = steps_of(network, options);
  format::Program& program = file.program;
  program.name = network.name;
  program.structure_hash = network.structure_hash;
  program.precision = precision_name(options.precision);
  program.producer = meaning.producer;
  const net::Shape& image = network.nodes.at(0).shape;
  program.channels = image.channels;
  program.height = image.height;
  program.width = image.width;
  program.mean = meaning.mean;
  program.deviation = meaning.deviation;
  program.classes = meaning.classes;
  program = with_strips(with_halos(std::move(program)));
  require_expressible(program);
  program = with_offsets(with_storages(std::move(program)));
  format::check_program(
      program, file.weights.size(), [](std::string_view field, std::string_view rule) {
        throw InternalError("lowering made an illegal program: " + std::string(field) + " " +
                            std::string(rule));
      });
  return file;
}

void write_model(const std::filesystem::path& file, const FusedNetwork& network,
                 const Meaning& meaning, const LoweringOptions& options) {
  const std::vector<std::byte> bytes = format::encode(lower(network, meaning, options));
  spec::write_file_atomically(file, {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

}  // namespace atto::deploy
