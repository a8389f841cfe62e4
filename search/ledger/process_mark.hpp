#pragma once
// Whether a process that wrote to the ledger still runs, and a clock that nobody can set: leases
// must not depend on the time of day, which people and time servers change.

#include <cstdint>
#include <string>

namespace atto::search {

/// Returns milliseconds of the machine's monotonic clock. All its processes share it; it starts
/// again with the machine.
std::int64_t machine_clock_ms();

/// The machine's name in its network: for people, and where workers of several machines must know
/// who shares one with them.
std::string machine_name();

/// Names this process so that another can tell later whether it runs: "BOOT NAMESPACE ID START".
/// The start tells it from a later process of the same id.
std::string process_mark();

enum class Life : std::uint8_t {
  Runs,
  Ended,      ///< while the machine went on
  Restarted,  ///< the machine did, or the folder came from another one
  Unknown     ///< no mark, or a process that cannot be seen from here (another container)
};
Life life_of(const std::string& mark);

/// The process id within a mark; 0 where there is none.
int process_of(const std::string& mark);

}  // namespace atto::search
