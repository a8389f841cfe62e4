#include <dlfcn.h>
#include <fmt/format.h>

#include <filesystem>

#include "design_specs/errors.hpp"
#include "search/ledger/postgresql/module.hpp"

namespace atto::search {
namespace {

namespace fs = std::filesystem;

constexpr const char* kName = "atto_postgresql.so";

const PostgresqlModule* load() {
  const fs::path folder = fs::read_symlink("/proc/self/exe").parent_path();
  for (const fs::path& place :
       {folder, folder.parent_path() / "libexec", folder.parent_path() / "libexec/atto"}) {
    if (!fs::exists(place / kName)) continue;
    void* library = ::dlopen((place / kName).c_str(), RTLD_NOW | RTLD_LOCAL);
    if (!library)
      throw EnvironmentError(
          fmt::format("cannot load what ledgers in PostgreSQL need: {}; on Debian: apt-get install "
                      "libsoci-postgresql4.0 libpq5",
                      ::dlerror()));
    using Entry = const PostgresqlModule* (*)();
    return reinterpret_cast<Entry>(::dlsym(library, "atto_postgresql"))();
  }
  throw EnvironmentError(fmt::format(
      "{} is neither in {} nor in {}: install the package attoforge-postgresql, or build where "
      "libpq-dev and libsoci-dev are installed",
      kName, folder.string(), (folder.parent_path() / "libexec").string()));
}

}  // namespace

const PostgresqlModule& postgresql_module() {
  static const PostgresqlModule* const kModule = load();
  return *kModule;
}

}  // namespace atto::search
