#pragma once
// The filter between counting and training: a design whose tier asks for a latency is measured
// once, while nobody trains, and refused where it is too slow; before that, one whose tier asks for
// flash or memory, where its int8 C file is too large.

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "search/campaign/campaign.hpp"
#include "search/latency/block_costs.hpp"
#include "search/running/faults.hpp"

namespace atto::search {

/// What is known of a design before it is trained.
struct Judged {
  spec::Figures figures;  ///< a latency is absent where it was predicted
  std::string refusal;    ///< "too slow: 14.2 ms > 12 ms"; empty where it may be trained
};

class LatencyGate {
 public:
  /// Runs `work` while no worker of the campaign trains.
  using Quietly = std::function<void(const std::function<void()>& work)>;
  /// All must outlive it; `meter` may be null in a campaign that asks for no latency. `between` is
  /// called now and then while it measures; what that throws ends the measurement.
  LatencyGate(const Campaign& campaign, Ledger& ledger, Faults& faults, LatencyMeter* meter,
              Quietly quietly, std::function<void()> between = {})
      : campaign_(campaign),
        ledger_(ledger),
        faults_(faults),
        meter_(meter),
        quietly_(std::move(quietly)),
        between_(std::move(between)) {}

  /// Judges a design by its sizes, and its latency by the figure that the ledger has for it, this
  /// host and this runtime; else, of
  /// a machine's design, by a trusted prediction that is far over the ceiling; else by a figure
  /// that is measured now and stored.
  Judged judge(const spec::Requirements& require, const DesignRow& design);
  /// Measures the winner with its trained weights, once; does nothing where no latency is asked
  /// for.
  void confirm(const spec::Requirements& require, const DesignRow& winner,
               const std::filesystem::path& trained);
  /// What the figures that the ledger has so far were measured on, where that is not this machine
  /// and runtime; for people.
  std::vector<std::string> other_machines();
  /// Returns what people should know since the last call.
  std::vector<std::string> take_notes() { return std::exchange(notes_, {}); }

 private:
  /// Predictions in one setting.
  struct Guide {
    BlockCosts costs;
    std::optional<bool> is_trusted;  ///< since enough designs were predicted
  };

  void judge_latency(const spec::Requirements& require, const DesignRow& design, Judged& judged);
  LatencyRow key_of(const spec::Requirements& require, const DesignRow& design) const;
  void measure(LatencyRequest request, LatencyRow& row);
  Guide& guide_of(const LatencyRow& key);
  std::optional<double> predict(Guide& guide, const LatencyRequest& request);
  void learn(Guide& guide, const LatencyRow& row, double max_ms);

  const Campaign& campaign_;
  Ledger& ledger_;
  Faults& faults_;
  LatencyMeter* meter_;
  Quietly quietly_;
  std::function<void()> between_;
  std::map<std::pair<int, spec::LatencyPrecision>, Guide> guides_;  ///< by threads and precision
  std::vector<std::string> notes_;
};

/// The words for a latency: "14.2 ms".
std::string latency_text(double ms);

/// "median error 3.1 %, 9 of 10 within 8 %, over 50 designs".
std::string quality_text(const PredictionQuality& quality);

}  // namespace atto::search
