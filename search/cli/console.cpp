#include "search/cli/console.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace atto::cli {
namespace {

std::string job_text(const search::Job& job) {
  if (job.stage == search::Stage::Final) return fmt::format("final, seed {}", job.replica + 1);
  return fmt::format("rung {} ({} epoch{})", job.rung + 1, job.to_epoch,
                     job.to_epoch == 1 ? "" : "s");
}

std::string result_text(const search::Verdict& verdict) {
  if (verdict.outcome == train::Outcome::Diverged) return "diverged: " + verdict.reason;
  if (verdict.outcome == train::Outcome::Refused) return verdict.reason;
  if (verdict.outcome != train::Outcome::Finished) return "failed: " + verdict.reason;
  return verdict.top1 ? fmt::format("val {:.2f} %", 100 * *verdict.top1) : "no result";
}

}  // namespace

Console::Console(bool is_quiet) : is_quiet_(is_quiet), is_terminal_(::isatty(STDERR_FILENO) == 1) {}

Console::~Console() {
  clear();
}

void Console::trial(const search::TrialNote& note) {
  if (is_quiet_) return;
  const search::Verdict& verdict = note.row.verdict;
  const std::string cost =
      verdict.outcome == train::Outcome::Refused ? "not trained"
      : verdict.reused_from.empty()
          ? fmt::format("{:.1f} CPU-s", verdict.cpu_seconds)
          : fmt::format("reused ({:.1f} CPU-s there)", verdict.original_cpu_seconds);
  line(fmt::format("[{}/{}] {}{}{}  {:<18} {:>7} params  {}  {}", note.done, note.expected,
                   note.tier.empty() ? "" : note.tier + " ", note.row.job.hash,
                   note.design.origin == "human" ? " (human)" : "", job_text(note.row.job),
                   short_count(double(note.design.costs.params)), result_text(verdict), cost));
}

void Console::status(const search::StatusNote& note) {
  if (is_quiet_ || !is_terminal_) return;
  constexpr int kBar = 24;
  const double share = note.expected > 0 ? double(note.done) / double(note.expected) : 0;
  const int full = static_cast<int>(share * kBar);
  std::string text =
      fmt::format("[{}{}] {}/{}  {} worker{}  {} CPU", std::string(full, '#'),
                  std::string(kBar - full, '.'), note.done, note.expected, note.running,
                  note.running == 1 ? "" : "s", duration_text(note.cpu_seconds));
  if (note.best_top1) text += fmt::format("  best val {:.2f} %", 100 * *note.best_top1);
  if (note.eta_seconds) text += fmt::format("  about {} left", duration_text(*note.eta_seconds));
  fmt::print(stderr, "\r\x1b[K{}", text);
  std::fflush(stderr);
  has_status_ = true;
}

void Console::message(const std::string& text) {
  line(text);
}

void Console::line(const std::string& text) {
  clear();
  fmt::print(stderr, "{}\n", text);
}

void Console::clear() {
  if (has_status_) fmt::print(stderr, "\r\x1b[K");
  has_status_ = false;
}

std::string short_count(double count) {
  if (count >= 1e9) return fmt::format("{:.2f}G", count / 1e9);
  if (count >= 1e6) return fmt::format("{:.2f}M", count / 1e6);
  if (count >= 1e4) return fmt::format("{:.0f}k", count / 1e3);
  return fmt::format("{:.0f}", count);
}

std::string duration_text(double seconds) {
  const auto whole = static_cast<long long>(std::llround(std::max(0.0, seconds)));
  if (whole >= 3600) return fmt::format("{} h {:02} min", whole / 3600, whole % 3600 / 60);
  if (whole >= 60) return fmt::format("{} min {:02} s", whole / 60, whole % 60);
  return fmt::format("{} s", whole);
}

std::string bytes_text(double bytes) {
  if (bytes >= 1e9) return fmt::format("{:.1f} GB", bytes / 1e9);
  if (bytes >= 1e6) return fmt::format("{:.0f} MB", bytes / 1e6);
  return fmt::format("{:.0f} kB", std::max(1.0, bytes / 1e3));
}

}  // namespace atto::cli
