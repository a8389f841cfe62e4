#include "search/cli/export_shown.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "search/cli/quantity_text.hpp"
#include "search/cli/terminal.hpp"

namespace atto::cli {
namespace {

using Cells = std::vector<std::string>;
constexpr std::size_t kTexts = 3;  ///< columns of text, at the left; numbers follow

Cells header_cells(const deploy::Parity& parity) {
  if (parity.sets) {
    Cells header = {"format",  "as",        "file",        "size",          "images",
                    "matched", "box error", "score error", "least mask IoU"};
    for (const deploy::ScorePair& pair : parity.precisions)
      header.insert(header.end(), {std::string(pair.score.label), "LibTorch's"});
    header.emplace_back("run by");
    return header;
  }
  const std::string label(parity.score.label);
  return {"format", "as",         "file",  "size", "images", "max error", label + " agreement",
          label,    "LibTorch's", "run by"};
}

std::string with_unit(const spec::Score& score, double value) {
  return spec::shown(score, value) + std::string(spec::unit_text(score));
}

Cells cells_of(const deploy::Artefact& artefact) {
  const deploy::Parity& parity = artefact.parity;
  Cells row{artefact.target, std::string(deploy::precision_name(artefact.precision)),
            artefact.file.string(), bytes_text(static_cast<double>(artefact.bytes))};
  if (!artefact.not_run.empty()) {
    row.insert(row.end(), 5, "-");
    row.push_back("written, not run: " + artefact.not_run);
    return row;
  }
  if (const auto& sets = parity.sets) {
    row.insert(row.end(),
               {std::to_string(parity.images), fmt::format("{:.1f} %", 100 * sets->share()),
                fmt::format("{:.1e} px", sets->box_error), fmt::format("{:.1e}", sets->score_error),
                sets->has_masks ? fmt::format("{:.3f}", sets->least_mask_iou) : "-"});
    for (const deploy::ScorePair& pair : parity.precisions)
      row.insert(row.end(),
                 {with_unit(pair.score, pair.value), with_unit(pair.score, pair.reference_value)});
    row.push_back(artefact.run_by);
    return row;
  }
  const auto shown = [&](const std::optional<double>& value) {
    return value ? with_unit(parity.score, *value) : "-";
  };
  row.insert(row.end(), {std::to_string(parity.images), fmt::format("{:.1e}", parity.max_error),
                         fmt::format("{:.1f} %", 100 * parity.agreement), shown(parity.value),
                         shown(parity.reference_value), artefact.run_by});
  return row;
}

/// What the columns are of: that of a file that was run, where there is one.
const deploy::Parity& parity_shown(const std::vector<deploy::Artefact>& artefacts) {
  const auto ran = std::find_if(artefacts.begin(), artefacts.end(), [](const auto& artefact) {
    return artefact.parity.sets.has_value();
  });
  return (ran == artefacts.end() ? artefacts.begin() : ran)->parity;
}

/// Rows as lines, each column as wide as its widest text; the last ends where its text ends.
std::string aligned(const std::vector<Cells>& rows, std::string_view indent) {
  std::vector<int> widths(rows.front().size());
  for (const Cells& row : rows)
    for (std::size_t c = 0; c < row.size(); ++c)
      widths[c] = std::max(widths[c], columns_of(row[c]));
  std::string lines;
  for (const Cells& row : rows) {
    lines += indent;
    for (std::size_t c = 0; c + 1 < row.size(); ++c) {
      const std::string gap(static_cast<std::size_t>(widths[c] - columns_of(row[c])), ' ');
      lines += (c < kTexts ? row[c] + gap : gap + row[c]) + "  ";
    }
    lines += row.back() + "\n";
  }
  return lines;
}

}  // namespace

std::string artefact_table(const std::vector<deploy::Artefact>& artefacts,
                           std::string_view indent) {
  std::vector<Cells> rows;
  std::string unwritten;
  for (const deploy::Artefact& artefact : artefacts) {
    if (!artefact.not_written.empty())
      unwritten +=
          fmt::format("{}{} was not written: {}\n", indent, artefact.target, artefact.not_written);
    else if (artefact.trouble.empty())
      rows.push_back(cells_of(artefact));
  }
  if (rows.empty()) return unwritten;
  rows.insert(rows.begin(), header_cells(parity_shown(artefacts)));
  return aligned(rows, indent) + unwritten;
}

nlohmann::ordered_json artefacts_json(const std::vector<deploy::Artefact>& artefacts) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const deploy::Artefact& artefact : artefacts) {
    const deploy::Parity& parity = artefact.parity;
    const bool was_run = artefact.not_run.empty() && artefact.not_written.empty();
    nlohmann::ordered_json entry = {{"target", artefact.target},
                                    {"precision", deploy::precision_name(artefact.precision)},
                                    {"file", artefact.file.string()},
                                    {"bytes", artefact.bytes},
                                    {"agrees", nullptr},  // null when not run
                                    {"trouble", artefact.trouble},
                                    {"run_by", artefact.run_by},
                                    {"not_run", artefact.not_run},
                                    {"not_written", artefact.not_written},
                                    {"images", parity.images}};
    if (was_run) entry["agrees"] = artefact.trouble.empty();
    if (const auto& sets = parity.sets) {
      entry["matched"] = sets->share();
      entry["box_error"] = sets->box_error;
      entry["score_error"] = sets->score_error;
      entry["least_mask_iou"] = nullptr;
      if (sets->has_masks) entry["least_mask_iou"] = sets->least_mask_iou;
      for (const deploy::ScorePair& pair : parity.precisions) {
        entry[pair.score.name] = pair.value;
        entry["reference_" + pair.score.name] = pair.reference_value;
      }
      list.push_back(std::move(entry));
      continue;
    }
    entry["max_error"] = parity.max_error;  // null when infinite
    entry[parity.score.name + "_agreement"] = parity.agreement;
    entry[parity.score.name] = nullptr;
    entry["reference_" + parity.score.name] = nullptr;
    if (parity.value) entry[parity.score.name] = *parity.value;
    if (parity.reference_value) entry["reference_" + parity.score.name] = *parity.reference_value;
    list.push_back(std::move(entry));
  }
  return list;
}

bool tell_misses(const std::vector<deploy::Artefact>& artefacts) {
  bool all_agree = true;
  for (const deploy::Artefact& artefact : artefacts) {
    if (artefact.trouble.empty()) continue;
    all_agree = false;
    say(fmt::format("{}: does not agree with LibTorch, {}; removed\n", artefact.file.string(),
                    artefact.trouble));
  }
  return all_agree;
}

}  // namespace atto::cli
