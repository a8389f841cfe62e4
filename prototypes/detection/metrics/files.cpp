#include "prototypes/detection/metrics/files.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

#include "design_specs/files.hpp"
#include "design_specs/reading/json_records.hpp"
#include "prototypes/detection/metrics/objects.hpp"

namespace atto::det {
namespace {

constexpr std::int64_t kMostId = std::int64_t{1} << 53;  // what a double holds exactly
constexpr std::size_t kMostBytes = spec::RecordLimits{}.bytes;

/// Finds indices by ids.
using Ids = std::unordered_map<std::int64_t, int>;

template <class Named>
Ids ids_of(const std::vector<Named>& all) {
  Ids ids;
  for (const Named& one : all) ids.emplace(one.id, static_cast<int>(ids.size()));
  return ids;
}

std::optional<std::int64_t> read_id(spec::Problems& problems, const spec::Cursor& record,
                                    std::string_view key) {
  const auto at = problems.required(record, key);
  return at ? problems.integer(*at, -kMostId, kMostId) : std::nullopt;
}

/// Returns the index that an id names.
std::optional<int> read_named(spec::Problems& problems, const spec::Cursor& record,
                              std::string_view key, const Ids& ids, const char* rule) {
  const auto id = read_id(problems, record, key);
  if (!id) return {};
  const auto found = ids.find(*id);
  if (found != ids.end()) return found->second;
  problems.add(*spec::Problems::member(record, key), rule);
  return {};
}

/// Reads a member's text; "" where it is not there.
std::optional<std::string> read_text(spec::Problems& problems, const spec::Cursor& record,
                                     std::string_view key) {
  const auto at = spec::Problems::member(record, key);
  return at ? problems.text(*at) : std::string();
}

/// Collects what is not annotations, which may stand anywhere in the file.
class Heads {
 public:
  explicit Heads(spec::Problems& problems) : problems_(problems) {}

  void take(std::string_view list, const spec::Cursor& record) {
    if (list == "images") take_picture(record);
    if (list == "categories") take_category(record);
    if (problems_.size() >= SpecError::kMaxShown) problems_.throw_if_any();
  }

  Annotations annotations() && {
    const auto by_id = [](const auto& a, const auto& b) { return a.id < b.id; };
    std::sort(all_.pictures.begin(), all_.pictures.end(), by_id);
    std::sort(all_.categories.begin(), all_.categories.end(), by_id);
    return std::move(all_);
  }

 private:
  bool expect_new(Ids& ids, std::int64_t id, const spec::Cursor& record) {
    const auto [first, is_new] = ids.emplace(id, static_cast<int>(ids.size()));
    if (!is_new)
      problems_.add(*spec::Problems::member(record, "id"),
                    fmt::format("must be new; number {} of the list has it", first->second));
    return is_new;
  }

  void take_picture(const spec::Cursor& record) {
    constexpr std::int64_t kMostSide = 65535;
    if (!problems_.expect_record(record)) return;
    const auto id = read_id(problems_, record, "id");
    const auto height_at = problems_.required(record, "height");
    const auto width_at = problems_.required(record, "width");
    const auto file = read_text(problems_, record, "file_name");
    if (!id || !height_at || !width_at || !file) return;
    const auto height = problems_.integer(*height_at, 1, kMostSide);
    const auto width = problems_.integer(*width_at, 1, kMostSide);
    if (!height || !width || !expect_new(picture_ids_, *id, record)) return;
    if (*height * *width > kMostPixels)
      problems_.add(*height_at, fmt::format("a picture must have at most {} pixels", kMostPixels),
                    fmt::format("{} x {}", *height, *width));
    all_.pictures.push_back({*id, static_cast<int>(*height), static_cast<int>(*width), *file});
  }

  void take_category(const spec::Cursor& record) {
    if (!problems_.expect_record(record)) return;
    const auto id = read_id(problems_, record, "id");
    const auto name = read_text(problems_, record, "name");
    if (!id || !name || !expect_new(category_ids_, *id, record)) return;
    all_.categories.push_back({*id, name->empty() ? std::to_string(*id) : *name});
  }

  spec::Problems& problems_;
  Annotations all_;
  Ids picture_ids_, category_ids_;  // in file order
};

void expect_lists(spec::Problems& problems, const spec::Value& root) {
  const spec::Cursor at{&root, ""};
  if (!problems.expect_record(at)) return;
  for (const std::string_view key : {"images", "annotations", "categories"})
    if (const auto list = problems.required(at, key); list && (*list)->kind != spec::Kind::Array)
      problems.add(*list, "must be a list");
}

/// iscrowd is 0 or 1, or a boolean; 0 where it is not there.
std::optional<bool> read_crowd(spec::Problems& problems, const spec::Cursor& record) {
  const auto at = spec::Problems::member(record, "iscrowd");
  if (!at) return false;
  if ((*at)->kind == spec::Kind::Boolean) return (*at)->boolean;
  const auto number = problems.integer(*at, 0, 1);
  return number ? std::optional(*number == 1) : std::nullopt;
}

std::optional<double> read_area(spec::Problems& problems, const spec::Cursor& record,
                                const Outline& outline) {
  if (const auto at = spec::Problems::member(record, "area")) return problems.number(*at, 0, 1e18);
  return outline.mask ? static_cast<double>(area(*outline.mask)) : outline.box.area();
}

void take_annotation(spec::Problems& problems, const spec::Cursor& record, const Ids& pictures,
                     const Ids& categories, Annotations& all) {
  if (!problems.expect_record(record)) return;
  const auto picture =
      read_named(problems, record, "image_id", pictures, "must be the id of one of the images");
  const auto category = read_named(problems, record, "category_id", categories,
                                   "must be the id of one of the categories");
  const auto is_crowd = read_crowd(problems, record);
  if (!picture || !category || !is_crowd) return;
  auto outline = read_outline(problems, record, all.pictures[static_cast<std::size_t>(*picture)]);
  if (!outline) return;
  if (const auto area = read_area(problems, record, *outline))
    all.objects.push_back(
        {*picture, *category, outline->box, std::move(outline->mask), *area, *is_crowd});
}

std::string mask_text(const Rle& mask) {
  return fmt::format(R"({{"size":[{},{}],"counts":{}}})", mask.height, mask.width,
                     spec::json_string(compressed(mask)));
}

template <class Item>
std::string common_text(const Item& item, const Annotations& truth, bool has_box) {
  std::string text = fmt::format(R"("image_id":{},"category_id":{})",
                                 truth.pictures[static_cast<std::size_t>(item.picture)].id,
                                 truth.categories[static_cast<std::size_t>(item.category)].id);
  if (has_box)
    text += fmt::format(R"(,"bbox":[{},{},{},{}])", item.box.x, item.box.y, item.box.width,
                        item.box.height);
  if (item.mask) text += R"(,"segmentation":)" + mask_text(*item.mask);
  return text;
}

}  // namespace

Annotations read_annotations(std::string_view text, const std::string& name) {
  spec::Problems problems(name);
  Heads heads(problems);
  const spec::Document document = spec::parse_records(
      text, name,
      [&](std::string_view list, const spec::Cursor& record) { heads.take(list, record); });
  expect_lists(problems, document.root);
  problems.throw_if_any();
  Annotations all = std::move(heads).annotations();
  const Ids pictures = ids_of(all.pictures), categories = ids_of(all.categories);
  spec::parse_records(text, name, [&](std::string_view list, const spec::Cursor& record) {
    if (list == "annotations") take_annotation(problems, record, pictures, categories, all);
    if (problems.size() >= SpecError::kMaxShown) problems.throw_if_any();
  });
  problems.throw_if_any();
  return all;
}

Annotations read_annotations(const std::filesystem::path& file) {
  return read_annotations(spec::read_file(file, kMostBytes), file.string());
}

std::vector<Detection> read_results(std::string_view text, const std::string& name,
                                    const Annotations& truth) {
  spec::Problems problems(name);
  std::vector<Detection> all;
  const Ids pictures = ids_of(truth.pictures), categories = ids_of(truth.categories);
  const auto take = [&](std::string_view list, const spec::Cursor& record) {
    if (!list.empty() || !problems.expect_record(record)) return;
    const auto picture = read_named(problems, record, "image_id", pictures,
                                    "must be the id of one of the data set's images");
    const auto category = read_named(problems, record, "category_id", categories,
                                     "must be the id of one of the data set's categories");
    const auto score_at = problems.required(record, "score");
    const auto score = score_at ? problems.number(*score_at, -1e300, 1e300) : std::nullopt;
    if (picture && category && score)
      if (auto outline =
              read_outline(problems, record, truth.pictures[static_cast<std::size_t>(*picture)])) {
        const double own =
            outline->has_box ? outline->box.area() : static_cast<double>(area(*outline->mask));
        all.push_back({*picture, *category, *score, outline->box, std::move(outline->mask), own});
      }
    if (problems.size() >= SpecError::kMaxShown) problems.throw_if_any();
  };
  const spec::Document document = spec::parse_records(text, name, take);
  if (document.root.kind != spec::Kind::Array)
    problems.add({&document.root, ""}, "must be a list of detections");
  problems.throw_if_any();
  return all;
}

std::vector<Detection> read_results(const std::filesystem::path& file, const Annotations& truth) {
  return read_results(spec::read_file(file, kMostBytes), file.string(), truth);
}

std::string results_text(std::span<const Detection> detections, const Annotations& truth) {
  std::string text = "[";
  for (const Detection& one : detections)
    text +=
        fmt::format("{}{{{},\"score\":{}}}", text.size() > 1 ? ",\n" : "",
                    common_text(one, truth, !one.mask || one.area == one.box.area()), one.score);
  return text + "]\n";
}

std::string annotations_text(const Annotations& truth) {
  std::string text = "{\"images\":[";
  const auto next = [&] { return text.back() == '[' ? "" : ",\n"; };
  for (const Picture& one : truth.pictures)
    text += fmt::format(R"({}{{"id":{},"file_name":{},"height":{},"width":{}}})", next(), one.id,
                        spec::json_string(one.file), one.height, one.width);
  text += "],\n\"categories\":[";
  for (const Category& one : truth.categories)
    text += fmt::format(R"({}{{"id":{},"name":{}}})", next(), one.id, spec::json_string(one.name));
  text += "],\n\"annotations\":[";
  std::int64_t id = 0;
  for (const Annotation& one : truth.objects)
    text += fmt::format(R"({}{{"id":{},{},"area":{},"iscrowd":{}}})", next(), ++id,
                        common_text(one, truth, true), one.area, one.is_crowd ? 1 : 0);
  return text + "]}\n";
}

}  // namespace atto::det
