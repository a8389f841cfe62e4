#include "prototypes/detection/metrics/objects.hpp"

#include <fmt/format.h>

#include <array>
#include <string_view>

#include "prototypes/detection/masks/polygons.hpp"

namespace atto::det {
namespace {

constexpr std::string_view kMaskRule =
    R"(must be a list of polygons or {"size": [height, width], "counts": runs})";
constexpr double kMostOutline = 1 << 22;  // pixels: what rasterising costs

/// Adds the polygon's points to what the mask's outlines cost.
std::optional<Polygon> read_polygon(spec::Problems& problems, const spec::Cursor& at,
                                    double& outline) {
  if (at->kind != spec::Kind::Array || at->items.size() < 6 || at->items.size() % 2 != 0) {
    problems.add(at, "must be a list of numbers x, y, x, y, ... of three points or more");
    return {};
  }
  Polygon polygon;
  for (std::size_t i = 0; i < at->items.size(); ++i) {
    const auto number = problems.number(at.at(i), -kMostCoordinate, kMostCoordinate);
    if (!number) return {};
    polygon.push_back(*number);
  }
  outline += outline_length(polygon);
  if (outline <= kMostOutline) return polygon;
  problems.add(at, fmt::format("the outlines of a mask must be at most {} pixels long",
                               static_cast<int>(kMostOutline)));
  return {};
}

std::optional<Rle> read_polygons(spec::Problems& problems, const spec::Cursor& at, int height,
                                 int width) {
  std::vector<Polygon> polygons;
  double outline = 0;
  for (std::size_t i = 0; i < at->items.size(); ++i) {
    auto polygon = read_polygon(problems, at.at(i), outline);
    if (!polygon) return {};
    polygons.push_back(std::move(*polygon));
  }
  if (polygons.empty()) return {};
  return rasterised(polygons, height, width);
}

std::optional<Rle> read_runs(spec::Problems& problems, const spec::Cursor& at, int height,
                             int width) {
  if (at->kind == spec::Kind::String) {
    auto mask = decompressed(at->string, height, width);
    if (!mask)
      problems.add(at, fmt::format("must be compressed runs of {} x {} pixels", height, width));
    return mask;
  }
  if (at->kind != spec::Kind::Array) {
    problems.add(at, "must be a list of runs or a text of compressed ones");
    return {};
  }
  Rle mask{height, width, {}};
  for (std::size_t i = 0; i < at->items.size(); ++i) {
    const auto run = problems.integer(at.at(i), 0, std::int64_t{height} * width);
    if (!run) return {};
    mask.runs.push_back(static_cast<std::uint32_t>(*run));
  }
  if (const std::string fault = fault_of(mask); !fault.empty()) {
    const std::size_t got = fault.find("; got ");
    problems.add(at, fault.substr(0, got), fault.substr(got + 6));
    return {};
  }
  return mask;
}

/// Says whether {size} is the picture's.
bool has_size(spec::Problems& problems, const spec::Cursor& at, int height, int width) {
  const auto size = problems.required(at, "size");
  if (!size) return false;
  const auto is_side = [&](std::size_t i, int side) {
    return (*size)->items[i].is_number() && (*size)->items[i].number == side;
  };
  if ((*size)->kind == spec::Kind::Array && (*size)->items.size() == 2 && is_side(0, height) &&
      is_side(1, width))
    return true;
  problems.add(*size,
               fmt::format("must be [{}, {}], the picture's height and width", height, width));
  return false;
}

}  // namespace

std::optional<FileBox> read_box(spec::Problems& problems, const spec::Cursor& at) {
  constexpr double kMost = 1e9;
  if (at->kind != spec::Kind::Array || at->items.size() != 4) {
    problems.add(at, "must be [x, y, width, height]");
    return {};
  }
  std::array<double, 4> numbers{};
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    const auto number = problems.number(at.at(i), -kMost, kMost);
    if (!number) return {};
    numbers[i] = *number;
  }
  return FileBox{numbers[0], numbers[1], numbers[2], numbers[3]};
}

std::optional<Rle> read_mask(spec::Problems& problems, const spec::Cursor& at, int height,
                             int width) {
  if (at->kind == spec::Kind::Array) return read_polygons(problems, at, height, width);
  if (at->kind != spec::Kind::Object) {
    problems.add(at, std::string(kMaskRule));
    return {};
  }
  const auto counts = problems.required(at, "counts");
  if (!has_size(problems, at, height, width) || !counts) return {};
  return read_runs(problems, *counts, height, width);
}

std::optional<Outline> read_outline(spec::Problems& problems, const spec::Cursor& record,
                                    const Picture& picture) {
  const std::size_t before = problems.size();
  const auto box = spec::Problems::member(record, "bbox");
  const auto segmentation = spec::Problems::member(record, "segmentation");
  Outline outline;
  outline.has_box = box.has_value();
  if (segmentation)
    outline.mask = read_mask(problems, *segmentation, picture.height, picture.width);
  if (box) {
    if (const auto read = read_box(problems, *box)) outline.box = *read;
  } else if (outline.mask) {
    const PixelBox pixels = bounds(*outline.mask);
    outline.box = {static_cast<double>(pixels.x), static_cast<double>(pixels.y),
                   static_cast<double>(pixels.width), static_cast<double>(pixels.height)};
  } else if (problems.size() == before) {
    problems.add(record, "must have bbox or segmentation", "");
  }
  if (problems.size() != before) return {};
  return outline;
}

}  // namespace atto::det
