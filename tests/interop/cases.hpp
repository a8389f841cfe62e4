#pragma once
// The cases that ONNX Runtime is asked to run: a model, images, and what must come out.

#include <filesystem>
#include <string>
#include <vector>

#include "export/onnx/graph.hpp"
#include "prototypes/detection/found_objects.hpp"

namespace atto::test {

/// What a model must compute, by output: `images` times the values of one image.
struct Expectation {
  int images = 0;
  std::vector<float> inputs;
  std::vector<std::vector<float>> outputs;
};

/// Writes model, inputs and expectations as files of a folder, and at the end their list,
/// cases.json.
class CaseWriter {
 public:
  explicit CaseWriter(std::filesystem::path folder);
  /// Agreement means a relative error of at most `max_error` in every output.
  void add(const std::string& name, const deploy::onnx::Graph& graph, const Expectation& wanted,
           double max_error);
  /// As above; besides, over all cases that were added so, this share of the images must have the
  /// same largest value in the first output.
  void add_by_top1(const std::string& name, const deploy::onnx::Graph& graph,
                   const Expectation& wanted, double max_error, double min_agreement);
  /// A detector: of one picture, these objects in some order.
  void add_detector(const std::string& name, const deploy::onnx::Graph& graph,
                    const std::vector<float>& picture, const det::Found& wanted);
  void finish();

 private:
  void write(const std::string& name, const deploy::onnx::Graph& graph, const Expectation& wanted,
             const std::string& rule);
  std::string next_model(const deploy::onnx::Graph& graph);
  std::string values(const std::string& file, const std::vector<float>& values);

  std::filesystem::path folder_;
  std::string list_;
  int count_ = 0;
};

}  // namespace atto::test
