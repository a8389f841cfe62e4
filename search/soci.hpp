#pragma once
// SOCI as the project includes it. Debian's package is configured with Boost but does not bring it,
// so the two switches are undone between its configuration and its headers. Only search/*.cpp
// include this file.

#include <soci/soci-config.h>
#undef SOCI_HAVE_BOOST
#undef SOCI_HAVE_BOOST_DATE_TIME
#include <soci/soci.h>
#include <soci/sqlite3/soci-sqlite3.h>

#include <array>
#include <string>

namespace atto::search {

/// Keeps a value that is computed in place alive until its statement has run: SOCI binds by
/// reference and runs a statement when its expression ends, after the temporaries inside it are
/// gone. The last 64 values of a type stay alive in each thread, more than any statement binds.
template <class T>
const T& kept(T value) {
  thread_local std::array<T, 64> values{};
  thread_local std::size_t next = 0;
  return values[next++ % values.size()] = std::move(value);
}

}  // namespace atto::search
