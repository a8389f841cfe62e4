#include "trainer/cli/training_list.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>

#include "design_specs/paths.hpp"
#include "design_specs/reading/problems.hpp"
#include "design_specs/requirements/readers.hpp"
#include "design_specs/requirements/section.hpp"
#include "search/strategies/strategy.hpp"

namespace atto::cli {
namespace {

namespace fs = std::filesystem;
using spec::Cursor;
using spec::Problems;
using spec::Section;

constexpr std::array<std::string_view, 6> kListKeys = {"format", "description", "spec",
                                                       "data",   "results",     "trainings"};
constexpr std::array<std::string_view, 8> kTrainingKeys = {
    "name", "design", "data", "from", "resolution", "epochs", "seeds", "training"};

/// A name becomes that of a folder and a file.
bool is_file_name(std::string_view name) {
  return !name.empty() && name.size() <= 64 && name.front() != '.' &&
         std::all_of(name.begin(), name.end(), [](unsigned char c) {
           return std::isalnum(c) || c == '_' || c == '-' || c == '.';
         });
}

/// Whether a design is a detector; of a file that cannot be read, whoever trains it tells.
bool is_detector(const fs::path& file) {
  try {
    return spec::read_json(file).root.find("detector") != nullptr;
  } catch (const std::runtime_error&) {
    return false;
  }
}

class Reader {
 public:
  Reader(Problems& problems, const fs::path& file)
      : problems_(problems), folder_(file.parent_path()) {}

  TrainingList read(const Cursor& root) {
    TrainingList list;
    Section section(problems_, root, kListKeys);
    if (const auto at = section.member("format"))
      if ((*at)->kind != spec::Kind::Integer || (*at)->integer != 1)
        problems_.add(*at, "must be 1, the only format there is");
    std::string description, results;
    section.text("description", description);
    section.text("results", results);
    section.text("data", defaults_.data);
    defaults_.data_base = folder_;
    if (!results.empty()) list.results = spec::plain_path(folder_ / results);
    if (const auto at = section.member("spec"))
      if (const auto path = problems_.text(*at))
        defaults_.spec = spec::read_design_spec(folder_ / *path, search::strategy_names());
    if (const auto at = problems_.required(root, "trainings")) read_trainings(*at, list);
    return list;
  }

 private:
  void read_trainings(const Cursor& at, TrainingList& list) {
    if (at->kind != spec::Kind::Array || at->items.empty())
      return problems_.add(at, "must be a list of trainings");
    std::size_t most = 0;
    for (std::size_t i = 0; i < at->items.size(); ++i) {
      rows_.emplace_back();
      read_training(at.at(i), rows_.back());
      most = std::max(most, rows_.back().size());
    }
    for (std::size_t seed = 0; seed < most; ++seed)
      for (const auto& row : rows_)
        if (seed < row.size()) list.trainings.push_back(row[seed]);
  }

  void read_training(const Cursor& at, std::vector<ListedTraining>& row) {
    if (at->kind != spec::Kind::Object) return problems_.add(at, "must be an object");
    Section section(problems_, at, kTrainingKeys);
    TrainingOrder order = defaults_;
    const auto design = problems_.required(at, "design");
    const auto path = design ? problems_.text(*design) : std::nullopt;
    if (!path) return;
    const fs::path file = spec::plain_path(folder_ / *path);
    section.text("data", order.data);
    if (const auto entry = section.member("from"))
      if (const auto from = problems_.text(*entry)) order.from = spec::plain_path(folder_ / *from);
    const auto integer = [&](const char* key, std::optional<int>& target, int most) {
      if (const auto entry = section.member(key))
        if (const auto value = problems_.integer(*entry, 1, most)) target = int(*value);
    };
    integer("resolution", order.resolution, 8192);
    integer("epochs", order.epochs, 100'000);
    if (const auto entry = section.member("training")) {
      if (!order.spec) {
        order.spec.emplace();
        if (is_detector(file)) order.spec->training.recipe = spec::detection_recipe();
      }
      order.spec->training = spec::read_training(problems_, *entry, order.spec->training);
    }
    std::string name = file.stem().string();
    section.text("name", name);
    const Cursor named = section.member("name").value_or(at);
    if (!is_file_name(name))
      problems_.add(named, "must be 1 to 64 of A-Z a-z 0-9 _ - . and not begin with '.'", name);
    if (std::find(names_.begin(), names_.end(), name) != names_.end())
      problems_.add(named, "two trainings have one name; give each its own \"name\"", name);
    names_.push_back(name);
    for (const std::uint64_t seed : read_seeds(section)) {
      order.seed = seed;
      row.push_back({file, fmt::format("{}-s{}", name, seed), order});
    }
  }

  std::vector<std::uint64_t> read_seeds(const Section& section) {
    const auto at = section.member("seeds");
    if (!at) return {1};
    std::vector<std::uint64_t> seeds;
    if ((*at)->kind != spec::Kind::Array || (*at)->items.empty()) {
      problems_.add(*at, "must be a list of seeds");
      return seeds;
    }
    for (std::size_t i = 0; i < (*at)->items.size(); ++i) {
      const auto seed = problems_.integer(at->at(i), 0, std::numeric_limits<std::int64_t>::max());
      if (!seed) continue;
      if (std::find(seeds.begin(), seeds.end(), std::uint64_t(*seed)) != seeds.end())
        problems_.add(at->at(i), "a seed must be listed once");
      seeds.push_back(std::uint64_t(*seed));
    }
    return seeds;
  }

  Problems& problems_;
  const fs::path folder_;
  TrainingOrder defaults_;
  std::vector<std::vector<ListedTraining>> rows_;
  std::vector<std::string> names_;
};

}  // namespace

TrainingList read_training_list(const spec::Document& document) {
  const fs::path file = document.name;
  Problems problems(document.name);
  TrainingList list = Reader(problems, file).read({&document.root, ""});
  problems.throw_if_any();
  list.name = file.stem().string();
  return list;
}

}  // namespace atto::cli
