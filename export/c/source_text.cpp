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

SourceText::SourceText(std::string prefix) : prefix_(std::move(prefix)) {}

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
  kernels_ += prefixed(own) + "\n";
  return function;
}

std::string SourceText::constant(const std::string& kind, const std::string& declared,
                                 const std::string& value, std::size_t bytes) {
  const auto [known, is_new] = known_.try_emplace(declared + value);
  if (!is_new) return known->second;
  known->second = fmt::format("{}_{}_{}", prefix_, kind, known_.size());
  constants_ += fmt::format(fmt::runtime(declared), known->second) + " = " + value + ";\n";
  constant_bytes_ += bytes;
  return known->second;
}

std::string SourceText::array(std::string_view type, std::span<const float> values) {
  return constant("values", fmt::format("static const {} {{}}[{}]", type, values.size()),
                  braced(values, [](float value) { return literal(value); }), 4 * values.size());
}
std::string SourceText::array(std::string_view type, std::span<const std::int8_t> values) {
  return constant("weights", fmt::format("static const {} {{}}[{}]", type, values.size()),
                  braced_numbers(values), values.size());
}
std::string SourceText::array(std::string_view type, std::span<const std::uint8_t> values) {
  return constant("bytes", fmt::format("static const {} {{}}[{}]", type, values.size()),
                  braced_numbers(values), values.size());
}
std::string SourceText::array(std::string_view type, std::span<const std::int32_t> values) {
  return constant("numbers", fmt::format("static const {} {{}}[{}]", type, values.size()),
                  braced_numbers(values), 4 * values.size());
}
std::string SourceText::array(std::string_view type, std::span<const std::string> values,
                              std::size_t bytes) {
  return constant(
      std::string(type), fmt::format("static const {} {{}}[{}]", named(type), values.size()),
      braced(values, [](const std::string& value) { return value; }), bytes * values.size());
}
std::string SourceText::structure(std::string_view type, const std::string& value,
                                  std::size_t bytes) {
  return constant(std::string(type), fmt::format("static const {} {{}}", named(type)), value,
                  bytes);
}

std::string window_value(const net::Shape& in, const net::Shape& out, int groups,
                         const net::WindowSide& down, const net::WindowSide& across) {
  return fmt::format("{{{}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}}}", in.channels,
                     in.height, in.width, out.channels, out.height, out.width, groups, down.kernel,
                     across.kernel, down.stride, across.stride, down.dilation, down.before(),
                     across.before());
}

}  // namespace atto::deploy::c
