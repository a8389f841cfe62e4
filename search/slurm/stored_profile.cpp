#include "search/slurm/stored_profile.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <set>

#include "design_specs/json_text.hpp"
#include "search/slurm/command.hpp"

namespace atto::search {
namespace {

using Json = nlohmann::json;

constexpr const char* kProfile = "slurm";
constexpr const char* kCounts = "slurm_jobs";
constexpr std::chrono::seconds kLimit{20};

/// Reads an entry that we wrote.
template <class Read>
auto read_entry(Ledger& ledger, const char* key, Read&& read)
    -> std::optional<decltype(read(Json()))> {
  const std::string text = ledger.meta(key);
  if (text.empty()) return {};
  try {
    return read(Json::parse(text));
  } catch (const Json::exception& error) {
    throw EnvironmentError(ledger.damage_text(fmt::format("{}: {}", key, error.what())));
  } catch (const SpecError& error) {
    throw EnvironmentError(ledger.damage_text(fmt::format("{}: {}", key, error.what())));
  }
}

/// One campaign's jobs are told from all others' by it.
std::string new_id() {
  const auto mixed = static_cast<std::uint64_t>(now_ms()) * 0x9e3779b97f4a7c15u ^
                     static_cast<std::uint64_t>(::getpid()) * 0xc2b2ae3d27d4eb4fu;
  return fmt::format("{:08x}", mixed >> 32);
}

std::string short_name(const std::string& host) {
  return host.substr(0, host.find('.'));
}

std::string own_host() {
  char host[256] = "";
  ::gethostname(host, sizeof host - 1);
  return short_name(host);
}

}  // namespace

std::optional<StoredProfile> stored_profile(Ledger& ledger) {
  return read_entry(ledger, kProfile, [](const Json& json) {
    const std::string text = json.at("profile"), name = json.at("name");
    StoredProfile stored{json.at("id"), read_profile(spec::parse_json(text, name))};
    stored.profile.workers = json.at("workers");
    return stored;
  });
}

void store_profile(Ledger& ledger, const spec::Document& document, const std::string& text,
                   int workers) {
  const std::optional<StoredProfile> before = stored_profile(ledger);
  ledger.set_meta(kProfile, spec::json_text(Json{{"id", before ? before->id : new_id()},
                                                 {"workers", workers},
                                                 {"name", document.name},
                                                 {"profile", text}}));
}

void forget_profile(Ledger& ledger) {
  ledger.set_meta(kProfile, "");
  ledger.set_meta(kCounts, "");
}

void store_counts(Ledger& ledger, const std::string& name, const QueueCounts& counts) {
  ledger.set_meta(kCounts, spec::json_text(Json{{"name", name},
                                                {"running", counts.running},
                                                {"waiting", counts.waiting},
                                                {"reason", counts.reason},
                                                {"at", now_ms()}}));
}

std::optional<StoredCounts> stored_counts(Ledger& ledger) {
  return read_entry(ledger, kCounts, [](const Json& json) {
    return StoredCounts{json.at("name"),
                        {json.at("running"), json.at("waiting"), json.at("reason")},
                        json.at("at")};
  });
}

void expect_one_host(const SlurmProfile& profile) {
  std::vector<std::string> words = {"sinfo", "--noheader", "--Node", "--format=%P|%n"};
  if (!profile.partition.empty()) words.push_back("--partition=" + profile.partition);
  for (const std::string& option : profile.options)
    if (option.starts_with("--nodelist=")) words.push_back("--nodes=" + option.substr(11));
  const CommandEnd end = run_slurm(words, kLimit);
  if (!end.is_good()) throw EnvironmentError("Slurm does not answer: " + end.why());
  std::set<std::string> others;
  std::string_view rest = end.out;
  while (!rest.empty()) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    const std::size_t bar = line.find('|');
    if (bar == std::string_view::npos) continue;
    // Without a partition jobs go to the one with a star.
    if (profile.partition.empty() && !line.substr(0, bar).ends_with('*')) continue;
    const std::string host = short_name(std::string(line.substr(bar + 1)));
    if (host != own_host()) others.insert(host);
  }
  if (!others.empty())
    throw EnvironmentError(fmt::format(
        "workers on other machines ({}{}) cannot share a ledger that is a file of this one: give "
        "--ledger postgresql://HOST/DATABASE, or a profile whose nodes are all here",
        *others.begin(), others.size() > 1 ? ", ..." : ""));
}

}  // namespace atto::search
