#include "export/runtime/kernels/i8/kernels.hpp"
#include "export/runtime/kernels/i8/plain_rows.hpp"

namespace atto::edge {
namespace {

constexpr I8Kernels kPlain = {.max_pixels = 8,
                              .conv_shift = 0,
                              .conv = i8::conv,
                              .words = {},
                              .arrange_groups = nullptr,
                              .depthwise_row = i8::depthwise_row,
                              .depthwise_block = nullptr,
                              .image_row = [](const I8ImageRow& row) { i8::image_row(row); },
                              .product_row = i8::product_row,
                              .gather_row = i8::gather_row,
                              .table_row = i8::table_row,
                              .sum_row = i8::sum_row,
                              .mean = i8::mean};

}  // namespace

const I8Kernels& i8_plain_kernels() {
  return kPlain;
}

}  // namespace atto::edge
