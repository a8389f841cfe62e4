#include "export/onnx/model_file.hpp"

#include <fmt/format.h>
#include <onnx/checker.h>
#include <onnx/onnx_pb.h>
#include <onnx/shape_inference/implementation.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <optional>

#include "design_specs/errors.hpp"
#include "design_specs/files.hpp"

namespace atto::deploy::onnx {
namespace {

namespace pb = ::onnx;
using Type = net::Tensor::Type;

/// Of ONNX 1.8, which brought operator set 13; of 1.11, which brought 16.
constexpr int kIrVersion = 7, kDetectorIrVersion = 8;
constexpr const char* kBatch = "batch";
constexpr std::pair<Type, int> kTypes[] = {{Type::F32, pb::TensorProto::FLOAT},
                                           {Type::I64, pb::TensorProto::INT64},
                                           {Type::I32, pb::TensorProto::INT32},
                                           {Type::I8, pb::TensorProto::INT8},
                                           {Type::U8, pb::TensorProto::UINT8}};

int type_of(Type type, const std::string& name) {
  const auto* found = std::find_if(std::begin(kTypes), std::end(kTypes),
                                   [&](const auto& pair) { return pair.first == type; });
  if (found == std::end(kTypes)) throw InternalError(name + ": no such tensor in an ONNX file");
  return found->second;
}

void set(pb::AttributeProto& to, const std::string& name, const Attribute& from) {
  to.set_name(name);
  if (const auto* whole = std::get_if<std::int64_t>(&from)) {
    to.set_type(pb::AttributeProto::INT);
    to.set_i(*whole);
  } else if (const auto* number = std::get_if<float>(&from)) {
    to.set_type(pb::AttributeProto::FLOAT);
    to.set_f(*number);
  } else if (const auto* text = std::get_if<std::string>(&from)) {
    to.set_type(pb::AttributeProto::STRING);
    to.set_s(*text);
  } else if (const auto* wholes = std::get_if<std::vector<std::int64_t>>(&from)) {
    to.set_type(pb::AttributeProto::INTS);
    for (const std::int64_t whole_i : *wholes) to.add_ints(whole_i);
  } else {
    throw InternalError(name + ": no file of ours has such an attribute");
  }
}

void set(pb::ValueInfoProto& to, const Value& from) {
  to.set_name(from.name);
  auto& type = *to.mutable_type()->mutable_tensor_type();
  type.set_elem_type(type_of(from.type, from.name));
  if (from.has_batch) type.mutable_shape()->add_dim()->set_dim_param(kBatch);
  for (const std::int64_t side : from.shape) type.mutable_shape()->add_dim()->set_dim_value(side);
}

void set(pb::TensorProto& to, const std::string& name, const net::Tensor& from) {
  to.set_name(name);
  to.set_data_type(type_of(from.type, name));
  for (const std::int64_t side : from.shape) to.add_dims(side);
  to.set_raw_data(from.bytes.data(), from.bytes.size());
}

void set(pb::NodeProto& to, const Node& from) {
  to.set_op_type(from.op);
  to.set_name(from.name);
  for (const std::string& input : from.inputs) to.add_input(input);
  for (const std::string& output : from.outputs) to.add_output(output);
  for (const auto& [name, attribute] : from.attributes) set(*to.add_attribute(), name, attribute);
}

pb::ModelProto to_proto(const Graph& graph) {
  pb::ModelProto model;
  model.set_ir_version(graph.opset == kOpset ? kIrVersion : kDetectorIrVersion);
  model.set_producer_name("AttoForge");
  model.set_producer_version(ATTO_VERSION);
  model.add_opset_import()->set_version(graph.opset);
  for (const auto& [key, text] : graph.metadata) {
    auto& entry = *model.add_metadata_props();
    entry.set_key(key);
    entry.set_value(text);
  }
  pb::GraphProto& to = *model.mutable_graph();
  to.set_name(graph.name);
  for (const Node& node : graph.nodes) set(*to.add_node(), node);
  for (const auto& [name, tensor] : graph.initializers) set(*to.add_initializer(), name, tensor);
  for (const Value& value : graph.inputs) set(*to.add_input(), value);
  for (const Value& value : graph.outputs) set(*to.add_output(), value);
  return model;
}

/// Refuses what ONNX's own checks refuse, and completes the model with inferred shapes.
void check(pb::ModelProto& model) {
  try {
    pb::checker::check_model(model);
    pb::shape_inference::InferShapes(model, pb::OpSchemaRegistry::Instance(),
                                     {/*check_type=*/true, /*error_mode=*/1,
                                      /*enable_data_propagation=*/true});
    pb::checker::check_model(model);
  } catch (const std::exception& error) {
    throw InternalError(std::string("the ONNX model does not pass: ") + error.what());
  }
}

/// Throws the one error of this reader.
[[noreturn]] void refuse(const std::filesystem::path& file, const std::string& rule) {
  throw SpecError({{file.string(), "", rule, ""}});
}

Attribute attribute_of(const pb::AttributeProto& from) {
  switch (from.type()) {
    case pb::AttributeProto::INT:
      return from.i();
    case pb::AttributeProto::FLOAT:
      return from.f();
    case pb::AttributeProto::STRING:
      return from.s();
    case pb::AttributeProto::INTS:
      return std::vector<std::int64_t>(from.ints().begin(), from.ints().end());
    default:
      throw InternalError(from.name() + ": unknown type of attribute");
  }
}

Value value_of(const pb::ValueInfoProto& from) {
  Value value{from.name(), {}};
  const auto& dims = from.type().tensor_type().shape().dim();
  for (int i = 1; i < dims.size(); ++i) value.shape.push_back(dims[i].dim_value());
  return value;
}

net::Tensor tensor_of(const pb::TensorProto& from) {
  net::Tensor tensor;
  const auto* type = std::find_if(std::begin(kTypes), std::end(kTypes), [&](const auto& pair) {
    return pair.second == from.data_type();
  });
  if (type == std::end(kTypes)) throw InternalError(from.name() + ": unknown type of tensor");
  tensor.type = type->first;
  tensor.shape.assign(from.dims().begin(), from.dims().end());
  tensor.bytes.assign(from.raw_data().begin(), from.raw_data().end());
  return tensor;
}

/// Of a file of ours, whose batch has its name.
Value own_value_of(const pb::ValueInfoProto& from) {
  Value value = value_of(from);
  const auto& type = from.type().tensor_type();
  const auto* known = std::find_if(std::begin(kTypes), std::end(kTypes), [&](const auto& pair) {
    return pair.second == type.elem_type();
  });
  if (known != std::end(kTypes)) value.type = known->first;
  value.has_batch = type.shape().dim_size() > 0 && type.shape().dim(0).dim_param() == kBatch;
  if (!value.has_batch && type.shape().dim_size() > 0)
    value.shape.insert(value.shape.begin(), type.shape().dim(0).dim_value());
  return value;
}

Graph from_proto(const pb::ModelProto& model) {
  Graph graph;
  const pb::GraphProto& from = model.graph();
  if (model.opset_import_size() > 0)
    graph.opset = static_cast<int>(model.opset_import(0).version());
  graph.name = from.name();
  for (const auto& node : from.node()) {
    Node& made = graph.nodes.emplace_back(Node{node.op_type(), node.name(), {}, {}, {}});
    made.inputs.assign(node.input().begin(), node.input().end());
    made.outputs.assign(node.output().begin(), node.output().end());
    for (const auto& attribute : node.attribute())
      made.attributes[attribute.name()] = attribute_of(attribute);
  }
  for (const auto& tensor : from.initializer())
    graph.initializers[tensor.name()] = tensor_of(tensor);
  for (const auto& value : from.input()) graph.inputs.push_back(own_value_of(value));
  for (const auto& value : from.output()) graph.outputs.push_back(own_value_of(value));
  for (const auto& value : from.value_info()) graph.inferred.push_back(own_value_of(value));
  for (const auto& entry : model.metadata_props()) graph.metadata[entry.key()] = entry.value();
  return graph;
}

}  // namespace

void write_model(const std::filesystem::path& file, const Graph& graph) {
  pb::ModelProto model = to_proto(graph);
  check(model);
  if (model.ByteSizeLong() > std::size_t{std::numeric_limits<int>::max()})
    throw SpecError({{file.string(), "", "an ONNX file must be smaller than 2 GB",
                      std::to_string(model.ByteSizeLong()) + " bytes"}});
  spec::write_file_atomically(file, model.SerializeAsString());
}

namespace {

constexpr std::int64_t kMostElements = std::int64_t{1} << 31;
constexpr int kFirstOpset = 7, kLastOpset = 17;

/// A tensor's values, which a file may hold raw or as numbers of their own.
net::Tensor foreign_tensor(const pb::TensorProto& from) {
  const auto fail = [&](const std::string& rule) {
    throw SpecError({{"", "", "tensor " + from.name() + ": " + rule, ""}});
  };
  if (from.data_location() == pb::TensorProto::EXTERNAL)
    fail("its values lie in another file: save the model in one file");
  net::Tensor tensor;
  tensor.shape.assign(from.dims().begin(), from.dims().end());
  std::int64_t elements = 1;
  for (const std::int64_t side : tensor.shape) {
    if (side < 0 || side > kMostElements || elements * side > kMostElements)
      fail("sides must be whole numbers, of 2^31 values at most");
    elements *= side;
  }
  const auto take = [&](Type type, std::size_t size, const auto& numbers) {
    tensor.type = type;
    if (from.has_raw_data()) {
      tensor.bytes.assign(from.raw_data().begin(), from.raw_data().end());
    } else {
      tensor.bytes.resize(static_cast<std::size_t>(numbers.size()) * size);
      std::memcpy(tensor.bytes.data(), numbers.data(), tensor.bytes.size());
    }
    if (tensor.bytes.size() != static_cast<std::size_t>(elements) * size)
      fail("must have as many values as its sides say");
  };
  switch (from.data_type()) {
    case pb::TensorProto::FLOAT:
      take(Type::F32, 4, from.float_data());
      break;
    case pb::TensorProto::INT64:
      take(Type::I64, 8, from.int64_data());
      break;
    case pb::TensorProto::INT32:
      take(Type::I32, 4, from.int32_data());
      break;
    default:
      fail(
          "must be float32, int32 or int64; a quantised or half model must be exported as float32");
  }
  return tensor;
}

/// Of a node of another program; nothing for what import/ reads of none.
std::optional<Attribute> foreign_attribute(const pb::AttributeProto& from) {
  switch (from.type()) {
    case pb::AttributeProto::FLOATS:
      return std::vector<float>(from.floats().begin(), from.floats().end());
    case pb::AttributeProto::TENSOR:
      return foreign_tensor(from.t());
    case pb::AttributeProto::INT:
    case pb::AttributeProto::FLOAT:
    case pb::AttributeProto::STRING:
    case pb::AttributeProto::INTS:
      return attribute_of(from);
    default:
      return {};
  }
}

Graph foreign_graph(const pb::ModelProto& model) {
  Graph graph;
  const pb::GraphProto& from = model.graph();
  for (const auto& node : from.node()) {
    if (!node.domain().empty() && node.domain() != "ai.onnx")
      throw SpecError({{"", "",
                        fmt::format("node {} ({}): must be an operator of ONNX's own set",
                                    node.name(), node.op_type()),
                        node.domain()}});
    Node& made = graph.nodes.emplace_back(Node{node.op_type(), node.name(), {}, {}, {}});
    made.inputs.assign(node.input().begin(), node.input().end());
    made.outputs.assign(node.output().begin(), node.output().end());
    for (const auto& attribute : node.attribute())
      if (auto value = foreign_attribute(attribute))
        made.attributes[attribute.name()] = std::move(*value);
  }
  for (const auto& tensor : from.initializer())
    graph.initializers[tensor.name()] = foreign_tensor(tensor);
  for (const auto& value : from.input()) graph.inputs.push_back(value_of(value));
  for (const auto& value : from.output()) graph.outputs.push_back(value_of(value));
  for (const auto& entry : model.metadata_props()) graph.metadata[entry.key()] = entry.value();
  return graph;
}

void expect_known_opset(const pb::ModelProto& model) {
  for (const auto& set : model.opset_import())
    if ((set.domain().empty() || set.domain() == "ai.onnx") &&
        (set.version() < kFirstOpset || set.version() > kLastOpset))
      throw SpecError(
          {{"", "",
            fmt::format("must be of an operator set from {} to {}", kFirstOpset, kLastOpset),
            std::to_string(set.version())}});
}

/// The first line of what the checker says.
std::string first_line(const std::string& text) {
  return text.substr(0, text.find('\n'));
}

}  // namespace

Graph read_foreign_model(const std::filesystem::path& file) {
  const std::string bytes = spec::read_file(file, std::size_t{std::numeric_limits<int>::max()});
  pb::ModelProto model;
  if (!model.ParseFromString(bytes) || !model.has_graph()) refuse(file, "must be an ONNX model");
  try {
    expect_known_opset(model);
    Graph graph = foreign_graph(model);
    pb::checker::check_model(model);
    return graph;
  } catch (const SpecError& error) {
    std::vector<Problem> problems = error.problems();
    for (Problem& problem : problems) problem.location = file.string();
    throw SpecError(std::move(problems));
  } catch (const std::exception& error) {
    refuse(file, first_line(error.what()));
  }
}

Graph read_model(const std::filesystem::path& file) {
  const std::string bytes = spec::read_file(file, std::size_t{std::numeric_limits<int>::max()});
  pb::ModelProto model;
  if (!model.ParseFromString(bytes)) refuse(file, "must be an ONNX model");
  try {
    pb::checker::check_model(model);
    return from_proto(model);
  } catch (const std::exception& error) {
    refuse(file, error.what());
  }
}

}  // namespace atto::deploy::onnx
