#pragma once
// "detector" in place of "head": the levels of a picture, and what looks at them and at crops.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "prototypes/language/reading/chains.hpp"

namespace atto::net {

class DetectorReader {
 public:
  DetectorReader(HoleReader& holes, ChainReader& chains)
      : holes_(holes), chains_(chains), problems_(holes.problems), model_(holes.model) {}

  /// Reads the detector of a network whose stages are read; records what is wrong.
  void read(const Cursor& network, const Cursor& at);

 private:
  std::optional<std::int32_t> stage(const Cursor& at);
  void levels(const Cursor& at);
  void pyramid(const Where& where, const Cursor& at);
  void from(const Cursor& at);
  void proposals(const Where& where, const Cursor& at);
  void box(const Where& where, const Cursor& at);
  void box_stage(const Cursor& tower);
  void mask(const Where& where, const Cursor& at);
  void mask_tower(const Where& where, const Cursor& tower, bool has_crop);
  void settings(const Cursor& at);
  void check_trunk(const Cursor& at);
  Item chain(const Where& where, const Cursor& at);
  void crop(const Where& where, const Cursor& at, CropModel& model);
  bool reads_earlier(const Module& module, std::int32_t first_slot) const;
  std::int32_t place(const Where& where, std::string_view key, const Cursor& at) {
    return holes_.add_place(where.key(key), at);
  }

  HoleReader& holes_;
  ChainReader& chains_;
  spec::Problems& problems_;
  Model& model_;
  DetectorModel detector_;
};

}  // namespace atto::net
