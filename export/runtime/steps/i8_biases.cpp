#include "export/runtime/steps/i8_biases.hpp"

#include "export/format/program.hpp"

namespace atto::edge {

I8Biases::I8Biases(const std::int32_t* bias, const std::int8_t* weights, int blocks, int rows,
                   std::ptrdiff_t per_row, int together, int zero_point, int shift)
    : bias_(bias),
      weights_(weights),
      blocks_(blocks),
      rows_(rows),
      per_row_(per_row),
      together_(together),
      zero_point_(zero_point),
      shift_(shift) {}

const std::int32_t* I8Biases::of(int begin, int end) {
  if (begin == 0 && end == rows_ && shift_ == 0) return bias_;
  std::vector<std::int32_t>& made = cut_[{begin, end}];
  if (!made.empty()) return made.data();
  const std::ptrdiff_t row_weights = per_row_ * format::kLanes * together_;
  for (int lane = 0; lane < blocks_ * format::kLanes; ++lane) {
    const std::int8_t* block = weights_ + lane / format::kLanes * rows_ * row_weights +
                               std::ptrdiff_t{lane % format::kLanes} * together_;
    auto sum = static_cast<std::uint32_t>(bias_[lane]);
    for (int y = 0; y < rows_; ++y) {
      const int each = y >= begin && y < end ? shift_ : zero_point_;
      if (each == 0) continue;
      const std::int8_t* row = block + y * row_weights;
      for (std::ptrdiff_t i = 0; i < per_row_; ++i)
        for (int k = 0; k < together_; ++k)
          sum += static_cast<std::uint32_t>(each * row[i * format::kLanes * together_ + k]);
    }
    made.push_back(static_cast<std::int32_t>(sum));
  }
  return made.data();
}

}  // namespace atto::edge
