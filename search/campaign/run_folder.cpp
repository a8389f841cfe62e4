#include "search/campaign/run_folder.hpp"

#include <fmt/format.h>

#include <utility>

#include "design_specs/files.hpp"
#include "prototypes/language/artefact_names.hpp"
#include "search/ledger/open_ledger.hpp"

namespace atto::search {
namespace {

namespace fs = std::filesystem;

/// A file that is there must be what a start that was broken off wrote: a person's is kept.
void refuse_foreign(const fs::path& file, const std::string& ours) {
  if (fs::exists(file) && spec::read_file(file) != ours)
    throw EnvironmentError("the run folder holds another file of this name: " + file.string() +
                           "; choose another folder with --out");
}

}  // namespace

fs::path RunFolder::trial(const std::string& hash, train::Phase phase, int replica) const {
  const std::string number = std::to_string(replica);
  const std::string search = replica == 0 ? "search" : "search" + number;
  const std::string name = phase == train::Phase::Search ? search : "final" + number;
  return path / "trials" / hash / name;
}

std::string RunFolder::attempt(std::int64_t job, std::int64_t number) {
  return fmt::format("{}.{}", job, number);
}

void remove_earlier_attempts(const fs::path& trial, std::int64_t job, std::int64_t number) {
  std::error_code ignored;  // what stays costs disk, not correctness
  std::vector<fs::path> earlier;
  for (const fs::directory_entry& entry : fs::directory_iterator(trial, ignored)) {
    const std::string name = entry.path().filename().string();
    long long its_job = 0, its_number = 0;
    if (std::sscanf(name.c_str(), "%lld.%lld", &its_job, &its_number) == 2 &&
        name == RunFolder::attempt(its_job, its_number) &&
        std::pair(its_job, its_number) < std::pair<long long, long long>(job, number))
      earlier.push_back(entry.path());
  }
  for (const fs::path& attempt : earlier) fs::remove_all(attempt, ignored);
}

void make_run_folder(const RunFolder& folder, const Campaign& campaign,
                     const std::vector<DesignRow>& included, const std::string& ledger_url,
                     const std::function<void(Ledger&)>& more) {
  std::error_code error;
  fs::create_directories(folder.path, error);
  if (error)
    throw EnvironmentError("cannot make the run folder", folder.path.string(), error.value());
  expect_room_for_ledger(folder.path, ledger_url);
  if (!ledger_in(folder.path).empty())
    throw EnvironmentError(
        fmt::format("the run folder holds a campaign already: {}; continue it with `atto "
                    "resume {}` or choose another with --out",
                    folder.path.string(), folder.path.string()));
  refuse_foreign(folder.spec(), campaign.spec_text);
  refuse_foreign(folder.prototype(), campaign.prototype_text);
  refuse_foreign(folder.path / net::kWeightsName, "");  // of `atto train`
  for (const char* name : {"designs", "trials", "logs"}) {
    fs::create_directories(folder.path / name, error);
    if (error) throw EnvironmentError("cannot make", (folder.path / name).string(), error.value());
  }
  spec::write_file_atomically(folder.spec(), campaign.spec_text);
  spec::write_file_atomically(folder.prototype(), campaign.prototype_text);
  create_ledger(
      folder.path,
      [&](Ledger& ledger) {
        for (const DesignRow& design : included) ledger.add_design(design);
        store_campaign(ledger, campaign);
        if (more) more(ledger);
      },
      ledger_url);
}

fs::path default_run_folder(const Campaign& campaign) {
  const std::string name = fmt::format("{}-s{}", campaign.spec.name, campaign.spec.search.seed);
  fs::path folder = fs::path("runs") / name;
  for (int i = 2; fs::exists(folder); ++i)
    folder = fs::path("runs") / fmt::format("{}-{}", name, i);
  return folder;
}

void write_design_file(const RunFolder& folder, const Campaign& campaign, const DesignRow& design) {
  const fs::path file = folder.design(design.hash);
  if (fs::exists(file)) return;
  spec::write_file_atomically(file, design_file_text(campaign, design));
}

}  // namespace atto::search
