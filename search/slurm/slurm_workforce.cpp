#include "search/slurm/slurm_workforce.hpp"

#include <fmt/format.h>
#include <signal.h>

#include <algorithm>
#include <thread>
#include <utility>

#include "design_specs/errors.hpp"
#include "search/running/stop_signals.hpp"

namespace atto::search {
namespace {

using std::chrono::milliseconds;

/// Slurm's own limit of an array is 1001 unless a site says otherwise; a refused one is halved.
constexpr int kLargestArray = 1000;
/// One that ends sooner may never have worked.
constexpr long kNewSeconds = 60;
constexpr int kMostRefusals = 3;
constexpr milliseconds kPatienceWithEnds{60000};

std::string seconds_text(milliseconds time) {
  return fmt::format("{} s", (time.count() + 999) / 1000);
}

/// Of sbatch's complaints those that another time may not bring.
bool may_pass(const std::string& why) {
  constexpr const char* kPassing[] = {"limit",       "Limit",        "timed out", "in time",
                                      "contact",     "temporarily",  "refused",   "Resource",
                                      "Connection ", "communication"};
  return std::any_of(std::begin(kPassing), std::end(kPassing),
                     [&](const char* word) { return why.find(word) != std::string::npos; });
}

}  // namespace

SlurmWorkforce::SlurmWorkforce(SlurmJob job, SlurmPace pace,
                               std::function<void(const QueueCounts&)> when_counted)
    : job_(std::move(job)),
      pace_(pace),
      when_counted_(std::move(when_counted)),
      batch_limit_(kLargestArray),
      look_pause_(pace.look) {}

SlurmWorkforce::~SlurmWorkforce() {
  if (tasks_.empty()) return;
  try {
    command_.reset();
    cancel(false);
  } catch (const std::exception&) {  // they leave when they find no work
  }
}

int SlurmWorkforce::wanted() const {
  return std::min(job_.profile.workers, job_.profile.max_submit);
}

int SlurmWorkforce::present() const {
  return static_cast<int>(std::count_if(tasks_.begin(), tasks_.end(), [](const auto& entry) {
    return entry.second.state != "COMPLETING";
  }));
}

int SlurmWorkforce::running() const {
  return static_cast<int>(std::count_if(tasks_.begin(), tasks_.end(), [](const auto& entry) {
    return entry.second.state == "RUNNING";
  }));
}

std::vector<std::string> SlurmWorkforce::names() const {
  std::vector<std::string> names;
  for (const auto& [name, task] : tasks_)
    if (!task.is_waiting()) names.push_back(name);
  return names;
}

std::vector<std::string> SlurmWorkforce::take_notes() {
  return std::exchange(notes_, {});
}

void SlurmWorkforce::start(std::vector<std::string> words) {
  try {
    command_ = std::make_unique<SlurmCommand>(words, pace_.limit);
  } catch (const EnvironmentError& error) {
    if (!is_known_)
      throw EnvironmentError(fmt::format("{}: Slurm's commands must be in PATH", error.what()));
    take({127, false, "", error.what()});
  }
}

/// Takes an answer that has come; asks for the list when it is time.
void SlurmWorkforce::turn() {
  if (command_) {
    const std::optional<CommandEnd> end = command_->poll();
    if (!end) return;
    command_.reset();
    take(*end);
  }
  if (Clock::now() >= next_look_) start(queue_words(job_.name));
}

void SlurmWorkforce::take(const CommandEnd& end) {
  if (submitted_ > 0)
    take_submission(end);
  else
    take_queue(end);
}

std::vector<EndedWorker> SlurmWorkforce::reap() {
  turn();
  return std::exchange(ended_, {});
}

void SlurmWorkforce::fill(milliseconds, const std::function<int()>& open_jobs) {
  if (command_ || !is_known_ || is_away_ || Clock::now() < next_submit_) return;
  if (present() >= wanted()) return;
  next_submit_ = Clock::now() + pace_.submit;
  const int missing = std::min(wanted(), open_jobs()) - present();
  if (missing <= 0) return;
  submitted_ = std::min(missing, batch_limit_);
  start(submit_words(job_, submitted_));
}

void SlurmWorkforce::take_submission(const CommandEnd& end) {
  const int count = std::exchange(submitted_, 0);
  const std::string id = end.out.substr(0, end.out.find_first_of(";\n"));
  const bool is_id = !id.empty() && id.find_first_not_of("0123456789") == std::string::npos;
  if (end.is_good() && is_id) {
    for (int i = 1; i <= count; ++i) {
      const SlurmTask task{id, std::to_string(i), "0", "PENDING", "None", "", 0, 0, 0};
      tasks_.emplace(worker_name(task.array, task.task, task.restarts), task);
    }
    refusals_ = 0;
    last_complaint_.clear();
    batch_limit_ = std::min(2 * batch_limit_, kLargestArray);
    return;
  }
  // It may have arrived nonetheless: nothing more before the list says so.
  is_known_ = false;
  batch_limit_ = std::max(1, std::min(batch_limit_, count) / 2);
  const std::string why = end.is_good() ? "sbatch answers in an unknown form" : end.why();
  if (!has_seen_any_ && !may_pass(why) && ++refusals_ >= kMostRefusals)
    throw EnvironmentError("Slurm takes no workers: " + why);
  set_pause(true);
  if (why == last_complaint_) return;
  last_complaint_ = why;
  notes_.push_back(fmt::format("Slurm takes no more workers now: {}; asked again in {}", why,
                               seconds_text(pause_)));
}

void SlurmWorkforce::set_pause(bool is_longer) {
  pause_ = is_longer ? std::min(std::max(2 * pause_, pace_.submit), pace_.longest_pause)
                     : milliseconds(0);
  next_submit_ = Clock::now() + std::max(pace_.submit, pause_);
}

void SlurmWorkforce::note_away(const std::string& why) {
  next_look_ = Clock::now() + look_pause_;
  look_pause_ = std::min(2 * look_pause_, std::max(pace_.look, pace_.longest_pause));
  if (std::exchange(is_away_, true)) return;
  notes_.push_back(fmt::format("Slurm does not answer: {}; what runs goes on", why));
}

void SlurmWorkforce::take_queue(const CommandEnd& end) {
  const auto listed = end.is_good() ? read_queue(end.out) : std::nullopt;
  if (!listed) return note_away(end.is_good() ? "squeue's list has an unknown form" : end.why());
  if (std::exchange(is_away_, false)) notes_.push_back("Slurm answers again");
  look_pause_ = pace_.look;
  next_look_ = Clock::now() + pace_.look;
  is_known_ = true;
  has_failed_start_ = false;
  bool has_settled = false;
  Tasks now;
  for (const SlurmTask& task : *listed) {
    const std::string name = worker_name(task.array, task.task, task.restarts);
    const auto before = tasks_.find(name);
    if (!task.is_over()) {
      now.emplace(name, task);
      has_settled |= task.state == "RUNNING" && task.seconds >= kNewSeconds;
    } else if (before != tasks_.end()) {  // those of an earlier coordinator have been told
      note_end(name, task);
      tasks_.erase(before);
    }
  }
  for (const auto& [name, task] : tasks_)
    if (!now.contains(name)) {
      SlurmTask gone = task;
      gone.state = "unknown to Slurm by now";
      note_end(name, gone);
    }
  tasks_ = std::move(now);
  has_seen_any_ |= running() > 0;
  if (has_failed_start_)
    set_pause(true);
  else if (has_settled)
    pause_ = milliseconds(0);
  if (when_counted_) when_counted_(count_tasks(*listed));
}

/// What is told of an end: whose fault it was. A worker that left in peace is not mentioned.
void SlurmWorkforce::note_end(const std::string& name, const SlurmTask& task) {
  std::error_code ignored;
  const std::filesystem::path log = worker_log(job_, task.array, task.task);
  EndedWorker ended;
  ended.name = name;
  ended.exit_code = task.exit_code;
  ended.signal = task.signal;
  ended.last_message = last_line(log);
  const bool gave_up = ended.exit_code == 4 || ended.exit_code == 127;
  ended.start = gave_up ? task.host + " " + task.array : name;
  ended.is_new = task.seconds < kNewSeconds;
  if (task.state == "OUT_OF_MEMORY") {
    ended.exit_code = 0;
    ended.signal = SIGKILL;
    ended.reason = task.state;
  } else if (task.state == "FAILED" && task.signal == 0 && task.exit_code == 130) {
    ended.cause = "was asked to end, and gave back what it had";
  } else if (task.state != "FAILED" && task.state != "COMPLETED") {
    ended.cause = task.state + (task.host.empty() ? "" : " on " + task.host);
  }
  if (ended.last_message.empty()) std::filesystem::remove(log, ignored);
  if (task.state == "COMPLETED") return;
  has_failed_start_ |= ended.cause.empty() && ended.is_failed_start();
  ended_.push_back(std::move(ended));
}

void SlurmWorkforce::signal_all(int number) {
  is_hurried_ |= number == SIGKILL;
}

void SlurmWorkforce::cancel(bool at_once) {
  std::vector<std::string> words = {"scancel", "--me", "--name=" + job_.name};
  if (at_once) words.insert(words.end(), {"--signal=KILL", "--full"});
  if (const CommandEnd end = run_slurm(words, pace_.limit); !end.is_good())
    notes_.push_back(fmt::format(
        "Slurm does not answer: {}; workers that wait may still start: scancel --name={}",
        end.why(), job_.name));
}

void SlurmWorkforce::end(int, StopSignals& signals,
                         const std::function<void(const EndedWorker&)>& when_ended) {
  const auto last = Clock::now() + kPatienceWithEnds;
  const auto pass_on = [&] {
    for (EndedWorker& ended : std::exchange(ended_, {})) {
      if (ended.cause.empty()) ended.cause = ended.text();
      when_ended(ended);
    }
  };
  while (command_) {  // what is being submitted must be there to be cancelled
    turn();
    std::this_thread::sleep_for(milliseconds(5));
    next_look_ = last;
  }
  if (tasks_.empty() && is_known_) return;
  cancel(false);
  for (milliseconds pause{500}; !is_hurried_ && Clock::now() < last; pause = 2 * pause) {
    take_queue(run_slurm(queue_words(job_.name), pace_.limit));
    pass_on();
    if (tasks_.empty() || is_away_) break;
    for (const auto next = Clock::now() + pause; Clock::now() < next && !is_hurried_;) {
      const int signal = signals.wait(50);
      is_hurried_ |= signal == SIGINT || signal == SIGTERM;
    }
  }
  if (!tasks_.empty() && !is_away_) cancel(true);
  for (const auto& [name, task] : std::exchange(tasks_, {})) {
    EndedWorker ended;
    ended.name = name;
    ended.cause = "CANCELLED";
    when_ended(ended);
  }
}

}  // namespace atto::search
