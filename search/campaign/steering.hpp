#pragma once
// People who steer a campaign between its cycles: what they ask for is checked, recorded with its
// time, and taken by the coordinator at its next proposal.

#include <string>
#include <vector>

#include "search/campaign/run_folder.hpp"
#include "search/campaign/terms.hpp"

namespace atto::search {

/// The requests of one command.
struct SteerRequest {
  std::vector<std::string> pins, forbids, frees;  ///< "PATH=VALUE", a free one "PATH"
  std::vector<std::string> requirements;          ///< "params.max=1.5M"
  std::vector<std::string> notes;
  std::vector<spec::JsonFile> designs;  ///< to evaluate
  std::string tier;                     ///< "" = every tier

  bool is_empty() const {
    return pins.empty() && forbids.empty() && frees.empty() && requirements.empty() &&
           notes.empty() && designs.empty();
  }
};

/// Records the requests of a command, all or none; the campaign may be running. Throws SpecError,
/// which tells the proof, when no design could satisfy what is asked for together with what is in
/// force, in a tier that is not over; EnvironmentError where another steers for long. Returns
/// messages.
std::vector<std::string> steer_campaign(const RunFolder& folder, const SteerRequest& request);

/// What is asked of a campaign, for a listing.
struct SteeringView {
  std::vector<SteerRow> requests;  ///< in their order
  struct InForce {
    std::string path;
    std::vector<std::string> allowed;  ///< labels
  };
  std::vector<InForce> held;  ///< at the newest tier, requests that wait included
};
SteeringView view_steering(Ledger& ledger, const Campaign& campaign);

/// Returns the tier whose search goes on, or the last.
int current_tier(Ledger& ledger, const Campaign& campaign);

/// Returns "2026-11-24 13:05:10" (UTC).
std::string time_text(std::int64_t milliseconds);

}  // namespace atto::search
