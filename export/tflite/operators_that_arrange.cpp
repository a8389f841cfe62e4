// What moves values and what averages them. Moves keep whole numbers as they are: the format has
// the same parameters before and behind them.
#include <algorithm>
#include <cmath>

#include "export/tflite/operators.hpp"

namespace atto::deploy::tflite {
namespace {

std::size_t at(int index) {
  return static_cast<std::size_t>(index);
}

/// The steps between neighbours along each side.
std::vector<std::size_t> steps_of(const Dims& dims) {
  std::vector<std::size_t> steps(dims.size(), 1);
  for (std::size_t axis = dims.size(); axis-- > 1;) steps[axis - 1] = steps[axis] * at(dims[axis]);
  return steps;
}

/// Calls visit(element, its place along each side).
template <class Visit>
void visit_places(const Dims& dims, Visit&& visit) {
  const std::vector<std::size_t> steps = steps_of(dims);
  std::vector<int> place(dims.size());
  const auto count = static_cast<std::size_t>(elements_of(dims));
  for (std::size_t e = 0; e < count; ++e) {
    for (std::size_t axis = 0; axis < dims.size(); ++axis)
      place[axis] = static_cast<int>(e / steps[axis] % at(dims[axis]));
    visit(e, place);
  }
}

void reshape(const Arguments& of) {
  of.out = of.in(0);
}

void transpose(const Arguments& of) {
  const std::vector<std::size_t> steps = steps_of(of.tensor(0).dims);
  visit_places(of.to().dims, [&](std::size_t e, const std::vector<int>& place) {
    std::size_t from = 0;
    for (std::size_t axis = 0; axis < place.size(); ++axis)
      from += at(place[axis]) * steps[at(of.whole(1, axis))];
    of.out[e] = of.in(0)[from];
  });
}

void slice(const Arguments& of) {
  const std::vector<std::size_t> steps = steps_of(of.tensor(0).dims);
  visit_places(of.to().dims, [&](std::size_t e, const std::vector<int>& place) {
    std::size_t from = 0;
    for (std::size_t axis = 0; axis < place.size(); ++axis)
      from += at(place[axis] + of.whole(1, axis)) * steps[axis];
    of.out[e] = of.in(0)[from];
  });
}

/// Along the last side, as all concatenations and gathers of ours.
void concatenate(const Arguments& of) {
  const auto channels = at(of.to().dims.back());
  std::size_t first = 0;
  for (std::size_t i = 0; i < of.inputs.size(); ++i) {
    const auto own = at(of.tensor(i).dims.back());
    for (std::size_t e = 0; e < of.in(i).size(); ++e)
      of.out[e / own * channels + first + e % own] = of.in(i)[e];
    first += own;
  }
}

void gather(const Arguments& of) {
  const auto channels = at(of.to().dims.back()), own = at(of.tensor(0).dims.back());
  for (std::size_t e = 0; e < of.out.size(); ++e)
    of.out[e] = of.in(0)[e / channels * own + at(of.whole(1, e % channels))];
}

/// Of maps; with a third input its value, else 0.
void pad(const Arguments& of) {
  const double value = of.inputs.size() > 2
                           ? of.in(2)[0]
                           : (of.to().element == Element::I8 ? of.to().zero_point : 0);
  std::fill(of.out.begin(), of.out.end(), value);
  const Map in(of.tensor(0).dims), out(of.to().dims);
  const int top = of.whole(1, 2), left = of.whole(1, 4);
  for (int y = 0; y < in.height; ++y)
    for (int x = 0; x < in.width; ++x)
      for (std::size_t c = 0; c < at(in.channels); ++c)
        of.out[out.at(y + top, x + left) + c] = of.in(0)[in.at(y, x) + c];
}

/// Calls make(element, values of its window that lie on the map).
template <class Make>
void pool(const Arguments& of, Make&& make) {
  const Map in(of.tensor(0).dims), out(of.to().dims);
  const Options& options = of.options();
  const int down = options.stride.height, across = options.stride.width;
  const int top = padding_before(options, options.kernel.height, down, in.height, out.height);
  const int left = padding_before(options, options.kernel.width, across, in.width, out.width);
  Values window;
  for (int y = 0; y < out.height; ++y)
    for (int x = 0; x < out.width; ++x)
      for (std::size_t c = 0; c < at(in.channels); ++c) {
        window.clear();
        const int last_row = std::min(y * down - top + options.kernel.height, in.height);
        const int last_column = std::min(x * across - left + options.kernel.width, in.width);
        for (int row = std::max(y * down - top, 0); row < last_row; ++row)
          for (int column = std::max(x * across - left, 0); column < last_column; ++column)
            window.push_back(of.in(0)[in.at(row, column) + c]);
        make(out.at(y, x) + c, window);
      }
}

void max_pool(const Arguments& of) {
  pool(of, [&](std::size_t e, const Values& window) {
    of.out[e] = *std::max_element(window.begin(), window.end());
  });
}

/// Whole numbers are averaged as they are, and halves rounded away from zero.
void average_pool(const Arguments& of) {
  pool(of, [&](std::size_t e, const Values& window) {
    double sum = 0;
    for (const double value : window) sum += value;
    const double mean = sum / static_cast<double>(window.size());
    of.out[e] =
        of.to().element == Element::I8 ? std::round(mean) : double{static_cast<float>(mean)};
  });
}

/// Over rows and columns, or over channels.
void mean(const Arguments& of) {
  const std::vector<std::size_t> steps = steps_of(of.to().dims);
  Values sums(of.out.size());
  visit_places(of.tensor(0).dims, [&](std::size_t e, const std::vector<int>& place) {
    std::size_t to = 0;
    for (std::size_t axis = 0; axis < place.size(); ++axis)
      if (of.to().dims[axis] > 1) to += at(place[axis]) * steps[axis];
    sums[to] += of.real(0, e);
  });
  const auto each = static_cast<double>(of.in(0).size() / sums.size());
  for (std::size_t e = 0; e < sums.size(); ++e) of.store(e, sums[e] / each);
}

void resize_nearest(const Arguments& of) {
  const Map in(of.tensor(0).dims), out(of.to().dims);
  for (int y = 0; y < out.height; ++y)
    for (int x = 0; x < out.width; ++x) {
      const auto row = static_cast<int>((y + 0.5) * in.height / out.height);
      const auto column = static_cast<int>((x + 0.5) * in.width / out.width);
      for (std::size_t c = 0; c < at(in.channels); ++c)
        of.out[out.at(y, x) + c] = of.in(0)[in.at(row, column) + c];
    }
}

/// Between the middles of pixels; what lies outside of these is the nearest one's.
void resize_bilinear(const Arguments& of) {
  const Map in(of.tensor(0).dims), out(of.to().dims);
  for (int y = 0; y < out.height; ++y)
    for (int x = 0; x < out.width; ++x) {
      const double down = std::max((y + 0.5) * in.height / out.height - 0.5, 0.0);
      const double across = std::max((x + 0.5) * in.width / out.width - 0.5, 0.0);
      const auto row = static_cast<int>(down), column = static_cast<int>(across);
      const int next_row = std::min(row + 1, in.height - 1);
      const int next_column = std::min(column + 1, in.width - 1);
      for (std::size_t c = 0; c < at(in.channels); ++c) {
        const auto line = [&](int r) {
          const double left = of.real(0, in.at(r, column) + c);
          return left + (across - column) * (of.real(0, in.at(r, next_column) + c) - left);
        };
        const double high = line(row);
        of.store(out.at(y, x) + c, high + (down - row) * (line(next_row) - high));
      }
    }
}

constexpr KnownOperator kOperators[] = {{Op::Reshape, reshape},
                                        {Op::Transpose, transpose},
                                        {Op::Slice, slice},
                                        {Op::Concatenation, concatenate},
                                        {Op::Gather, gather},
                                        {Op::Pad, pad},
                                        {Op::PadV2, pad},
                                        {Op::MaxPool, max_pool},
                                        {Op::AveragePool, average_pool},
                                        {Op::Mean, mean},
                                        {Op::ResizeNearest, resize_nearest},
                                        {Op::ResizeBilinear, resize_bilinear}};

}  // namespace

std::span<const KnownOperator> arrangement_operators() {
  return kOperators;
}

}  // namespace atto::deploy::tflite
