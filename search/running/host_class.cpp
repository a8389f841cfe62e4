#include "search/running/host_class.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <map>
#include <sstream>
#include <string_view>
#include <vector>

namespace atto::search {
namespace {

constexpr const char* kMixedHosts = "mixed_hosts";
/// Keys of /proc/cpuinfo, of x86 and of Arm.
constexpr const char* kNumbers[] = {"vendor_id",   "cpu family",      "model",
                                    "stepping",    "CPU implementer", "CPU architecture",
                                    "CPU variant", "CPU part",        "CPU revision"};
/// How flags begin that say what arithmetic there is; others change with kernels and microcode.
constexpr std::string_view kArithmetic[] = {"sse",   "ssse", "avx", "fma",  "f16c", "amx",
                                            "asimd", "neon", "sve", "bf16", "i8mm", "fp"};

std::string trimmed(const std::string& text) {
  const std::size_t first = text.find_first_not_of(" \t"), last = text.find_last_not_of(" \t");
  return first == std::string::npos ? "" : text.substr(first, last - first + 1);
}

std::string arithmetic_of(const std::string& flags) {
  std::istringstream in(flags);
  std::vector<std::string> found;
  for (std::string flag; in >> flag;)
    if (std::any_of(std::begin(kArithmetic), std::end(kArithmetic),
                    [&](std::string_view start) { return flag.starts_with(start); }))
      found.push_back(flag);
  std::sort(found.begin(), found.end());
  return fmt::format("{}", fmt::join(found, " "));
}

}  // namespace

std::string read_host_class(std::istream& cpuinfo) {
  std::map<std::string, std::string> values;  // of the first core
  for (std::string line; std::getline(cpuinfo, line);)
    if (const std::size_t colon = line.find(':'); colon != std::string::npos)
      values.emplace(trimmed(line.substr(0, colon)), trimmed(line.substr(colon + 1)));
  std::vector<std::string> parts;
  for (const char* key : kNumbers)
    if (values.contains(key)) parts.push_back(fmt::format("{} {}", key, values[key]));
  const std::string flags = values.contains("flags") ? values["flags"] : values["Features"];
  std::string name = values.contains("model name") ? values["model name"] : "CPU of no name";
  return fmt::format("{} ({}; {})", name, fmt::join(parts, ", "), arithmetic_of(flags));
}

bool allows_mixed_hosts(Ledger& ledger) {
  return !ledger.meta(kMixedHosts).empty();
}

void allow_mixed_hosts(Ledger& ledger) {
  ledger.set_meta(kMixedHosts, "allowed");
}

std::string host_class() {
  // Lets tests work on a machine of another class.
  if (const char* other = std::getenv("ATTO_FAKE_HOST_CLASS")) return other;
  std::ifstream in("/proc/cpuinfo");
  return read_host_class(in);
}

}  // namespace atto::search
