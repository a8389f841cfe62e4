#pragma once
// The report's account of who decided what: people by the prototype, by steering and by designs of
// their own, the machine by the rest.

#include <string>

#include "search/report/report.hpp"

namespace atto::search {

/// How many decisions of a design people took, and the machine. A person's design counts what its
/// file records; one that people wrote whole records nothing.
struct DecidedBy {
  int human = 0, machine = 0;
};
DecidedBy decided_by(const Campaign& campaign, const DesignRow& design);

/// What people asked for and when it took effect, their designs beside the machine's best, and the
/// decisions of each tier's winner by who took them.
std::string people_section(const CampaignReport& report);

}  // namespace atto::search
