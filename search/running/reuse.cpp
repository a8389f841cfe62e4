#include "search/running/reuse.hpp"

#include <fmt/format.h>

#include <sstream>
#include <utility>

#include "design_specs/files.hpp"
#include "prototypes/language/artefact_names.hpp"
#include "search/ledger/open_ledger.hpp"

namespace atto::search {
namespace {

namespace fs = std::filesystem;

constexpr const char* kWeightFiles[] = {net::kWeightsName, net::kReferenceName};

/// Copies a finalist's weights; false when some are gone.
bool copy_weights(const fs::path& from, const fs::path& to) {
  std::error_code error;
  for (const char* name : kWeightFiles)
    if (!fs::exists(from / name, error)) return false;
  fs::create_directories(to, error);
  if (error) throw EnvironmentError("cannot make", to.string(), error.value());
  for (const char* name : kWeightFiles) spec::copy_file(from / name, to / name);
  return true;
}

Reused reused_from(Ledger& ledger, const JobRow& row, std::string source) {
  Reused reused;
  reused.verdict = row.verdict;
  reused.verdict.original_cpu_seconds = row.verdict.cpu_seconds + row.verdict.original_cpu_seconds;
  reused.verdict.cpu_seconds = reused.verdict.wasted_cpu_seconds = 0;
  reused.verdict.reused_from = std::move(source);
  for (train::EpochRecord& record : ledger.curve({row.job.hash, row.job.phase(), row.job.replica}))
    if (record.epoch <= row.job.to_epoch) reused.epochs.push_back(record);
  if (!reused.epochs.empty())
    reused.epochs.back().responses =
        ledger.responses({row.job.hash, row.job.phase(), row.job.replica}, row.job.to_epoch)
            .modules;
  reused.scores = ledger.scores({row.job.hash, row.job.phase(), row.job.replica}).modules;
  return reused;
}

}  // namespace

std::string first_difference(const std::string& ours, const std::string& theirs) {
  std::istringstream a(ours), b(theirs);
  std::string line_a, line_b;
  while (std::getline(a, line_a) && std::getline(b, line_b))
    if (line_a != line_b) return fmt::format("here {}, there {}", line_a, line_b);
  return "";
}

ReuseSources::ReuseSources(const Campaign& campaign, const std::vector<fs::path>& folders) {
  for (const fs::path& path : folders) {
    Source source{RunFolder{path}, nullptr, {false, false}};
    source.ledger = open_ledger(path, Ledger::Access::Read);
    const Campaign other = load_campaign(*source.ledger);
    for (train::Phase phase : {train::Phase::Search, train::Phase::Final}) {
      const std::string difference =
          first_difference(campaign.context(phase), other.context(phase));
      source.matches[static_cast<int>(phase)] = difference.empty();
      if (!difference.empty())
        notes_.push_back(fmt::format("{}: its {} results are not reused: {}", path.string(),
                                     phase == train::Phase::Search ? "search" : "final",
                                     difference));
    }
    sources_.push_back(std::move(source));
  }
}

std::optional<Reused> ReuseSources::find(Ledger& own, const RunFolder& own_folder, const Job& job) {
  if (job.tier > 0)
    if (const std::optional<JobRow> row = own.find_done(job)) {
      Reused reused = reused_from(own, *row, "another tier");
      reused.scores.clear();  // they are in this ledger already, with what they cost
      return reused;
    }
  for (Source& source : sources_) {
    if (!source.matches[static_cast<int>(job.phase())]) continue;
    const std::optional<JobRow> row = source.ledger->find_done(job);
    if (!row) continue;
    const fs::path from = source.folder.trial(job.hash, job.phase(), job.replica);
    if (job.stage == Stage::Final &&
        !copy_weights(from, own_folder.trial(job.hash, job.phase(), job.replica)))
      continue;
    return reused_from(*source.ledger, *row, source.folder.path.string());
  }
  return {};
}

}  // namespace atto::search
