#pragma once
// LibTorch's exceptions end here. Include only where torch is included.

#include <c10/util/Exception.h>

#include <new>
#include <string>
#include <string_view>

#include "design_specs/errors.hpp"

namespace atto::train {

/// Throws what an error of LibTorch is to the rest of us: std::bad_alloc where memory ran out, else
/// InternalError.
[[noreturn]] inline void translate(const c10::Error& error) {
  const std::string_view what = error.what_without_backtrace();
  for (const char* sign : {"alloc", "out of memory"})
    if (what.find(sign) != std::string_view::npos) throw std::bad_alloc();
  throw InternalError("LibTorch: " + std::string(what.substr(0, what.find('\n'))));
}

/// Returns what body() does; what LibTorch throws in it is translated.
template <class Body>
auto translating(const Body& body) {
  try {
    return body();
  } catch (const c10::Error& error) {
    translate(error);
  }
}

}  // namespace atto::train
