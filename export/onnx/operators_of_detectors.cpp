// Operators that stand between a detector's networks, as ONNX defines them; nothing of
// prototypes/detection is in them. What writes them is detector_graph.cpp.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "design_specs/errors.hpp"
#include "export/onnx/operators.hpp"

namespace atto::deploy::onnx {
namespace {

/// To float or to int64; numbers of ours are whole where they become it.
Array cast(const NodeArguments& arguments) {
  const Array& src = arguments.in(0);
  constexpr std::int64_t kFloat = 1;
  Array dst{src.dims, {}, {}};
  const std::int64_t count = elements_of(src.dims);
  for (std::int64_t i = 0; i < count; ++i)
    if (arguments.whole("to", kFloat) == kFloat)
      dst.values.push_back(static_cast<float>(src.number(at(i))));
    else
      dst.wholes.push_back(static_cast<std::int64_t>(src.number(at(i))));
  return dst;
}

Array shape(const NodeArguments& arguments) {
  const Sides& dims = arguments.in(0).dims;
  return {{static_cast<std::int64_t>(dims.size())}, {}, dims};
}

/// Where an element of the result is in one that is broadcast to it.
std::size_t broadcast(std::int64_t place, const Sides& out, const Sides& dims) {
  std::int64_t from = 0, step = 1;
  for (std::size_t i = 1; i <= out.size(); place /= out[out.size() - i], ++i) {
    if (i > dims.size()) continue;
    const std::int64_t side = dims[dims.size() - i];
    from += (side == 1 ? 0 : place % out[out.size() - i]) * step;
    step *= side;
  }
  return at(from);
}

Array where(const NodeArguments& arguments) {
  const Array &condition = arguments.in(0), &yes = arguments.in(1), &no = arguments.in(2);
  Sides out(std::max({condition.dims.size(), yes.dims.size(), no.dims.size()}), 1);
  for (const Array* one : {&condition, &yes, &no})
    for (std::size_t i = 1; i <= one->dims.size(); ++i)
      if (one->dims[one->dims.size() - i] != 1)
        out[out.size() - i] = one->dims[one->dims.size() - i];
  Array dst{out, {}, {}};
  const std::int64_t count = elements_of(out);
  for (std::int64_t i = 0; i < count; ++i) {
    const bool holds = condition.wholes[broadcast(i, out, condition.dims)] != 0;
    const Array& from = holds ? yes : no;
    const std::size_t place = broadcast(i, out, from.dims);
    if (from.values.empty())
      dst.wholes.push_back(from.wholes[place]);
    else
      dst.values.push_back(from.values[place]);
  }
  return dst;
}

/// Over the last axis.
template <class Take>
Array reduce_last(const Array& src, bool keeps, const Take& take) {
  const std::int64_t inner = src.dims.back();
  Array dst{{src.dims.begin(), src.dims.end() - 1}, {}, {}};
  if (keeps) dst.dims.push_back(1);
  const std::int64_t count = elements_of(src.dims) / inner;
  for (std::int64_t n = 0; n < count; ++n) {
    double taken = src.number(at(n * inner));
    for (std::int64_t i = 1; i < inner; ++i) taken = take(taken, src.number(at(n * inner + i)));
    if (src.values.empty())
      dst.wholes.push_back(static_cast<std::int64_t>(taken));
    else
      dst.values.push_back(static_cast<float>(taken));
  }
  return dst;
}

void expect_last_axis(const NodeArguments& arguments, const Sides& axes) {
  const auto last = static_cast<std::int64_t>(arguments.in(0).dims.size()) - 1;
  if (axes != Sides{-1} && axes != Sides{last})
    throw InternalError(arguments.node.name + ": must be over the last axis");
}

Array reduce_min(const NodeArguments& arguments) {
  expect_last_axis(arguments, arguments.wholes("axes", {}));
  return reduce_last(arguments.in(0), arguments.whole("keepdims", 1) != 0,
                     [](double a, double b) { return std::isnan(a) || a < b ? a : b; });
}

Array reduce_sum(const NodeArguments& arguments) {
  expect_last_axis(arguments, arguments.in(1).wholes);
  return reduce_last(arguments.in(0), arguments.whole("keepdims", 1) != 0,
                     [](double a, double b) { return a + b; });
}

/// Largest first, and of equal ones the earlier.
Array top_k(const NodeArguments& arguments) {
  const Array& src = arguments.in(0);
  if (src.dims.size() != 1) throw InternalError(arguments.node.name + ": must be of a list");
  Sides order(src.values.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](std::int64_t a, std::int64_t b) {
    return src.values[at(a)] > src.values[at(b)];
  });
  order.resize(at(arguments.in(1).wholes.at(0)));
  const auto count = static_cast<std::int64_t>(order.size());
  if (arguments.output == 1) return {{count}, {}, std::move(order)};
  Array dst{{count}, {}, {}};
  for (const std::int64_t i : order) dst.values.push_back(src.values[at(i)]);
  return dst;
}

/// Writes into a copy of a list.
Array scatter_elements(const NodeArguments& arguments) {
  Array dst = arguments.in(0);
  const Sides& places = arguments.in(1).wholes;
  for (std::size_t i = 0; i < places.size(); ++i)
    dst.values.at(at(places[i])) = arguments.in(2).values.at(i);
  return dst;
}

/// With one batch dimension: of each element of a list, the part that its index [n, 1] names.
Array gather_nd(const NodeArguments& arguments) {
  const Array &src = arguments.in(0), &places = arguments.in(1);
  if (arguments.whole("batch_dims", 0) != 1 || places.dims.back() != 1)
    throw InternalError(arguments.node.name + ": must be of one part of each element");
  Array dst{src.dims, {}, {}};
  dst.dims.erase(dst.dims.begin() + 1);
  const std::int64_t part = elements_of(std::span(src.dims).subspan(2));
  for (std::int64_t n = 0; n < src.dims[0]; ++n) {
    const auto first = src.values.begin() + (n * src.dims[1] + places.wholes[at(n)]) * part;
    dst.values.insert(dst.values.end(), first, first + part);
  }
  return dst;
}

/// Intersection over union of corners.
float overlap(const float* a, const float* b) {
  float both = 1, size_a = 1, size_b = 1;
  for (int axis = 0; axis < 2; ++axis) {
    size_a *= a[axis + 2] - a[axis];
    size_b *= b[axis + 2] - b[axis];
    both *= std::max(0.0F, std::min(a[axis + 2], b[axis + 2]) - std::max(a[axis], b[axis]));
  }
  return size_a > 0 && size_b > 0 && both > 0 ? both / (size_a + size_b - both) : 0;
}

/// boxes [batches, n, 4], scores [batches, 1, n]; rows of (batch, 0, box).
Array non_max_suppression(const NodeArguments& arguments) {
  const Array &boxes = arguments.in(0), &scores = arguments.in(1);
  const std::int64_t most = arguments.in(2).wholes.at(0), n = boxes.dims.at(1);
  const float threshold = arguments.in(3).values.at(0), least = arguments.in(4).values.at(0);
  if (scores.dims.at(1) != 1) throw InternalError(arguments.node.name + ": must be of one class");
  Array dst{{0, 3}, {}, {}};
  for (std::int64_t batch = 0; batch < boxes.dims[0]; ++batch) {
    const float* score = scores.values.data() + batch * n;
    const float* box = boxes.values.data() + batch * n * 4;
    std::vector<bool> is_left(at(n));
    for (std::int64_t i = 0; i < n; ++i) is_left[at(i)] = score[i] > least;
    for (std::int64_t taken = 0; taken < most; ++taken) {
      std::int64_t best = -1;
      for (std::int64_t i = 0; i < n; ++i)
        if (is_left[at(i)] && (best < 0 || score[i] > score[best])) best = i;
      if (best < 0) break;
      dst.wholes.insert(dst.wholes.end(), {batch, 0, best});
      ++dst.dims[0];
      is_left[at(best)] = false;
      for (std::int64_t i = 0; i < n; ++i)
        if (is_left[at(i)] && overlap(box + 4 * best, box + 4 * i) > threshold)
          is_left[at(i)] = false;
    }
  }
  return dst;
}

/// Of a map between the middles of its pixels; 0 beyond a pixel outside.
double between(const float* map, std::int64_t height, std::int64_t width, double y, double x) {
  if (!(y >= -1 && y <= static_cast<double>(height) && x >= -1 && x <= static_cast<double>(width)))
    return 0;
  y = std::clamp(y, 0.0, static_cast<double>(height - 1));
  x = std::clamp(x, 0.0, static_cast<double>(width - 1));
  const auto top = static_cast<std::int64_t>(y), left = static_cast<std::int64_t>(x);
  const std::int64_t below = std::min(top + 1, height - 1), right = std::min(left + 1, width - 1);
  const double down = y - static_cast<double>(top), along = x - static_cast<double>(left);
  return (1 - down) * ((1 - along) * map[top * width + left] + along * map[top * width + right]) +
         down * ((1 - along) * map[below * width + left] + along * map[below * width + right]);
}

/// Means of sampled points, pixels having their values in the middle; of the first picture.
Array roi_align(const NodeArguments& arguments) {
  const Array &src = arguments.in(0), &boxes = arguments.in(1);
  const std::int64_t rows = arguments.whole("output_height", 1),
                     columns = arguments.whole("output_width", 1),
                     samples = arguments.whole("sampling_ratio", 0), channels = src.dims.at(1),
                     height = src.dims.at(2), width = src.dims.at(3);
  const double scale = arguments.number("spatial_scale", 1);
  if (samples < 1 || arguments.text("mode", "avg") != "avg" ||
      arguments.text("coordinate_transformation_mode", "") != "half_pixel")
    throw InternalError(arguments.node.name + ": is not how we crop");
  Array dst{{boxes.dims[0], channels, rows, columns}, {}, {}};
  const auto sample = [&](double from, double to, std::int64_t bins, std::int64_t bin,
                          std::int64_t k) {
    const double size = (to - from) * scale / static_cast<double>(bins);
    return from * scale - 0.5 +
           (static_cast<double>(bin) +
            (static_cast<double>(k) + 0.5) / static_cast<double>(samples)) *
               size;
  };
  for (std::int64_t n = 0; n < boxes.dims[0]; ++n) {
    const float* box = boxes.values.data() + 4 * n;
    for (std::int64_t c = 0; c < channels; ++c)
      for (std::int64_t row = 0; row < rows; ++row)
        for (std::int64_t column = 0; column < columns; ++column) {
          double sum = 0;
          for (std::int64_t i = 0; i < samples * samples; ++i)
            sum += between(src.values.data() + c * height * width, height, width,
                           sample(box[1], box[3], rows, row, i / samples),
                           sample(box[0], box[2], columns, column, i % samples));
          dst.values.push_back(static_cast<float>(sum / static_cast<double>(samples * samples)));
        }
  }
  return dst;
}

constexpr NamedOperator kOperators[] = {{"Cast", cast},
                                        {"Shape", shape},
                                        {"Where", where},
                                        {"ReduceMin", reduce_min},
                                        {"ReduceSum", reduce_sum},
                                        {"TopK", top_k},
                                        {"ScatterElements", scatter_elements},
                                        {"GatherND", gather_nd},
                                        {"NonMaxSuppression", non_max_suppression},
                                        {"RoiAlign", roi_align}};

}  // namespace

std::span<const NamedOperator> detection_operators() {
  return kOperators;
}

}  // namespace atto::deploy::onnx
