#include "export/c/source_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>

#include "design_specs/errors.hpp"
#include "export/c/c_names.hpp"
#include "export/c/kernel_files.hpp"

namespace atto::deploy::c {
namespace {

constexpr std::size_t kLine = 116;
constexpr std::size_t kWindowBytes = 14 * 4;

const KernelFile& kernel_file(std::string_view name) {
  for (const KernelFile& file : kernel_files())
    if (file.name == name) return file;
  throw InternalError("there is no kernel " + std::string(name));
}

void replace_all(std::string& text, std::string_view what, std::string_view by) {
  for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += by.size())
    text.replace(at, what.size(), by);
}

/// "{1, 2, 3}" over as many lines as it takes.
template <class Value, class Text>
std::string braced(std::span<const Value> values, Text&& text) {
  std::string made = "{\n", line = "   ";
  for (const Value& value : values) {
    const std::string next = " " + text(value) + ",";
    if (line.size() + next.size() > kLine) {
      made += line + "\n";
      line = "   ";
    }
    line += next;
  }
  line.pop_back();  // the last comma
  return made + line + "}";
}

template <class Number>
std::string braced_numbers(std::span<const Number> values) {
  return braced(values, [](Number value) {
    if constexpr (std::is_same_v<Number, float>) return literal(value);
    // -2147483648 is a minus before what 32 bits cannot hold.
    if (std::is_same_v<Number, std::int32_t> && value == std::numeric_limits<Number>::min())
      return std::string("INT32_MIN");
    return std::to_string(value);
  });
}

}  // namespace

std::string literal(double value) {
  std::string made = fmt::format("{}", value);
  if (made.find_first_of(".e") == std::string::npos) made += ".0";
  return made;
}

std::string literal(float value) {
  std::string made = fmt::format("{}", value);
  if (made.find_first_of(".e") == std::string::npos) made += ".0";
  return made + "F";
}

SourceText::SourceText(std::string prefix, bool only_counts)
    : prefix_(std::move(prefix)), only_counts_(only_counts) {}

std::string SourceText::prefixed(std::string_view text) const {
  std::string made(text);
  replace_all(made, "kernel_", prefix_ + "_");
  replace_all(made, "KERNEL_", capitals(prefix_) + "_");
  return made;
}

std::string SourceText::kernel(const std::string& name) {
  const std::string file = name.find('.') == std::string::npos ? name + ".c" : name;
  const std::string function = named(name);
  if (!taken_.insert(file).second) return function;
  std::istringstream lines{std::string(kernel_file(file).text)};
  std::string own;
  constexpr std::string_view kInclude = "#include ";
  for (std::string line; std::getline(lines, line);) {
    if (line == "#pragma once") continue;
    if (!line.starts_with(kInclude) || line.ends_with('>')) {
      own += line + "\n";
      continue;
    }
    const std::string included = line.substr(kInclude.size());
    kernel(included.substr(1, included.size() - 2));
  }
  if (!only_counts_) kernels_ += prefixed(own) + "\n";
  return function;
}

void SourceText::call(const std::string& kernel, const std::string& arguments) {
  call(this->kernel(kernel) + "(" + arguments + ");");
  ++called_[kernel];
}

std::map<std::string, int> SourceText::functions() const {
  std::map<std::string, int> functions = called_;
  constexpr std::string_view kEnding = ".c";
  for (const std::string& file : taken_)
    if (file.ends_with(kEnding)) functions[file.substr(0, file.size() - kEnding.size())] += 0;
  return functions;
}

template <class Text>
std::string SourceText::constant(const std::string& kind, const std::string& declared,
                                 std::size_t bytes, Text&& value) {
  const std::string name = fmt::format("{}_{}_{}", prefix_, kind, ++constants_made_);
  constant_bytes_ += bytes;
  if (!only_counts_)
    constants_ += fmt::format(fmt::runtime(declared), name) + " = " + value() + ";\n";
  return name;
}

template <class Number>
std::string SourceText::numbers(const char* kind, std::string_view type,
                                std::span<const Number> values) {
  return constant(kind, fmt::format("static const {} {{}}[{}]", type, values.size()),
                  values.size_bytes(), [&] { return braced_numbers(values); });
}

std::string SourceText::array(std::string_view type, std::span<const float> values) {
  return numbers("values", type, values);
}
std::string SourceText::array(std::string_view type, std::span<const std::int8_t> values) {
  return numbers("weights", type, values);
}
std::string SourceText::array(std::string_view type, std::span<const std::uint8_t> values) {
  return numbers("bytes", type, values);
}
std::string SourceText::array(std::string_view type, std::span<const std::int32_t> values) {
  return numbers("numbers", type, values);
}
std::string SourceText::array(std::string_view type, std::span<const std::string> values,
                              std::size_t bytes) {
  return constant(std::string(type),
                  fmt::format("static const {} {{}}[{}]", named(type), values.size()),
                  bytes * values.size(),
                  [&] { return braced(values, [](const std::string& value) { return value; }); });
}
std::string SourceText::structure(std::string_view type, const std::string& value,
                                  std::size_t bytes) {
  return constant(std::string(type), fmt::format("static const {} {{}}", named(type)), bytes,
                  [&] { return value; });
}

std::string SourceText::window(const std::string& value) {
  kernel("window.h");
  const auto [known, is_new] = windows_.try_emplace(value);
  if (is_new) known->second = structure("window", value, kWindowBytes);
  return known->second;
}

std::string window_value(const net::Shape& in, const net::Shape& out, int groups,
                         const net::WindowSide& down, const net::WindowSide& across) {
  return fmt::format("{{{}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}}}", in.channels,
                     in.height, in.width, out.channels, out.height, out.width, groups, down.kernel,
                     across.kernel, down.stride, across.stride, down.dilation, down.before(),
                     across.before());
}

}  // namespace atto::deploy::c
