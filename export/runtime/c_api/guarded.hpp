#pragma once
// What every function of the C API that may fail is wrapped in. A failure is a status and a text.

#include <algorithm>
#include <cstring>
#include <exception>
#include <new>
#include <stdexcept>
#include <string_view>
#include <system_error>

#include "export/format/model_error.hpp"
#include "export/runtime/c_api/atto/edge.h"
#include "export/runtime/engine.hpp"

namespace atto::edge {

/// Throws std::invalid_argument for a level of an unknown name.
EngineOptions plain(const atto_engine_options& from);

inline void put(char* to, std::size_t size, std::string_view text) noexcept {
  if (to == nullptr || size == 0) return;
  const std::size_t length = std::min(text.size(), size - 1);
  std::memcpy(to, text.data(), length);
  to[length] = '\0';
}

inline void put(atto_text to, std::string_view text) noexcept {
  put(to.data, to.size, text);
}

/// Runs work() and says what became of it.
template <class Work>
atto_status guarded(atto_text message, Work&& work) noexcept {
  const auto fail = [&](atto_status status, const char* what) {
    put(message, what);
    return status;
  };
  try {
    put(message, "");
    return work();
  } catch (const format::ModelError& error) {
    return fail(ATTO_BAD_MODEL, error.what());
  } catch (const std::bad_alloc&) {
    return fail(ATTO_OUT_OF_MEMORY, "out of memory");
  } catch (const std::invalid_argument& error) {
    return fail(ATTO_INVALID_ARGUMENT, error.what());
  } catch (const std::system_error& error) {
    return fail(ATTO_SYSTEM_ERROR, error.what());
  } catch (const std::exception& error) {
    return fail(ATTO_INTERNAL_ERROR, error.what());
  } catch (...) {
    return fail(ATTO_INTERNAL_ERROR, "unknown exception");
  }
}

template <class Handle, class Open>
atto_status open(Handle** handle, atto_text message, Open&& open_it) noexcept {
  if (handle == nullptr) return ATTO_INVALID_ARGUMENT;
  *handle = nullptr;
  return guarded(message, [&] {
    *handle = new Handle{open_it()};
    return ATTO_OK;
  });
}

}  // namespace atto::edge
