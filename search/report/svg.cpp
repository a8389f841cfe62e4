#include "search/report/svg.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace atto::search {
namespace {

constexpr double kWidth = 640, kHeight = 320;
constexpr double kLeft = 58, kRight = 14, kTop = 12, kBottom = 44;
constexpr int kSeriesColours = 8;

/// One axis: data to pixels, with round ticks.
struct Scale {
  double low = 0, high = 1, from = 0, to = 1;
  bool is_log = false, is_whole = false;

  double at(double value) const {
    const double v = is_log ? std::log10(value) : value;
    return from + (v - low) / (high - low) * (to - from);
  }
  std::vector<double> ticks() const {
    std::vector<double> found;
    const double raw = (high - low) / 5, power = std::pow(10, std::floor(std::log10(raw)));
    const double factor = raw / power;
    double step = power * (factor < 1.5 ? 1 : factor < 3.5 ? 2 : factor < 7.5 ? 5 : 10);
    if (is_whole) step = std::max(1.0, step);
    for (double tick = std::ceil(low / step) * step; tick <= high + step * 1e-9; tick += step)
      found.push_back(is_log ? std::pow(10, tick) : tick);
    return found;
  }
};

Scale scale_over(std::vector<double> values, bool is_log, double from, double to) {
  Scale scale{0, 1, from, to, is_log, false};
  if (is_log)
    for (double& value : values) value = std::log10(value);
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  const double margin = std::max((*high - *low) * 0.05, std::abs(*high) * 1e-3 + 1e-9);
  scale.low = *low - margin;
  scale.high = *high + margin;
  return scale;
}

std::string tick_text(double value, int digits) {
  const double size = std::abs(value);
  if (size >= 1e9) return fmt::format("{:.{}g}G", value / 1e9, digits);
  if (size >= 1e6) return fmt::format("{:.{}g}M", value / 1e6, digits);
  if (size >= 1e4) return fmt::format("{:.{}g}k", value / 1e3, digits);
  return size < 1e-12 ? "0" : fmt::format("{:.{}g}", value, digits + 1);
}

/// With as few digits as tell neighbours apart.
std::vector<std::string> tick_texts(const std::vector<double>& ticks) {
  std::vector<std::string> texts;
  for (int digits = 3; digits < 10; ++digits) {
    texts.clear();
    for (double tick : ticks) texts.push_back(tick_text(tick, digits));
    if (std::adjacent_find(texts.begin(), texts.end()) == texts.end()) break;
  }
  return texts;
}

std::string frame(const Scale& x, const Scale& y, const Axes& axes) {
  std::string svg;
  const std::vector<double> columns = x.ticks(), rows = y.ticks();
  const std::vector<std::string> below = tick_texts(columns), beside = tick_texts(rows);
  for (std::size_t i = 0; i < columns.size(); ++i)
    svg += fmt::format(
        "<line class='grid' x1='{0:.1f}' y1='{1}' x2='{0:.1f}' y2='{2}'/><text class='tick' "
        "x='{0:.1f}' y='{3}' text-anchor='middle'>{4}</text>",
        x.at(columns[i]), kTop, kHeight - kBottom, kHeight - kBottom + 16, below[i]);
  for (std::size_t i = 0; i < rows.size(); ++i)
    svg += fmt::format(
        "<line class='grid' x1='{1}' y1='{0:.1f}' x2='{2}' y2='{0:.1f}'/><text class='tick' "
        "x='{3}' y='{4:.1f}' text-anchor='end'>{5}</text>",
        y.at(rows[i]), kLeft, kWidth - kRight, kLeft - 6, y.at(rows[i]) + 4, beside[i]);
  svg += fmt::format("<text class='axis' x='{:.0f}' y='{}' text-anchor='middle'>{}</text>",
                     (kLeft + kWidth - kRight) / 2, kHeight - 8, escaped(axes.x_label));
  svg += fmt::format(
      "<text class='axis' transform='translate(14 {:.0f}) rotate(-90)' "
      "text-anchor='middle'>{}</text>",
      (kTop + kHeight - kBottom) / 2, escaped(axes.y_label));
  return svg;
}

std::string line_path(const Series& series, const Scale& x, const Scale& y) {
  std::string path;
  for (std::size_t i = 0; i < series.points.size(); ++i) {
    const double px = x.at(series.points[i].x), py = y.at(series.points[i].y);
    if (i > 0 && series.is_stepped) path += fmt::format("H{:.1f}", px);
    path += fmt::format("{}{:.1f} {:.1f}", i == 0 ? "M" : "L", px, py);
  }
  return fmt::format("<path class='line s{}' d='{}'><title>{}</title></path>",
                     series.colour % kSeriesColours, path, escaped(series.label));
}

std::string dots(const Series& series, const Scale& x, const Scale& y) {
  std::string svg;
  for (const ChartPoint& point : series.points) {
    if (series.is_line && point.tip.empty()) continue;
    svg += fmt::format(
        "<circle class='dot {}{}' cx='{:.1f}' cy='{:.1f}' r='{}'><title>{}</title></circle>",
        point.is_marked ? "f" : "o", series.colour % kSeriesColours, x.at(point.x), y.at(point.y),
        point.is_marked ? 5 : 3.5, escaped(point.tip));
  }
  return svg;
}

}  // namespace

std::string chart_svg(const std::vector<Series>& series, const Axes& axes) {
  std::vector<double> xs, ys;
  std::vector<Series> drawn = series;
  for (Series& one : drawn) {
    std::erase_if(one.points, [&](const ChartPoint& point) {
      return !std::isfinite(point.x) || !std::isfinite(point.y) || (axes.is_x_log && point.x <= 0);
    });
    for (const ChartPoint& point : one.points) xs.push_back(point.x), ys.push_back(point.y);
  }
  if (xs.empty()) return "";
  Scale x = scale_over(xs, axes.is_x_log, kLeft, kWidth - kRight);
  x.is_whole = axes.is_x_whole;
  const Scale y = scale_over(ys, false, kHeight - kBottom, kTop);
  std::string svg =
      fmt::format("<svg viewBox='0 0 {} {}' role='img'>", kWidth, kHeight) + frame(x, y, axes);
  for (const Series& one : drawn) {
    if (one.is_line && !one.points.empty()) svg += line_path(one, x, y);
    svg += dots(one, x, y);
  }
  return svg + "</svg>";
}

}  // namespace atto::search
