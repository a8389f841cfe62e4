#pragma once
// What `atto search` and `atto resume` share: run a stored campaign and show how it ended.

#include <filesystem>
#include <functional>
#include <vector>

#include "search/running/coordinator.hpp"

namespace atto::cli {

inline constexpr const char* kNothingMade = "interrupted; nothing was made";

struct RunChoices {
  int workers = 0;  ///< 0 = as many as the window and the cores allow
  bool is_json = false;
  std::vector<std::filesystem::path> warm_start;
};

/// Runs the campaign of a folder; prints the leaderboards. Returns the exit code: 0 with a winner
/// for every tier, 1 without, 130 when stopped. Throws Interruption while winners are exported.
int run_and_show(const std::filesystem::path& folder, const RunChoices& choices,
                 search::StopSignals& signals);

/// Runs work that leaves nothing behind. A signal that asks this process to stop meanwhile ends it
/// at once, with 130.
void run_unless_stopped(search::StopSignals& signals, bool is_json,
                        const std::function<void()>& work);

/// Throws Interruption where a signal asks this process to stop.
void throw_if_stopped(search::StopSignals& signals, const std::string& message);

/// Prints on stdout, whose buffer is empty. Throws Interruption where a signal asks this process to
/// stop while nobody reads, EnvironmentError where nothing can be written.
void print_unless_stopped(search::StopSignals& signals, const std::string& text,
                          const std::string& message);

}  // namespace atto::cli
