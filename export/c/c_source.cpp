#include "export/c/c_source.hpp"

#include <fmt/format.h>

#include <limits>

#include "design_specs/errors.hpp"
#include "design_specs/requirements/design_spec.hpp"
#include "export/c/c_names.hpp"
#include "export/c/steps.hpp"
#include "prototypes/network/identity.hpp"

namespace atto::deploy::c {
namespace {

std::string shape_text(const net::Shape& shape) {
  return fmt::format("{}x{}x{}", shape.channels, shape.height, shape.width);
}

/// What comments call an operation.
struct OpName {
  std::string_view operator()(const FusedInput& /*op*/) const { return "input"; }
  std::string_view operator()(const FusedConv& conv) const {
    return conv.is_transposed ? "deconv" : "conv";
  }
  std::string_view operator()(const FusedDense& /*op*/) const { return "dense"; }
  std::string_view operator()(const FusedActivate& /*op*/) const { return "activation"; }
  std::string_view operator()(const FusedAdd& /*op*/) const { return "add"; }
  std::string_view operator()(const FusedMultiply& /*op*/) const { return "multiply"; }
  std::string_view operator()(const FusedChannels& /*op*/) const { return "channels"; }
  template <class Kept>
  std::string_view operator()(const Kept& /*op*/) const {
    return Kept::kIdentity.name;
  }
};

std::string_view op_name(const FusedOp& op) {
  return std::visit(OpName{}, op);
}

constexpr std::string_view kInt8Rule =
    "   Arithmetic: activations are bytes, real = scale * (q - zero point); weights are signed "
    "bytes with a scale for\n"
    "   each output; sums have 32 bits. A sum is multiplied in float32, rounded, added to, and "
    "rounded to the nearest\n"
    "   whole number, ties to even. The same bytes come out of every compiler, flag and core.\n";
constexpr std::string_view kFloatRule = "   Arithmetic: float32.\n";

class Writer {
 public:
  explicit Writer(const CSubject& subject, bool only_counts = false)
      : subject_(subject),
        network_(subject.network),
        text_(identifier(subject.file_stem), only_counts),
        steps_(subject.quantisation ? i8_steps(network_, *subject.quantisation, text_)
                                    : f32_steps(network_, text_)),
        upper_(capitals(text_.prefix())) {}

  CSource write() {
    prepare();
    return {header(), comment() + body(), sizes()};
  }
  CSizes count() {
    prepare();
    return sizes();
  }

 private:
  void prepare() {
    std::vector<Room> rooms;
    for (std::size_t i = 0; i < network_.nodes.size(); ++i) rooms.push_back(steps_->room(i));
    places_ = place_tensors(network_, rooms);
    if (places_.arena_bytes > std::numeric_limits<std::int32_t>::max())
      throw SpecError({{network_.name, "", "C needs maps of less than 2 GiB",
                        std::to_string(places_.arena_bytes)}});
    write_steps(rooms);
    const PixelScaling scaling = pixel_scaling(subject_);
    from_pixels_ = steps_->from_pixels(scaling.scale, scaling.shift, places_);
    from_values_ = steps_->from_values(places_);
  }

  CSizes sizes() const { return {text_.constant_bytes(), places_.arena_bytes, text_.functions()}; }

  void write_steps(const std::vector<Room>& rooms) {
    for (std::size_t i = 1; i < network_.nodes.size(); ++i) {
      const FusedNode& node = network_.nodes[i];
      text_.call(fmt::format("/* {}: {} to {} */", comment_text(node.name), op_name(node.op),
                             shape_text(node.shape)));
      steps_->write(i, places_);
    }
    for (const net::Output& output : network_.outputs) {
      text_.call(fmt::format("/* output {} */", comment_text(output.name)));
      steps_->write_output(output.layer, outputs_, places_);
      outputs_ += shape_of(output).elements();
    }
    for (std::size_t i = 0; i < rooms.size(); ++i)
      table_ += fmt::format("   {:>9} {:>8} {:>8}  {} {}\n", places_.tensors[i], rooms[i].bytes,
                            rooms[i].scratch, comment_text(network_.nodes[i].name),
                            shape_text(network_.nodes[i].shape));
  }

  const net::Shape& shape_of(const net::Output& output) const {
    return network_.nodes[static_cast<std::size_t>(output.layer)].shape;
  }

  std::string outputs_comment() const {
    std::string made;
    std::int64_t first = 0;
    for (const net::Output& output : network_.outputs) {
      made += fmt::format("   outputs[{}] and on: {}, {}\n", first, comment_text(output.name),
                          shape_text(shape_of(output)));
      first += shape_of(output).elements();
    }
    return made;
  }

  std::string header() const {
    const net::Shape& in = network_.nodes[0].shape;
    const std::string& prefix = text_.prefix();
    std::string made = fmt::format(
        "/* {0}: a trained network, {1} to {2} classes. {3}.c says more.\n{4}*/\n"
        "#ifndef {5}_H\n#define {5}_H\n#include <stdint.h>\n\n"
        "#define {5}_CHANNELS {6}\n#define {5}_HEIGHT {7}\n#define {5}_WIDTH {8}\n"
        "#define {5}_CLASSES {9}     /* floats of the first output, a score each */\n"
        "#define {5}_OUTPUTS {10}     /* floats of all outputs */\n"
        "#define {5}_ARENA_BYTES {11} /* memory of one inference */\n\n"
        "#ifdef __cplusplus\nextern \"C\" {{\n#endif\n\n",
        comment_text(network_.name), shape_text(in), shape_of(network_.outputs[0]).channels,
        comment_text(subject_.file_stem), outputs_comment(), upper_, in.channels, in.height,
        in.width, shape_of(network_.outputs[0]).elements(), outputs_, places_.arena_bytes);
    made += fmt::format(
        "/* Runs one image, pixels [HEIGHT][WIDTH][CHANNELS] of 0..255 as cameras and decoders "
        "give them, and writes\n"
        "   OUTPUTS floats. Its memory is static; -D{1}_NO_ARENA leaves this function out. */\n"
        "#ifndef {1}_NO_ARENA\n"
        "void {0}_run(const uint8_t *pixels, float *outputs);\n#endif\n"
        "/* The same in ARENA_BYTES bytes of yours, at an address that 8 divides. Nothing in them "
        "is kept. */\n"
        "void {0}_run_in(void *arena, const uint8_t *pixels, float *outputs);\n"
        "/* The same of values [CHANNELS][HEIGHT][WIDTH] that are normalised already. */\n"
        "void {0}_run_values_in(void *arena, const float *image, float *outputs);\n\n",
        prefix, upper_);
    if (!subject_.classes.empty())
      made += fmt::format(
          "#ifdef {1}_WITH_NAMES /* of the classes */\n"
          "extern const char *const {0}_class_names[{1}_CLASSES];\n#endif\n\n",
          prefix, upper_);
    return made + "#ifdef __cplusplus\n}\n#endif\n#endif\n";
  }

  std::string comment() const {
    return fmt::format(
        "/* {0}, structure {1}: {2} to {3} classes, {4}.\n"
        "   {5} parameters, {6} multiply-adds. Flash: {7} bytes of constants, and {12}. RAM: {8} "
        "bytes of arena.\n"
        "   Compile: cc -std=c99 -O2 -c {9}.c (any C99 or C++ compiler). Of the C library it needs "
        "memcpy and math.h.\n"
        "{10}   The arena, in bytes:\n"
        "      offset    bytes  scratch  tensor\n{11}*/\n",
        comment_text(network_.name), net::hash_text(network_.structure_hash),
        shape_text(network_.nodes[0].shape), shape_of(network_.outputs[0]).channels,
        subject_.quantisation ? "int8" : "float32", subject_.params, subject_.macs,
        text_.constant_bytes(), places_.arena_bytes, comment_text(subject_.file_stem),
        subject_.quantisation ? kInt8Rule : kFloatRule, table_, code_text());
  }

  std::string code_text() const {
    if (!subject_.quantisation) return "code";
    return fmt::format("about {} of code ({}, -O2)", code_bytes(sizes(), spec::kCores.front()),
                       spec::kCores.front());
  }

  std::string body() const {
    const std::string& prefix = text_.prefix();
    std::string made = fmt::format("#include \"{}.h\"\n\n", subject_.file_stem);
    made += "#include <string.h>\n\n" + text_.kernels() + text_.constants();
    made += fmt::format("\nstatic void {}_steps(unsigned char *arena, float *outputs) {{\n{}}}\n\n",
                        prefix, text_.calls());
    for (const auto& [name, image, call] :
         {std::tuple("run_in", "const uint8_t *pixels", from_pixels_),
          std::tuple("run_values_in", "const float *image", from_values_)})
      made += fmt::format(
          "void {0}_{1}(void *memory, {2}, float *outputs) {{\n"
          "  unsigned char *arena = (unsigned char *)memory;\n  {3}\n"
          "  {0}_steps(arena, outputs);\n}}\n\n",
          prefix, name, image, call);
    made += fmt::format(
        "#ifndef {1}_NO_ARENA\nvoid {0}_run(const uint8_t *pixels, float *outputs) {{\n"
        "  static union {{\n    double aligned;\n    unsigned char bytes[{1}_ARENA_BYTES];\n  }} "
        "arena;\n"
        "  {0}_run_in(arena.bytes, pixels, outputs);\n}}\n#endif\n",
        prefix, upper_);
    if (subject_.classes.empty()) return made;
    made += fmt::format(
        "\n#ifdef {1}_WITH_NAMES\nconst char *const {0}_class_names[{1}_CLASSES] = {{\n", prefix,
        upper_);
    for (std::size_t i = 0; i < subject_.classes.size(); ++i)
      made += "    " + string_literal(subject_.classes[i]) +
              (i + 1 < subject_.classes.size() ? ",\n" : "};\n#endif\n");
    return made;
  }

  const CSubject& subject_;
  const FusedNetwork& network_;
  SourceText text_;
  std::unique_ptr<Steps> steps_;
  std::string upper_;
  TensorPlaces places_;
  std::int64_t outputs_ = 0;
  std::string table_, from_pixels_, from_values_;
};

}  // namespace

PixelScaling pixel_scaling(const CSubject& subject) {
  PixelScaling scaling;
  const auto channels = static_cast<std::size_t>(subject.network.nodes[0].shape.channels);
  for (std::size_t c = 0; c < channels; ++c) {
    const float mean = subject.mean.empty() ? 0 : subject.mean[c];
    const float deviation = subject.deviation.empty() ? 1 : subject.deviation[c];
    scaling.scale.push_back(1.0F / (255.0F * deviation));  // as in training
    scaling.shift.push_back(-mean / deviation);
  }
  return scaling;
}

CSource c_source(const CSubject& subject) {
  return Writer(subject).write();
}

CSizes sizes_of(const CSubject& subject) {
  return Writer(subject, true).count();
}

}  // namespace atto::deploy::c
