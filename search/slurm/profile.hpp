#pragma once
// What a site's Slurm is asked for: a file that people write once for each cluster.

#include <array>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "design_specs/reading/json.hpp"

namespace atto::search {

struct SlurmProfile {
  int workers = 1;
  std::string partition, account, constraint, time, memory, gres;  ///< empty = the site's default
  int cpus = 1;
  int max_submit = 1000;  ///< jobs of the campaign that Slurm is handed at most
  int grace = 120;        ///< seconds between SIGTERM and the end of the time
  std::vector<std::pair<std::string, std::string>> environment;
  std::vector<std::string> prolog;   ///< lines of shell before the worker
  std::vector<std::string> options;  ///< more of sbatch's, each "--NAME" or "--NAME=VALUE"
};

inline constexpr std::array<std::string_view, 15> kProfileKeys = {
    "$schema", "format", "workers",    "partition", "account",     "constraint", "time",   "cpus",
    "memory",  "gres",   "max_submit", "grace",     "environment", "prolog",     "options"};

inline constexpr int kMostSlurmWorkers = 10000;

/// Throws SpecError with all problems.
SlurmProfile read_profile(const spec::Document& document);

/// Reads Slurm's ways to write a time: "90" (minutes), "MM:SS", "HH:MM:SS", "D-HH", "D-HH:MM",
/// "D-HH:MM:SS". Returns seconds, or -1 where it is none.
long seconds_of(std::string_view text);

}  // namespace atto::search
