#include "search/cli/console.hpp"

#include <fmt/format.h>

#include <limits>

namespace atto::cli {
namespace {

std::string job_text(const search::Job& job) {
  if (job.stage == search::Stage::Final) return fmt::format("final, seed {}", job.replica + 1);
  return fmt::format("rung {} ({} epoch{})", job.rung + 1, job.to_epoch,
                     job.to_epoch == 1 ? "" : "s");
}

std::string left_text(const std::optional<double>& seconds) {
  return seconds ? "about " + duration_text(*seconds) + " left" : "";
}

}  // namespace

std::string Console::value_text(const std::optional<double>& value) const {
  return fmt::format("val {}{}",
                     spec::shown(score_, value.value_or(std::numeric_limits<double>::quiet_NaN())),
                     spec::unit_text(score_));
}

std::string Console::result_text(const search::Verdict& verdict) const {
  if (verdict.outcome == train::Outcome::Diverged) return "diverged: " + verdict.reason;
  if (verdict.outcome == train::Outcome::Refused) return verdict.reason;
  if (verdict.outcome != train::Outcome::Finished) return "failed: " + verdict.reason;
  const auto value = spec::find_value(verdict.validation, score_.name);
  return value ? value_text(value) : "no result";
}

void Console::trial(const search::TrialNote& note) {
  if (is_quiet_) return;
  const search::Verdict& verdict = note.row.verdict;
  const std::string cost =
      verdict.outcome == train::Outcome::Refused ? "not trained"
      : verdict.reused_from.empty()
          ? fmt::format("{:.1f} CPU-s", verdict.cpu_seconds)
          : fmt::format("reused ({:.1f} CPU-s there)", verdict.original_cpu_seconds);
  line_.line({{0, fmt::format("[{}/{}] {}{}{}", note.done, note.expected,
                              note.tier.empty() ? "" : note.tier + " ", note.row.job.hash,
                              note.design.origin == search::Origin::Human ? " (human)" : "")},
              {1, fmt::format("{:<17}", job_text(note.row.job))},
              {3, fmt::format("{:>5} params", short_count(double(note.design.costs.params)))},
              {0, result_text(verdict)},
              {2, cost}});
}

void Console::epoch(const search::EpochNote& note) {
  if (is_quiet_ || line_.is_shown()) return;
  line_.line({{0, fmt::format("final {}", note.job.hash)},
              {0, note.seeds > 1 ? fmt::format("seed {}", note.job.replica + 1) : ""},
              {0, fmt::format("epoch {}/{}", note.epoch.epoch, note.job.to_epoch)},
              {0, value_text(spec::find_value(note.epoch.validation, score_.name))},
              {0, left_text(note.eta_seconds)}});
}

void Console::status(const search::StatusNote& note) {
  if (is_quiet_) return;
  constexpr int kBar = 24;
  const double share = note.expected > 0 ? double(note.done) / double(note.expected) : 0;
  line_.draw({{6, bar_text(share, kBar)},
              {0, fmt::format("{}/{}", note.done, note.expected)},
              {2, note.final_epoch
                      ? fmt::format("final epoch {}/{}", *note.final_epoch + 1, note.final_epochs)
                      : ""},
              {4, fmt::format("{} worker{}", note.running, note.running == 1 ? "" : "s")},
              {5, duration_text(note.cpu_seconds) + " CPU"},
              {3, note.best ? "best " + value_text(note.best) : ""},
              {1, left_text(note.eta_seconds)}});
}

void Console::message(const std::string& text) {
  line_.text(text);
}

}  // namespace atto::cli
