#include "search/slurm/queue.hpp"

#include <algorithm>
#include <charconv>
#include <map>

#include "search/slurm/profile.hpp"

namespace atto::search {
namespace {

constexpr std::string_view kFields[] = {"ArrayJobID", "ArrayTaskID", "RestartCnt", "State",
                                        "exit_code",  "TimeUsed",    "Reason",     "NodeList"};
constexpr std::size_t kLongestField = 1000;

template <class Number>
bool read_number(std::string_view text, Number& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() && !text.empty();
}

bool is_job_number(std::string_view text) {
  return !text.empty() && text.size() <= 20 &&
         text.find_first_not_of("0123456789") == std::string_view::npos;
}

/// Whether it is a job of the campaign's name that a person made of its script: no array's.
bool is_by_hand(std::string_view line) {
  const std::size_t bar = line.find('|');
  return bar != std::string_view::npos && line.substr(bar + 1).starts_with("N/A|");
}

/// Reads how a process ended, as wait() says it; newer ways to write it are "CODE:SIGNAL".
bool read_exit(std::string_view text, SlurmTask& task) {
  if (const std::size_t colon = text.find(':'); colon != std::string_view::npos)
    return read_number(text.substr(0, colon), task.exit_code) &&
           read_number(text.substr(colon + 1), task.signal);
  unsigned status = 0;
  if (!read_number(text, status)) return false;
  task.exit_code = static_cast<int>(status >> 8 & 0xff);
  task.signal = static_cast<int>(status & 0x7f);
  return true;
}

std::optional<SlurmTask> read_task(std::string_view line) {
  std::vector<std::string> fields;
  while (!line.empty()) {
    const std::size_t bar = line.find('|');
    if (bar == std::string_view::npos || bar > kLongestField) return {};
    fields.emplace_back(line.substr(0, bar));
    line.remove_prefix(bar + 1);
  }
  if (fields.size() != std::size(kFields)) return {};
  SlurmTask task{fields[0], fields[1], fields[2], fields[3], fields[6], fields[7], 0, 0, 0};
  if (!is_job_number(task.array) || !is_job_number(task.task) || !is_job_number(task.restarts))
    return {};
  if (task.state.empty() || !read_exit(fields[4], task)) return {};
  task.seconds = std::max(0L, seconds_of(fields[5]));  // "INVALID" where clocks differ
  return task;
}

}  // namespace

bool SlurmTask::is_waiting() const {
  constexpr std::string_view kWaiting[] = {"PENDING",      "CONFIGURING", "REQUEUED",
                                           "REQUEUE_HOLD", "STAGE_IN",    "REQUEUE_FED",
                                           "RESV_DEL_HOLD"};
  return std::find(std::begin(kWaiting), std::end(kWaiting), state) != std::end(kWaiting);
}

bool SlurmTask::is_over() const {
  constexpr std::string_view kOver[] = {"COMPLETED", "CANCELLED", "FAILED",        "TIMEOUT",
                                        "NODE_FAIL", "PREEMPTED", "OUT_OF_MEMORY", "BOOT_FAIL",
                                        "DEADLINE",  "REVOKED",   "SPECIAL_EXIT",  "LAUNCH_FAILED"};
  return std::find(std::begin(kOver), std::end(kOver), state) != std::end(kOver);
}

std::vector<std::string> queue_words(const std::string& name) {
  std::string format = "--Format=";
  for (const std::string_view field : kFields)
    format += (field == kFields[0] ? "" : ",") + std::string(field) + ":|";
  return {"squeue", "--me", "--noheader", "--array", "--name=" + name, "--states=all", format};
}

std::optional<std::vector<SlurmTask>> read_queue(std::string_view text) {
  std::vector<SlurmTask> tasks;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos) return {};  // cut off
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end + 1);
    if (is_by_hand(line)) continue;
    std::optional<SlurmTask> task = read_task(line);
    if (!task) return {};
    tasks.push_back(std::move(*task));
  }
  return tasks;
}

QueueCounts count_tasks(const std::vector<SlurmTask>& tasks) {
  QueueCounts counts;
  std::map<std::string, int> reasons;
  for (const SlurmTask& task : tasks) {
    if (task.is_over()) continue;
    ++(task.is_waiting() ? counts.waiting : counts.running);
    if (task.is_waiting()) ++reasons[task.reason];
  }
  int most = 0;
  for (const auto& [reason, count] : reasons)
    if (count > most) most = count, counts.reason = reason;
  return counts;
}

}  // namespace atto::search
