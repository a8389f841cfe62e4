#include "search/slurm/profile.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "design_specs/requirements/section.hpp"

namespace atto::search {
namespace {

using spec::Cursor;
using spec::Kind;
using spec::Problems;

constexpr int kMostCpus = 4096, kLongestGrace = 3600;
constexpr std::size_t kLongestText = 1000;

/// Options of sbatch that the campaign gives by itself.
constexpr std::string_view kOurs[] = {
    "array",   "chdir",      "cpus-per-task", "dependency", "error",     "export",
    "gres",    "help",       "hold",          "input",      "job-name",  "mem",
    "nodes",   "no-requeue", "ntasks",        "open-mode",  "output",    "parsable",
    "requeue", "signal",     "time",          "account",    "partition", "constraint",
    "quiet",   "test-only",  "usage",         "version",    "wait",      "wrap"};

bool is_printable(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) < 32 && c != '\t') || c == 127;
  });
}

/// What a `#SBATCH` line holds as one word, whatever reads it.
bool is_one_word(std::string_view text) {
  constexpr std::string_view kSpecial = " \t\"'`\\#$;<>";
  return is_printable(text) && !text.empty() && text.size() <= kLongestText &&
         text.find_first_of(kSpecial) == std::string_view::npos &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > 32 && c < 127; });
}

std::string read_word_of(Problems& problems, const Cursor& at) {
  const std::optional<std::string> text = problems.text(at);
  // Empty says the same as a key that is not there.
  if (text && !text->empty() && !is_one_word(*text))
    problems.add(at, "must be one word of sbatch's, without blanks, quotes and # $ ; < > \\");
  return text.value_or("");
}

bool is_digits(std::string_view text) {
  return !text.empty() && text.size() <= 9 &&
         text.find_first_not_of("0123456789") == std::string_view::npos;
}

bool is_memory(std::string_view text) {
  if (!text.empty() && std::string_view("KMGT").find(text.back()) != std::string_view::npos)
    text.remove_suffix(1);
  return is_digits(text);
}

bool is_variable(std::string_view name) {
  constexpr std::string_view kLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_";
  return !name.empty() && kLetters.find(name.front()) != std::string_view::npos &&
         std::all_of(name.begin(), name.end(), [&](char c) {
           return kLetters.find(c) != std::string_view::npos || (c >= '0' && c <= '9');
         });
}

std::vector<std::string> read_lines(Problems& problems, const Cursor& at) {
  std::vector<std::string> lines;
  if (at->kind != Kind::Array) {
    problems.add(at, "must be a list of texts");
    return lines;
  }
  for (std::size_t i = 0; i < at->items.size(); ++i) {
    const Cursor item = at.at(i);
    const std::optional<std::string> line = problems.text(item);
    if (line && !is_printable(*line)) problems.add(item, "must be one line");
    lines.push_back(line.value_or(""));
  }
  return lines;
}

std::vector<std::string> read_options(Problems& problems, const Cursor& at) {
  const std::vector<std::string> options = read_lines(problems, at);
  for (std::size_t i = 0; i < options.size(); ++i) {
    const std::string_view option = options[i];
    if (at.at(i)->kind != Kind::String || !is_printable(option)) continue;  // told already
    if (!option.starts_with("--") || option.size() < 3 || !is_one_word(option)) {
      problems.add(at.at(i), "must be a long option of sbatch in one word such as \"--qos=long\"");
      continue;
    }
    const std::string_view name = option.substr(2, option.find('=') - 2);
    if (std::find(std::begin(kOurs), std::end(kOurs), name) != std::end(kOurs))
      problems.add(at.at(i), fmt::format("must not be --{}, which comes from a key of the profile "
                                         "or from the campaign",
                                         name));
  }
  return options;
}

std::vector<std::pair<std::string, std::string>> read_environment(Problems& problems,
                                                                  const Cursor& at) {
  std::vector<std::pair<std::string, std::string>> all;
  if (!problems.expect_record(at)) return all;
  for (const spec::Member& member : at->members) {
    const Cursor value = at.at(member);
    if (!is_variable(member.key))
      problems.add_at_key(at, member, "must be the name of a variable such as ATTO_DATA");
    else if (member.key == "PGPASSWORD")
      problems.add_at_key(at, member,
                          "must not hold a password: Slurm and the run folder keep "
                          "what jobs are made of; use ~/.pgpass");
    const std::optional<std::string> text = problems.text(value);
    if (text && !is_printable(*text)) problems.add(value, "must be one line");
    all.emplace_back(member.key, text.value_or(""));
  }
  return all;
}

void read_limits(Problems& problems, const Cursor& root, SlurmProfile& profile) {
  if (const auto at = Problems::member(root, "time"); at && is_one_word(profile.time)) {
    const long seconds = seconds_of(profile.time);
    if (seconds < 0)
      problems.add(*at, "must be a time as Slurm writes it, such as \"08:00:00\" or \"2-12\"");
    else if (seconds <= profile.grace)
      problems.add(*at, fmt::format("must be longer than grace, {} s", profile.grace));
  }
  if (const auto at = Problems::member(root, "memory"))
    if (is_one_word(profile.memory) && !is_memory(profile.memory))
      problems.add(*at, "must be a whole number with K, M, G or T such as \"3G\"");
}

}  // namespace

long seconds_of(std::string_view text) {
  long days = 0;
  const std::size_t dash = text.find('-');
  const bool has_days = dash != std::string_view::npos;
  if (has_days) {
    if (!is_digits(text.substr(0, dash))) return -1;
    days = std::stol(std::string(text.substr(0, dash)));
    text.remove_prefix(dash + 1);
  }
  std::vector<long> parts;
  for (;;) {
    const std::string_view part = text.substr(0, text.find(':'));
    if (!is_digits(part) || parts.size() == 3) return -1;
    parts.push_back(std::stol(std::string(part)));
    if (part.size() == text.size()) break;
    text.remove_prefix(part.size() + 1);
  }
  // Behind days hours come first; without them the last are seconds, and one alone is minutes.
  if (has_days) {
    parts.resize(3);
    return ((days * 24 + parts[0]) * 60 + parts[1]) * 60 + parts[2];
  }
  if (parts.size() == 1) return parts[0] * 60;
  long seconds = 0;
  for (const long part : parts) seconds = seconds * 60 + part;
  return seconds;
}

SlurmProfile read_profile(const spec::Document& document) {
  Problems problems(document.name);
  SlurmProfile profile;
  const Cursor root{&document.root, ""};
  spec::Section section(problems, root, kProfileKeys);
  if (document.root.kind == Kind::Object) {
    if (const auto at = problems.required(root, "format"))
      if ((*at)->kind != Kind::Integer || (*at)->integer != 1)
        problems.add(*at, "must be 1, the only format there is");
    section.integer("workers", profile.workers, 1, kMostSlurmWorkers);
    section.integer("cpus", profile.cpus, 1, kMostCpus);
    section.integer("max_submit", profile.max_submit, 1, kMostSlurmWorkers);
    section.integer("grace", profile.grace, 1, kLongestGrace);
    const std::pair<std::string_view, std::string*> words[] = {
        {"partition", &profile.partition},   {"account", &profile.account},
        {"constraint", &profile.constraint}, {"time", &profile.time},
        {"memory", &profile.memory},         {"gres", &profile.gres}};
    for (const auto& [key, target] : words)
      if (const auto at = section.member(key)) *target = read_word_of(problems, *at);
    read_limits(problems, root, profile);
    if (const auto at = section.member("environment"))
      profile.environment = read_environment(problems, *at);
    if (const auto at = section.member("prolog")) profile.prolog = read_lines(problems, *at);
    if (const auto at = section.member("options")) profile.options = read_options(problems, *at);
  }
  problems.throw_if_any();
  return profile;
}

}  // namespace atto::search
