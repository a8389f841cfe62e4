#include "export/tflite/model_file.hpp"

#include <algorithm>
#include <limits>
#include <map>

#include "design_specs/errors.hpp"
#include "design_specs/files.hpp"
#include "export/tflite/options_file.hpp"

namespace atto::deploy::tflite {
namespace {

using flatbuffers::FlatBufferBuilder;
template <class Value>
using Offset = flatbuffers::Offset<Value>;

constexpr std::uint32_t kSchemaVersion = 3;
constexpr std::int32_t kManyCodes = 127;  // stands for all codes from here on, in the old field

wire::TensorType type_of(Element element) {
  return element == Element::F32   ? wire::TensorType::FLOAT32
         : element == Element::I32 ? wire::TensorType::INT32
                                   : wire::TensorType::INT8;
}

Element element_of(wire::TensorType type) {
  switch (type) {
    case wire::TensorType::FLOAT32:
      return Element::F32;
    case wire::TensorType::INT32:
      return Element::I32;
    case wire::TensorType::INT8:
      return Element::I8;
  }
  throw InternalError("a tensor of a type that is not written");
}

class FileWriter {
 public:
  explicit FileWriter(const Graph& graph) : graph_(graph) {}

  std::string bytes() {
    buffers_.push_back(wire::CreateBuffer(to_));  // that of tensors that flow
    std::vector<Offset<wire::Tensor>> tensors;
    for (const Tensor& tensor : graph_.tensors) tensors.push_back(add(tensor));
    std::vector<Offset<wire::Operator>> operators;
    for (const Operator& one : graph_.operators) operators.push_back(add(one));
    const std::vector<int> inputs = {graph_.input};
    const auto subgraph = wire::CreateSubGraph(
        to_, to_.CreateVector(tensors), to_.CreateVector(inputs), to_.CreateVector(graph_.outputs),
        to_.CreateVector(operators), to_.CreateString(graph_.name));
    const auto signature = wire::CreateSignatureDef(to_, maps(inputs), maps(graph_.outputs),
                                                    to_.CreateString("serving_default"), 0);
    const auto description = to_.CreateString(graph_.description);
    wire::FinishModelBuffer(to_, wire::CreateModel(to_, kSchemaVersion, to_.CreateVector(codes_),
                                                   to_.CreateVector(std::vector{subgraph}),
                                                   description, to_.CreateVector(buffers_),
                                                   to_.CreateVector(std::vector{signature})));
    return {reinterpret_cast<const char*>(to_.GetBufferPointer()), to_.GetSize()};
  }

 private:
  Offset<wire::Tensor> add(const Tensor& tensor) {
    std::uint32_t buffer = 0;
    if (!tensor.bytes.empty()) {
      to_.ForceVectorAlignment(tensor.bytes.size(), 1, 16);
      buffers_.push_back(wire::CreateBuffer(to_, to_.CreateVector(tensor.bytes)));
      buffer = static_cast<std::uint32_t>(buffers_.size()) - 1;
    }
    Offset<wire::QuantizationParameters> parameters;
    if (!tensor.scales.empty()) {
      const std::vector<std::int64_t> zeros(tensor.scales.size(), tensor.zero_point);
      const auto scales = to_.CreateVector(tensor.scales);
      parameters =
          wire::CreateQuantizationParameters(to_, scales, to_.CreateVector(zeros), tensor.axis);
    }
    const auto name = to_.CreateString(tensor.name);
    return wire::CreateTensor(to_, to_.CreateVector(tensor.dims), type_of(tensor.element), buffer,
                              name, parameters);
  }

  Offset<wire::Operator> add(const Operator& one) {
    const auto options = add_options(to_, graph_, one);
    const auto inputs = to_.CreateVector(one.inputs);
    return wire::CreateOperator(to_, code_of(one), inputs,
                                to_.CreateVector(std::vector<int>{one.output}), options.first,
                                options.second);
  }

  /// A code has the version of the runtimes that know what we ask of it.
  std::uint32_t code_of(const Operator& one) {
    const std::pair key{one.op, version_of(graph_, one)};
    const auto [found, is_new] = known_.emplace(key, static_cast<std::uint32_t>(codes_.size()));
    if (is_new) {
      const auto code = static_cast<std::int32_t>(one.op);
      codes_.push_back(wire::CreateOperatorCode(
          to_, static_cast<std::int8_t>(std::min(code, kManyCodes)), key.second, code));
    }
    return found->second;
  }

  Offset<flatbuffers::Vector<Offset<wire::TensorMap>>> maps(const std::vector<int>& tensors) {
    std::vector<Offset<wire::TensorMap>> made;
    for (const int tensor : tensors)
      made.push_back(wire::CreateTensorMap(
          to_, to_.CreateString(graph_.tensors[static_cast<std::size_t>(tensor)].name),
          static_cast<std::uint32_t>(tensor)));
    return to_.CreateVector(made);
  }

  const Graph& graph_;
  FlatBufferBuilder to_;
  std::vector<Offset<wire::Buffer>> buffers_;
  std::vector<Offset<wire::OperatorCode>> codes_;
  std::map<std::pair<Op, int>, std::uint32_t> known_;
};

/// FlatBuffers' verifier went over all that is read here; what it says nothing of is asked.
class FileReader {
 public:
  FileReader(const std::filesystem::path& file, const wire::Model& model)
      : file_(file), model_(model) {}

  Graph read() const {
    expect(model_.version() == kSchemaVersion, "must be of schema version 3");
    expect(model_.subgraphs() && model_.subgraphs()->size() == 1, "must hold one subgraph");
    const wire::SubGraph& from = *model_.subgraphs()->Get(0);
    expect(from.tensors() && from.operators() && from.inputs() && from.outputs() &&
               model_.buffers() && model_.operator_codes(),
           "must hold tensors, operators, inputs and outputs");
    Graph graph;
    if (from.name()) graph.name = from.name()->str();
    if (model_.description()) graph.description = model_.description()->str();
    for (const wire::Tensor* tensor : *from.tensors()) graph.tensors.push_back(read(*tensor));
    const int count = static_cast<int>(graph.tensors.size());
    for (const wire::Operator* one : *from.operators())
      graph.operators.push_back(read(*one, count));
    expect(from.inputs()->size() == 1, "must have one input");
    graph.input = tensor_of(from.inputs()->Get(0), count);
    for (const int output : *from.outputs()) graph.outputs.push_back(tensor_of(output, count));
    return graph;
  }

 private:
  void expect(bool holds, const char* rule) const {
    if (!holds) throw SpecError({{file_.string(), "", std::string("the model ") + rule, ""}});
  }
  int tensor_of(int index, int count) const {
    expect(index >= 0 && index < count, "must name tensors that it has");
    return index;
  }

  Tensor read(const wire::Tensor& from) const {
    expect(from.name() && from.shape(), "must have tensors with names and shapes");
    Tensor tensor;
    tensor.name = from.name()->str();
    tensor.dims.assign(from.shape()->begin(), from.shape()->end());
    tensor.element = element_of(from.type());
    if (const wire::QuantizationParameters* of = from.quantization(); of && of->scale()) {
      expect(of->zero_point() && of->zero_point()->size() == of->scale()->size(),
             "must have a zero point for each scale");
      tensor.scales.assign(of->scale()->begin(), of->scale()->end());
      tensor.zero_point = static_cast<int>(of->zero_point()->Get(0));
      tensor.axis = of->quantized_dimension();
    }
    expect(from.buffer() < model_.buffers()->size(), "must have the buffers of its tensors");
    if (const auto* data = model_.buffers()->Get(from.buffer())->data()) {
      tensor.bytes.assign(data->begin(), data->end());
      const std::size_t each = tensor.element == Element::I8 ? 1 : 4;
      expect(tensor.bytes.size() == each * static_cast<std::size_t>(elements_of(tensor.dims)),
             "must have constants of their shapes");
    }
    return tensor;
  }

  Operator read(const wire::Operator& from, int count) const {
    expect(from.opcode_index() < model_.operator_codes()->size() && from.inputs() &&
               from.outputs() && from.outputs()->size() == 1,
           "must have operators of one output");
    Operator one;
    one.op = static_cast<Op>(model_.operator_codes()->Get(from.opcode_index())->builtin_code());
    for (const int input : *from.inputs()) one.inputs.push_back(tensor_of(input, count));
    one.output = tensor_of(from.outputs()->Get(0), count);
    one.options = read_options(from);
    return one;
  }

  const std::filesystem::path& file_;
  const wire::Model& model_;
};

}  // namespace

void write_model(const std::filesystem::path& file, const Graph& graph) {
  std::uint64_t bytes = 0;
  for (const Tensor& tensor : graph.tensors) bytes += tensor.bytes.size();
  if (bytes > std::numeric_limits<std::int32_t>::max() / 2)
    throw SpecError({{graph.name, "", "a .tflite file holds at most 1 GB of weights", ""}});
  spec::write_file_atomically(file, FileWriter(graph).bytes());
}

Graph read_model(const std::filesystem::path& file) {
  const std::string text = spec::read_file(file);
  // FlatBuffers wants what it reads aligned as when it was written.
  std::vector<std::max_align_t> room(text.size() / sizeof(std::max_align_t) + 1);
  std::copy(text.begin(), text.end(), reinterpret_cast<char*>(room.data()));
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(room.data());
  flatbuffers::Verifier verifier(bytes, text.size());
  if (text.size() < 8 || !wire::VerifyModelBuffer(verifier))
    throw SpecError({{file.string(), "", "must be a TensorFlow Lite model", ""}});
  return FileReader(file, *wire::GetModel(bytes)).read();
}

}  // namespace atto::deploy::tflite
