// The kernels, written once over a vector of 16 lanes. Included by one file per instruction set
// inside its namespace and target pragma, after `F16` and its operations, kTileRows and
// kTileVectors:
//   load(p) store(p, v) stream(p, v) load(p, n) store(p, n, v) splat(f) a + b, a - b, a * b, fma(a,
//   b, c) = a * b + c max(a, b) min(a, b) pick(a, b, x, y) = a > b ? x : y
// No include guard: it is included once by each.

#include "trainer/backend/cpu/row_bodies.hpp"
// After the rows.
#include "trainer/backend/cpu/product_bodies.hpp"
// After the product.
#include "trainer/backend/cpu/depthwise_bodies.hpp"

constexpr Kernels make_table(std::string_view name) {
  return {name, activate,   add_activated, blend,           multiply,
          sum,  contribute, depthwise,     depthwise_slopes};
}
