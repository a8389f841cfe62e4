#include "search/slurm/job_script.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "design_specs/errors.hpp"
#include "search/campaign/run_folder.hpp"

namespace atto::search {
namespace {

constexpr std::size_t kLongestName = 24;
/// An idle worker leaves what it occupies to others; the campaign asks for it again.
constexpr int kPatienceSeconds = 300;

void add_line(std::string& script, std::string_view option, std::string_view value) {
  if (!value.empty()) script += fmt::format("#SBATCH --{}={}\n", option, value);
}

/// "NAME=VALUE" as a line of shell.
std::string export_line(std::string_view setting) {
  const std::size_t equals = setting.find('=');
  return fmt::format("export {}={}\n", setting.substr(0, equals),
                     shell_word(setting.substr(equals + 1)));
}

/// A path in which sbatch finds no pattern of its own.
std::string pattern_path(const std::filesystem::path& path) {
  std::string found;
  for (const char c : path.string()) found += c == '%' ? "%%" : std::string(1, c);
  if (found.find('\\') != std::string::npos || found.find('\n') != std::string::npos)
    throw EnvironmentError("Slurm cannot write logs in a folder with such a name: " +
                           path.string());
  return found;
}

}  // namespace

std::string shell_word(std::string_view text) {
  std::string word = "'";
  for (const char c : text) word += c == '\'' ? "'\\''" : std::string(1, c);
  return word + "'";
}

std::string job_name(std::string_view campaign, std::string_view id) {
  std::string name(campaign.substr(0, kLongestName));
  std::replace_if(
      name.begin(), name.end(),
      [](unsigned char c) {
        const bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        return !is_letter && !(c >= '0' && c <= '9') && c != '-';
      },
      '_');
  return fmt::format("atto-{}-{}", name, id);
}

std::string job_script(const SlurmJob& job) {
  const SlurmProfile& profile = job.profile;
  std::string script = "#!/bin/bash\n";
  add_line(script, "job-name", job.name);
  add_line(script, "partition", profile.partition);
  add_line(script, "account", profile.account);
  add_line(script, "constraint", profile.constraint);
  add_line(script, "time", profile.time);
  add_line(script, "ntasks", "1");
  add_line(script, "cpus-per-task", std::to_string(profile.cpus));
  add_line(script, "mem", profile.memory);
  add_line(script, "gres", profile.gres);
  for (const std::string& option : profile.options) script += fmt::format("#SBATCH {}\n", option);
  // The campaign replaces workers itself: a site may requeue minutes later, or not at all.
  script += "#SBATCH --no-requeue\n";
  add_line(script, "signal", fmt::format("B:TERM@{}", profile.grace));
  add_line(script, "open-mode", "append");
  for (const std::string& setting : training_settings()) script += export_line(setting);
  for (const auto& [name, value] : profile.environment)
    script += export_line(fmt::format("{}={}", name, value));
  for (const std::string& line : profile.prolog) script += line + "\n";
  script += "exec " + shell_word(job.command.program.string());
  for (const std::string& argument : job.command.arguments) script += " " + shell_word(argument);
  script += fmt::format(" --own-cores --patience {}", kPatienceSeconds);
  return script + " --name \"" +
         worker_name("${SLURM_ARRAY_JOB_ID}", "${SLURM_ARRAY_TASK_ID}",
                     "${SLURM_RESTART_COUNT:-0}") +
         "\"\n";
}

std::filesystem::path script_file(const SlurmJob& job) {
  return job.folder / "slurm.sh";
}

std::vector<std::string> submit_words(const SlurmJob& job, int count) {
  const std::string logs = pattern_path(worker_log(job, "%A", "%a").parent_path());
  return {"sbatch", "--parsable", fmt::format("--array=1-{}", count),
          fmt::format("--output={}/{}", logs, worker_log(job, "%A", "%a").filename().string()),
          script_file(job).string()};
}

std::string worker_name(std::string_view array, std::string_view task, std::string_view restarts) {
  return fmt::format("slurm-{}_{}.{}", array, task, restarts);
}

std::filesystem::path worker_log(const SlurmJob& job, std::string_view array,
                                 std::string_view task) {
  return RunFolder{job.folder}.logs() / fmt::format("slurm-{}_{}.log", array, task);
}

}  // namespace atto::search
