// The product of matrices. Part of kernel_bodies.hpp, without an include guard as it is.

/// kRows x (kVectors * 16) results in registers.
template <int kRows, int kVectors>
inline void tile(const Product& p, int row, int column) {
  F16 sum[kRows][kVectors];
  for (int i = 0; i < kRows; ++i)
    for (int v = 0; v < kVectors; ++v) sum[i][v] = splat(0);
  const float* a = p.a + row * p.a_row;
  const float* b = p.b + column;
  for (int k = 0; k < p.k; ++k, a += p.a_step, b += p.b_step) {
    F16 right[kVectors];
    for (int v = 0; v < kVectors; ++v) right[v] = load(b + v * kLanes);
#pragma GCC unroll 16
    for (int i = 0; i < kRows; ++i) {
      const F16 left = splat(a[i * p.a_row]);
      for (int v = 0; v < kVectors; ++v) sum[i][v] = fma(left, right[v], sum[i][v]);
    }
  }
  for (int v = 0; v < kVectors; ++v) {
    const int lanes = p.n_valid - column - v * kLanes;
    float* to = p.dst + row * p.dst_row + column + v * kLanes;
    for (int i = 0; i < kRows; ++i, to += p.dst_row) {
      if (lanes < kLanes)
        store(to, lanes, p.adds ? load(to, lanes) + sum[i][v] : sum[i][v]);
      else if (p.streams)
        stream(to, sum[i][v]);
      else
        store(to, p.adds ? load(to) + sum[i][v] : sum[i][v]);
    }
    if (!p.sums) continue;
    F16 total = splat(0), square = splat(0);
    for (int i = 0; i < kRows; ++i) {
      total = total + sum[i][v];
      square = fma(sum[i][v], sum[i][v], square);
    }
    float* const totals = p.sums + column + v * kLanes;
    float* const squares = p.squares + column + v * kLanes;
    store(totals, load(totals) + total);
    store(squares, load(squares) + square);
  }
}

/// Fetches a share of what is ahead with every tile: all at once would block the loads of the
/// product.
struct Fetcher {
  explicit Fetcher(const Product& p)
      : first(p.ahead[0].at),
        second(p.ahead[1].at),
        first_left(p.ahead[0].lines),
        second_left(p.ahead[1].lines) {
    const int across = kTileVectors * kLanes;
    const int tiles = ((p.m + kTileRows - 1) / kTileRows) * ((p.n_valid + across - 1) / across);
    first_step = (first_left + tiles - 1) / tiles;
    second_step = (second_left + tiles - 1) / tiles;
  }
  void step() {
    for (int i = 0; i < first_step && first_left > 0; ++i, --first_left, first += kLanes)
      __builtin_prefetch(first, 0, 2);
    for (int i = 0; i < second_step && second_left > 0; ++i, --second_left, second += kLanes)
      __builtin_prefetch(second, 0, 2);
  }
  const float *first, *second;
  int first_left, second_left, first_step, second_step;
};

template <int kVectors>
inline void tile_column(const Product& p, int column, Fetcher& fetcher) {
  int row = 0;
  for (; row + kTileRows <= p.m; row += kTileRows) {
    fetcher.step();
    tile<kTileRows, kVectors>(p, row, column);
  }
  if constexpr (kTileRows > 4)
    for (; row + 4 <= p.m; row += 4) tile<4, kVectors>(p, row, column);
  for (; row < p.m; ++row) tile<1, kVectors>(p, row, column);
}

void multiply(const Product& p) {
  Fetcher fetcher(p);
  int column = 0;
  for (; column + (kTileVectors - 1) * kLanes < p.n_valid; column += kTileVectors * kLanes)
    tile_column<kTileVectors>(p, column, fetcher);
  for (; column < p.n_valid; column += kLanes) tile_column<1>(p, column, fetcher);
}
