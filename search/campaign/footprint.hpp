#pragma once
// What a design takes of a small device: the sizes of its int8 C file, which need no training.

#include <functional>
#include <optional>
#include <string>

#include "search/campaign/campaign.hpp"

namespace atto::search {

struct Footprint {
  double flash_kib = 0, ram_kib = 0;
};

/// Throws SpecError naming the layer and the rule for what int8 C cannot express.
Footprint footprint_of(const net::Network& network, const std::string& core);

/// Returns the first ceiling that is crossed: "too large: flash 131.2 KiB > 128 KiB"; empty where
/// none is.
std::string too_large(const spec::Requirements& require, const Footprint& footprint);

/// Measures a network where its requirements ask for that: sets `figures`, and returns why it may
/// not be trained; empty where it may.
std::string judge_footprint(const spec::Requirements& require, const net::Network& network,
                            spec::Figures& figures);

/// Returns whether the candidates of a prototype fit a device; nothing where none is asked for.
/// The prototype must outlive it.
std::function<bool(const gen::Candidate&)> fits_device(const net::Prototype& prototype,
                                                       const net::TaskInput& input,
                                                       const spec::Requirements& require);

/// Looks for a design of the space that fits the device too, within a bounded effort; `tried`
/// becomes "of 300 designs ... ", where none was found.
std::optional<gen::Candidate> find_fitting(const gen::FeasibleSpace& space,
                                           const spec::Requirements& require, std::uint64_t seed,
                                           std::string& tried);

}  // namespace atto::search
