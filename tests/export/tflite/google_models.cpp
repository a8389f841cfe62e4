// Models for Google's interpreters, and the judgement of what these made of them.
//   google_models write DIR [prototypes]    models, inputs, and cases.json, which run_models.mjs
//   reads google_models check DIR                 compares what it left there, operator by operator
//   google_models agree DIR                 of images.f32 and calibration.f32: a model, and what
//   our engine says
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <map>
#include <sstream>

#include "design_specs/errors.hpp"
#include "design_specs/files.hpp"
#include "export/targets/targets.hpp"
#include "export/tflite/executor.hpp"
#include "export/tflite/model_file.hpp"
#include "export/tflite/network_graph.hpp"
#include "export/tflite/prepared_network.hpp"
#include "tests/export/random_weights.hpp"
#include "tests/export/tflite/google_subjects.hpp"

using namespace atto;
using namespace atto::deploy;
using namespace atto::deploy::tflite;
namespace fs = std::filesystem;

namespace {

const fs::path kWinner = fs::path(ATTO_SOURCE_DIR) / "tests/interop/winner";

std::size_t at(int index) {
  return static_cast<std::size_t>(index);
}

template <class Value>
void write_values(const fs::path& file, const std::vector<Value>& values) {
  spec::write_file_atomically(
      file, {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(Value)});
}

template <class Value>
std::vector<Value> read_values(const fs::path& file) {
  const std::string bytes = spec::read_file(file);
  std::vector<Value> values(bytes.size() / sizeof(Value));
  std::memcpy(values.data(), bytes.data(), values.size() * sizeof(Value));
  return values;
}

std::vector<float> channels_last(std::span<const float> image, int channels) {
  const std::size_t plane = image.size() / at(channels);
  std::vector<float> turned(image.size());
  for (std::size_t i = 0; i < image.size(); ++i)
    turned[i % plane * at(channels) + i / plane] = image[i];
  return turned;
}

/// The model with everything that flows as output.
Graph watched(Graph graph) {
  graph.outputs.clear();
  for (const Operator& one : graph.operators) graph.outputs.push_back(one.output);
  return graph;
}

/// A list for run_models.mjs.
class Cases {
 public:
  explicit Cases(fs::path folder) : folder_(std::move(folder)) {
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  /// `engine`: tfjs (bytes go in), litert (floats do).
  template <class Value>
  void add(const std::string& name, const char* engine, const Graph& graph,
           const std::vector<Value>& inputs, int images) {
    const std::string stem = fmt::format("{:03}", count_++);
    write_model(folder_ / (stem + ".tflite"), graph);
    write_values(folder_ / (stem + ".in"), inputs);
    list_ += fmt::format(
        R"({}{{"name": "{}", "engine": "{}", "stem": "{}", "images": {}, "dims": [{}]}})",
        list_.empty() ? "" : ",\n", name, engine, stem, images,
        fmt::join(graph.tensors[at(graph.input)].dims, ", "));
    table_ += fmt::format("{} {} {} {}\n", stem, engine, images, name);
  }
  void finish() const {
    spec::write_file_atomically(folder_ / "cases.json", "[\n" + list_ + "\n]\n");
    spec::write_file_atomically(folder_ / "cases.txt", table_);
  }

 private:
  fs::path folder_;
  std::string list_, table_;
  int count_ = 0;
};

void add_subject(Cases& cases, const test::Subject& subject) {
  const std::size_t elements = at(static_cast<int>(subject.network.input.elements()));
  std::vector<float> floats;
  for (int n = 0; n < subject.count; ++n) {
    const auto image = channels_last(std::span(subject.images).subspan(at(n) * elements, elements),
                                     subject.network.input.channels);
    floats.insert(floats.end(), image.begin(), image.end());
  }
  const FusedNetwork network = prepared_network(subject.network, subject.weights);
  cases.add(subject.name + ", floats", "litert", network_graph(network, nullptr, Io::Int8, ""),
            floats, subject.count);
  try {
    const Quantisation quantisation = quantise_prepared(network, subject.images);
    const Graph graph = network_graph(network, &quantisation, Io::Int8, "");
    const Tensor& input = graph.tensors[at(graph.input)];
    std::vector<std::int8_t> bytes;
    for (const float value : floats)
      bytes.push_back(static_cast<std::int8_t>(
          std::clamp(std::nearbyint(value / input.scales[0]) + input.zero_point, -128.0F, 127.0F)));
    cases.add(subject.name, "tfjs", watched(graph), bytes, subject.count);
    cases.add(subject.name + ", int8 with floats at its ends", "litert",
              network_graph(network, &quantisation, Io::Float, ""), floats, subject.count);
  } catch (const SpecError&) {  // a softmax that another layer reads
  }
}

/// What was found of one kind of operator.
struct Found {
  std::size_t values = 0, different = 0;
  int largest = 0;  ///< in steps
};

constexpr std::pair<Op, const char*> kNames[] = {{Op::Add, "add"},
                                                 {Op::AveragePool, "average_pool"},
                                                 {Op::Concatenation, "concatenation"},
                                                 {Op::Conv, "conv"},
                                                 {Op::DepthwiseConv, "depthwise_conv"},
                                                 {Op::Gather, "gather"},
                                                 {Op::Gelu, "gelu"},
                                                 {Op::HardSwish, "hard_swish"},
                                                 {Op::LeakyRelu, "leaky_relu"},
                                                 {Op::Logistic, "logistic"},
                                                 {Op::MaxPool, "max_pool"},
                                                 {Op::Mean, "mean"},
                                                 {Op::Mul, "mul"},
                                                 {Op::Pad, "pad"},
                                                 {Op::PadV2, "padv2"},
                                                 {Op::Quantize, "quantize"},
                                                 {Op::Relu, "relu"},
                                                 {Op::Relu6, "relu6"},
                                                 {Op::Reshape, "reshape"},
                                                 {Op::ResizeBilinear, "resize_bilinear"},
                                                 {Op::ResizeNearest, "resize_nearest"},
                                                 {Op::Slice, "slice"},
                                                 {Op::Softmax, "softmax"},
                                                 {Op::Tanh, "tanh"},
                                                 {Op::Transpose, "transpose"},
                                                 {Op::TransposeConv, "transpose_conv"}};

std::string name_of(Op op) {
  for (const auto& [known, name] : kNames)
    if (known == op) return name;
  return fmt::format("operator {}", static_cast<int>(op));
}

/// Transposed ones are computed by their own kernel, which rounds twice.
bool is_exact(Op op) {
  return op == Op::Conv || op == Op::DepthwiseConv;
}

/// Of two runs: images, and those of the same largest value in the first output.
struct Agreement {
  std::size_t images = 0, same = 0;
  double largest_error = 0;
};

class Judge {
 public:
  explicit Judge(fs::path folder) : folder_(std::move(folder)) {}

  /// Every operator, given what Google's made of those before it.
  void bytes(const std::string& stem, int images) {
    const Graph graph = read_model(folder_ / (stem + ".tflite"));
    const Executor executor(graph);
    const auto inputs = read_values<std::int8_t>(folder_ / (stem + ".in"));
    const std::string made = spec::read_file(folder_ / (stem + ".out"));
    const std::size_t each = inputs.size() / at(images);
    std::size_t place = 0;
    for (int n = 0; n < images; ++n) {
      std::vector<Values> tensors(graph.tensors.size());
      tensors[at(graph.input)] =
          Values(inputs.begin() + static_cast<std::ptrdiff_t>(at(n) * each),
                 inputs.begin() + static_cast<std::ptrdiff_t>(at(n + 1) * each));
      for (const Operator& one : graph.operators)
        tensors[at(one.output)] = take(graph, one, made, place);
      for (const Operator& one : graph.operators) compare(executor, graph, one, tensors);
    }
    if (place != made.size()) throw std::runtime_error(stem + ": outputs of other sizes");
  }

  void floats(const std::string& stem, const std::string& name, int images) {
    const Graph graph = read_model(folder_ / (stem + ".tflite"));
    const Executor executor(graph);
    const auto inputs = read_values<float>(folder_ / (stem + ".in"));
    const auto made = read_values<float>(folder_ / (stem + ".out"));
    const std::size_t each = inputs.size() / at(images);
    const bool is_int8 = name.find("int8") != std::string::npos;
    Agreement& agreement = is_int8 ? int8_ : floats_;
    std::size_t place = 0;
    double worst = 0;
    for (int n = 0; n < images; ++n) {
      const auto wanted = executor.run(std::span(inputs).subspan(at(n) * each, each));
      for (std::size_t o = 0; o < wanted.size(); ++o) {
        if (place + wanted[o].size() > made.size())
          throw std::runtime_error(name + ": outputs of other sizes");
        const std::vector<float> got(
            made.begin() + static_cast<std::ptrdiff_t>(place),
            made.begin() + static_cast<std::ptrdiff_t>(place + wanted[o].size()));
        place += got.size();
        worst = std::max(worst, test::relative_error(got, wanted[o]));
        if (o > 0) continue;
        ++agreement.images;
        agreement.same += std::max_element(got.begin(), got.end()) - got.begin() ==
                          std::max_element(wanted[0].begin(), wanted[0].end()) - wanted[0].begin();
      }
    }
    agreement.largest_error = std::max(agreement.largest_error, worst);
    if (!is_int8 && worst > 1e-4) complain(fmt::format("{}: error {:.1e}", name, worst));
  }

  bool finish() {
    for (const auto& [op, found] : found_) {
      std::printf("%-16s %9zu values, %7zu differ, by %d at most\n", name_of(op).c_str(),
                  found.values, found.different, found.largest);
      if (is_exact(op) && found.different > 0)
        complain(name_of(op) + ": bytes differ where inputs are equal");
      if (found.largest > 2) complain(name_of(op) + ": differs by more than two steps");
    }
    std::printf("LiteRT, floats: %zu images, largest error %.1e\n", floats_.images,
                floats_.largest_error);
    std::printf("LiteRT, int8: same top class on %zu of %zu images\n", int8_.same, int8_.images);
    if (found_[Op::Conv].values == 0 || floats_.images == 0 || int8_.images == 0)
      complain("nothing was run");
    if (static_cast<double>(int8_.same) < 0.95 * static_cast<double>(int8_.images))
      complain("int8 in LiteRT sees other classes");
    return is_good_;
  }

 private:
  void complain(const std::string& text) {
    std::printf("FAILED %s\n", text.c_str());
    is_good_ = false;
  }

  static Values take(const Graph& graph, const Operator& one, const std::string& made,
                     std::size_t& place) {
    const Tensor& tensor = graph.tensors[at(one.output)];
    Values values(static_cast<std::size_t>(elements_of(tensor.dims)));
    const std::size_t size = tensor.element == Element::I8 ? 1 : 4;
    if (place + values.size() * size > made.size())
      throw std::runtime_error(tensor.name + ": outputs are missing");
    for (double& value : values) {
      float real = 0;
      if (size == 1)
        value = static_cast<std::int8_t>(made[place]);
      else
        std::memcpy(&real, made.data() + place, size), value = real;
      place += size;
    }
    return values;
  }

  void compare(const Executor& executor, const Graph& graph, const Operator& one,
               const std::vector<Values>& tensors) {
    const Tensor& to = graph.tensors[at(one.output)];
    if (to.element != Element::I8) return;
    std::vector<Values> inputs;
    for (const int input : one.inputs) inputs.push_back(tensors[at(input)]);
    const Values wanted = executor.run(one, inputs);
    Found& found = found_[one.op];
    for (std::size_t e = 0; e < wanted.size(); ++e) {
      const int distance = static_cast<int>(std::fabs(wanted[e] - tensors[at(one.output)][e]));
      found.different += distance > 0;
      found.largest = std::max(found.largest, distance);
    }
    found.values += wanted.size();
  }

  fs::path folder_;
  std::map<Op, Found> found_;
  Agreement floats_, int8_;
  bool is_good_ = true;
};

void write_cases(const fs::path& folder, bool of_prototypes) {
  Cases cases(folder);
  (of_prototypes ? test::visit_prototypes : test::visit_subjects)(
      [&](const test::Subject& subject) { add_subject(cases, subject); });
  cases.finish();
}

bool check_cases(const fs::path& folder) {
  Judge judge(folder);
  std::istringstream table(spec::read_file(folder / "cases.txt"));
  std::string stem, engine, name;
  for (int images = 0; table >> stem >> engine >> images && std::getline(table >> std::ws, name);)
    engine == "tfjs" ? judge.bytes(stem, images) : judge.floats(stem, name, images);
  return judge.finish();
}

ImageSet images_of(const fs::path& file, const net::Network& network) {
  ImageSet set;
  set.shape = network.input;
  set.inputs = read_values<float>(file);
  set.count = static_cast<std::int64_t>(set.inputs.size()) / network.input.elements();
  return set;
}

/// The winner in int8 for TensorFlow Lite, and the logits of our engine's int8 file.
void write_for_agreement(const fs::path& folder) {
  const TrainedModel model = read_trained_model(kWinner);
  const ImageSet images = images_of(folder / "images.f32", model.network);
  const ImageSet calibration = images_of(folder / "calibration.f32", model.network);
  for (const char* name : {"tflite", "atto"}) {
    const Target& target = *find_target(name);
    const Int8Model int8 = target.quantise(model, calibration);
    const ExportSource source{model, Precision::I8, &int8};
    const fs::path file = folder / ("model.int8." + std::string(name));
    target.write(source, file);
    if (target.name == "atto")
      write_values(folder / "ours.f32", target.run(source, file, images).logits);
  }
  const Graph graph = read_model(folder / "model.int8.tflite");
  const Tensor& input = graph.tensors[at(graph.input)];
  spec::write_file_atomically(
      folder / "input.json",
      fmt::format(R"({{"scale": {}, "zero_point": {}}})", input.scales[0], input.zero_point));
}

}  // namespace

int main(int argc, char** argv) try {
  const std::string mode = argc == 3 || argc == 4 ? argv[1] : "";
  if (mode == "write") return write_cases(argv[2], argc == 4), 0;
  if (mode == "check") return check_cases(argv[2]) ? 0 : 1;
  if (mode == "agree") return write_for_agreement(argv[2]), 0;
  throw std::invalid_argument("usage: google_models write|check|agree DIR [prototypes]");
} catch (const std::exception& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
