#pragma once
// What the end of a campaign shows of a model file: its speed here, and what it sees in an image.

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "export/format/model_error.hpp"
#include "export/runtime/model.hpp"
#include "export/targets/image_set.hpp"
#include "search/cli/guesses.hpp"
#include "search/latency/engine/engine_timing.hpp"

namespace atto::cli {

/// "FILE: FIELD at byte OFFSET: RULE".
class NamedModelError : public format::ModelError {
 public:
  NamedModelError(const std::filesystem::path& file, const format::ModelError& error)
      : ModelError(error), text_(file.string() + ": " + error.what()) {}
  const char* what() const noexcept override { return text_.c_str(); }

 private:
  std::string text_;
};

/// Returns open(). Throws ModelError that names the file.
template <class Open>
auto of_model_file(const std::filesystem::path& file, const Open& open) {
  try {
    return open();
  } catch (const format::ModelError& error) {
    throw NamedModelError(file, error);
  }
}

/// Opens a model file for a command. Throws ModelError that names it.
edge::Model open_model(const std::filesystem::path& file);

struct ModelShown {
  std::string precision, level;
  search::Timing timing;       ///< one thread
  std::string label;           ///< of the held-out image; empty where it has none
  std::vector<Guess> guesses;  ///< of that image; a detector makes none
};

/// Times the file on one thread and classifies the first image of the set.
ModelShown show_model(const std::filesystem::path& file, const deploy::ImageSet& images);
/// Times a detector's file on one thread, on a picture as full as its settings allow.
ModelShown show_detector(const std::filesystem::path& file);

/// Two lines, the second for the image.
std::string latency_line(const ModelShown& model);
std::string image_line(const ModelShown& model);
nlohmann::ordered_json model_json(const ModelShown& model);

}  // namespace atto::cli
