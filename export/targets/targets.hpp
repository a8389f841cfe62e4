#pragma once
// The formats that a trained model leaves as: one row of a table each. A further format is a file
// with its row, which targets.cpp lists.

#include <filesystem>
#include <span>
#include <string_view>
#include <vector>

#include "export/lowering/lower_detector.hpp"
#include "export/targets/image_set.hpp"
#include "export/targets/parity.hpp"
#include "prototypes/language/trained_model.hpp"

namespace atto::deploy {

using net::kCalibrationName;
using net::kReferenceName;
using net::kWeightsName;
using net::read_trained_design;
using net::read_trained_model;
using net::TrainedModel;

/// A trained model in whole numbers.
struct Int8Model {
  FusedNetwork network;
  Quantisation quantisation;
  QuantisedPieces pieces = {};  ///< of a detector, in place of the others
};
/// Quantises with the inputs of a set of training images, for our engine and those that follow it.
Int8Model quantise_model(const TrainedModel& model, const ImageSet& calibration);

/// What a writer writes.
struct ExportSource {
  const TrainedModel& model;
  Precision precision = Precision::F32;
  const Int8Model* int8 = nullptr;  ///< where the precision is I8, made by Target::quantise
  bool has_float_io = false;        ///< asked of Target::has_io_kinds
};

/// What a run of an artefact gave.
struct Ran {
  std::vector<float> logits;  ///< the first output of every image: [count, classes]
  std::string run_by;         ///< what ran it: "node", "cc -std=c99 -O2"
  std::string not_run = {};   ///< why this machine could not run it, and then logits may be those
                              ///< of something simpler, or none; else empty
  std::vector<det::Found> found = {};  ///< of a detector, in place of logits: of every image, or of
                                       ///< the first ones
};

struct Target {
  std::string_view name;       ///< as in --to and in a spec's "export"
  std::string_view extension;  ///< of its file, with the dot
  /// Extensions of the files beside it, of the same stem; ".web/package.json" is in a folder.
  std::span<const std::string_view> companions;
  bool (*can_write)(Precision precision);
  /// The same of detectors; null: of none.
  bool (*can_write_detector)(Precision precision);
  /// Throws EnvironmentError where this machine lacks what it takes to write; null: nothing.
  void (*require_tools)();
  /// Quantises as its files round; null where it has no int8. Those of one function share a model.
  Int8Model (*quantise)(const TrainedModel& model, const ImageSet& calibration);
  /// Writes the file, and its companions. Throws SpecError for a network that the format cannot
  /// express, before anything is written; EnvironmentError.
  void (*write)(const ExportSource& source, const std::filesystem::path& file);
  /// Reads the file back and runs it, in a folder where nothing else lies.
  Ran (*run)(const ExportSource& source, const std::filesystem::path& file, const ImageSet& images);
  /// Says whether it has the precision for this model.
  bool has(const TrainedModel& model, Precision precision) const {
    if (!model.detector) return can_write(precision);
    return can_write_detector != nullptr && can_write_detector(precision);
  }
  /// Whether inputs and outputs of its int8 files may be floats too; others always take floats.
  bool has_io_kinds = false;
};

std::span<const Target> targets();
/// Returns null for a name that is not in the table.
const Target* find_target(std::string_view name);

}  // namespace atto::deploy
