#include "design_specs/paths.hpp"

#include <system_error>

namespace atto::spec {

std::filesystem::path plain_path(const std::filesystem::path& path) {
  namespace fs = std::filesystem;
  const fs::path plain = path.lexically_normal();
  std::error_code error, ignored;
  const auto place = [](const fs::path& of, std::error_code& fault) {
    return fs::weakly_canonical(fs::absolute(of, fault), fault);
  };
  const fs::path there = place(path, error);
  return error || there == place(plain, ignored) ? plain : path;
}

}  // namespace atto::spec
