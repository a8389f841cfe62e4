#include "tests/interop/cases.hpp"

#include <fmt/format.h>

#include "design_specs/files.hpp"
#include "export/onnx/model_file.hpp"

namespace atto::test {

CaseWriter::CaseWriter(std::filesystem::path folder) : folder_(std::move(folder)) {
  std::filesystem::remove_all(folder_);
  std::filesystem::create_directories(folder_);
}

std::string CaseWriter::values(const std::string& file, const std::vector<float>& values) {
  spec::write_file_atomically(folder_ / file, {reinterpret_cast<const char*>(values.data()),
                                               values.size() * sizeof(float)});
  return file;
}

std::string CaseWriter::next_model(const deploy::onnx::Graph& graph) {
  const std::string stem = fmt::format("case{:03}", count_++);
  deploy::onnx::write_model(folder_ / (stem + ".onnx"), graph);
  return stem;
}

void CaseWriter::write(const std::string& name, const deploy::onnx::Graph& graph,
                       const Expectation& wanted, const std::string& rule) {
  const std::string stem = next_model(graph);
  const deploy::onnx::Value& input = graph.inputs.at(0);
  std::string outputs;
  for (std::size_t o = 0; o < graph.outputs.size(); ++o)
    outputs +=
        fmt::format(R"({}{{"name": "{}", "expected": "{}"}})", o ? ", " : "", graph.outputs[o].name,
                    values(fmt::format("{}_out{}.bin", stem, o), wanted.outputs.at(o)));
  list_ += fmt::format(
      R"({}{{"name": "{}", "model": "{}.onnx", "input_name": "{}", "input": "{}", "input_dims": [{}, {}],
 "outputs": [{}], {}}})",
      list_.empty() ? "" : ",\n", name, stem, input.name, values(stem + "_in.bin", wanted.inputs),
      wanted.images, fmt::join(input.shape, ", "), outputs, rule);
}

void CaseWriter::add(const std::string& name, const deploy::onnx::Graph& graph,
                     const Expectation& wanted, double max_error) {
  write(name, graph, wanted, fmt::format(R"("max_error": {})", max_error));
}

void CaseWriter::add_by_top1(const std::string& name, const deploy::onnx::Graph& graph,
                             const Expectation& wanted, double max_error, double min_agreement) {
  write(name, graph, wanted,
        fmt::format(R"("max_error": {}, "min_agreement": {})", max_error, min_agreement));
}

void CaseWriter::add_detector(const std::string& name, const deploy::onnx::Graph& graph,
                              const std::vector<float>& picture, const det::Found& wanted) {
  const std::string stem = next_model(graph);
  std::vector<float> boxes, scores, classes;
  for (const det::FoundObject& object : wanted.objects) {
    boxes.insert(boxes.end(), {object.box.x1, object.box.y1, object.box.x2, object.box.y2});
    scores.push_back(object.score);
    classes.push_back(static_cast<float>(object.category));
  }
  list_ += fmt::format(
      R"({}{{"name": "{}", "model": "{}.onnx", "input_name": "input", "input": "{}", "input_dims": [{}],
 "objects": {{"count": {}, "boxes": "{}", "scores": "{}", "classes": "{}", "masks": "{}"}}}})",
      list_.empty() ? "" : ",\n", name, stem, values(stem + "_in.bin", picture),
      fmt::join(graph.inputs.at(0).shape, ", "), wanted.objects.size(),
      values(stem + "_boxes.bin", boxes), values(stem + "_scores.bin", scores),
      values(stem + "_classes.bin", classes), values(stem + "_masks.bin", wanted.masks));
}

void CaseWriter::finish() {
  spec::write_file_atomically(folder_ / "cases.json", "[\n" + list_ + "\n]\n");
}

}  // namespace atto::test
