#pragma once
// Design requirements: the JSON file that names the prototype, the task, what a winner must
// satisfy, and how to search. One reader, one struct; every key is in docs/manual.md.

#include <array>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "design_specs/reading/json.hpp"
#include "design_specs/requirements/detector_settings.hpp"
#include "design_specs/requirements/metrics.hpp"
#include "design_specs/requirements/settings.hpp"
#include "design_specs/requirements/task_kind.hpp"

namespace atto::spec {

/// A two-sided requirement; absent sides are free. Costs are whole numbers held as double.
struct Bound {
  std::optional<double> min;
  std::optional<double> max;
  std::optional<int> at;  ///< resolution at which the cost is counted; absent = the trained one
  /// The places of "max" and "min" in the file, for messages; line 0 where absent.
  Location max_location, min_location;
};

enum class LatencyPrecision : std::uint8_t { Fp32, Bf16, Int8 };
/// Returns "fp32", "bf16" or "int8".
std::string_view precision_name(LatencyPrecision precision);

/// With what a latency is measured.
struct LatencySetting {
  int threads = 1;
  LatencyPrecision precision = LatencyPrecision::Fp32;

  friend bool operator==(const LatencySetting&, const LatencySetting&) = default;
};

/// The cores whose code is known, by the compiler's names; the first is meant where a spec names
/// none.
inline constexpr std::array<std::string_view, 7> kCores = {
    "cortex-m4", "cortex-m0plus", "cortex-m3", "cortex-m7", "cortex-m33", "cortex-m55", "rv32imc"};

/// The indicator function 1_r of the paper.
struct Requirements {
  Bound params;               ///< count
  Bound macs;                 ///< count
  Bound peak_activation_kib;  ///< KiB
  Bound model_kib;            ///< KiB
  Bound latency_ms;           ///< ms of the edge runtime on the campaign's host
  LatencySetting latency;     ///< how it is measured
  Bound flash_kib, ram_kib;   ///< KiB of the int8 C file: constants and code; arena. Ceilings alone
  std::string core = std::string(kCores.front());  ///< whose code is counted
  /// By goal of the task: judged on validation.
  std::map<std::string, Bound, std::less<>> scores;

  bool asks_footprint() const { return flash_kib.max || ram_kib.max; }
};

struct Task {
  TaskKind kind = task_kinds().front();
  std::string dataset = "fashion_mnist";  ///< a name, or a path
  std::filesystem::path base;             ///< what a relative path starts from: the spec's folder
  std::optional<int> resolution;          ///< pixels; absent = the data set's own
  StatedSettings detector;                ///< of kinds that find objects
};

struct Objective {
  Score score = task_kinds().front().main_score();  ///< what is made as good as it can be
  bool is_netscore = false;                         ///< weighed with the costs
  double alpha = 2, beta = 0.5, gamma = 0.5;
};

/// One tier of a family ("A", "B", ...): the spec's `require` with this tier's entries in place of
/// those of the same name. Everything else is shared. Ceilings do not rise from tier to tier.
struct Tier {
  std::string name;
  Requirements require;
};

/// A format in which winners leave, as written: what formats there are is not the spec's to know.
struct ExportFormat {
  std::string name;
  Location location;
};

struct DesignSpec {
  std::string name;
  std::filesystem::path file;       ///< where it was read from
  std::filesystem::path prototype;  ///< resolved against the spec's folder
  Location prototype_location;
  Task task;
  Requirements require;
  std::vector<Tier> tiers;  ///< empty = no family
  Objective maximise;
  SearchSettings search;
  TrainingSettings training;
  std::vector<ExportFormat> export_formats;  ///< each once
};

/// Reads and validates a spec; throws SpecError with every problem. Does not open the prototype.
/// Its task is one of `kinds`, the first where it names none; `strategies` are those that it may
/// name, none: any.
DesignSpec read_design_spec(const std::filesystem::path& file,
                            std::span<const std::string_view> strategies = {});
DesignSpec read_design_spec(const Document& document, const std::filesystem::path& file,
                            std::span<const std::string_view> strategies = {},
                            const std::vector<TaskKind>& kinds = task_kinds());

/// One requirement that a design fails: "params: 412,306 > max 326,000".
struct Miss {
  std::string requirement;  ///< "params", "macs", ..., "band"
  std::string text;
};

/// Returns the costs with every field counted at the resolution that its own bound names. `count`
/// gives the costs at a resolution (absent = the trained one) and is called once for each that is
/// asked for.
Costs required_costs(const Requirements& require,
                     const std::function<Costs(std::optional<int> at)>& count);

/// Returns every cost requirement that the costs miss (ceilings, floors, band); empty = feasible.
std::vector<Miss> cost_misses(const Requirements& require, const Band& band, const Costs& costs);

/// Returns the misses of costs, latency and scores together: empty means 1_r = 1. What is
/// required but not measured is a miss.
std::vector<Miss> misses(const Requirements& require, const Band& band, const Metrics& metrics);

/// Returns the largest share of a ceiling that the costs use; 0 without ceilings.
double tightest_use(const Requirements& require, const Costs& costs);

/// Returns the value that ranks a design: what it gains in the objective's score, or NetScore.
/// -infinity where it diverged, was not judged or gains nothing.
double objective_value(const Objective& objective, const Metrics& metrics);

}  // namespace atto::spec
