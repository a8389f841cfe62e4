#pragma once
// A C file as it grows: the kernels that it needs, its constants, and the calls of one inference.

#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "prototypes/network/network.hpp"
#include "prototypes/network/windows.hpp"

namespace atto::deploy::c {

class SourceText {
 public:
  /// All names begin with the prefix, an identifier. Where it `only_counts`, there is no text.
  explicit SourceText(std::string prefix, bool only_counts = false);

  /// Returns PREFIX_name.
  std::string named(std::string_view name) const { return prefix_ + '_' + std::string(name); }
  const std::string& prefix() const { return prefix_; }

  /// Takes in the kernel's file and what it includes, once; returns the function's name.
  std::string kernel(const std::string& name);

  /// Adds a constant array and returns its name.
  std::string array(std::string_view type, std::span<const float> values);
  std::string array(std::string_view type, std::span<const std::int8_t> values);
  std::string array(std::string_view type, std::span<const std::uint8_t> values);
  std::string array(std::string_view type, std::span<const std::int32_t> values);
  /// Adds a constant array of structures, each written as "{...}".
  std::string array(std::string_view type, std::span<const std::string> values, std::size_t bytes);
  /// Adds a constant structure of a kernel's type, "{...}", and returns its name.
  std::string structure(std::string_view type, const std::string& value, std::size_t bytes);
  /// Returns the name of a kernel_window's value; equal ones are there once. Of other constants
  /// none is shared: what a file takes does not depend on weights.
  std::string window(const std::string& value);

  /// Adds a line to the inference. The arena is `arena`, outputs go to `outputs`.
  void call(const std::string& line) { calls_ += "  " + line + "\n"; }
  /// Adds a call of a kernel, which is taken in.
  void call(const std::string& kernel, const std::string& arguments);

  const std::string& kernels() const { return kernels_; }
  const std::string& constants() const { return constants_; }
  const std::string& calls() const { return calls_; }
  std::uint64_t constant_bytes() const { return constant_bytes_; }
  /// The functions that were taken in, and how often the inference calls them.
  std::map<std::string, int> functions() const;

 private:
  template <class Number>
  std::string numbers(const char* kind, std::string_view type, std::span<const Number> values);
  template <class Text>
  std::string constant(const std::string& kind, const std::string& declared, std::size_t bytes,
                       Text&& value);
  std::string prefixed(std::string_view text) const;

  std::string prefix_, kernels_, constants_, calls_;
  std::set<std::string> taken_;  ///< files
  std::map<std::string, int> called_;
  std::map<std::string, std::string> windows_;  ///< name by value
  std::size_t constants_made_ = 0;
  bool only_counts_;
  std::uint64_t constant_bytes_ = 0;
};

/// Returns a float literal that reads back as the same value, which is finite.
std::string literal(float value);
std::string literal(double value);

/// Returns a kernel_window's value; `down` and `across` are its sides.
std::string window_value(const net::Shape& in, const net::Shape& out, int groups,
                         const net::WindowSide& down, const net::WindowSide& across);

}  // namespace atto::deploy::c
