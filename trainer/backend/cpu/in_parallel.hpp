#pragma once
// Loops on a given number of threads (OpenMP).

#include <cstddef>

namespace atto::train::cpu {

/// Calls body(thread, first, last) on equal shares of [0, count).
template <class Body>
void in_parallel(int threads, std::ptrdiff_t count, const Body& body) {
  if (threads <= 1) {
    body(0, std::ptrdiff_t{0}, count);
    return;
  }
#pragma omp parallel for num_threads(threads) schedule(static, 1)
  for (int t = 0; t < threads; ++t) body(t, count * t / threads, count * (t + 1) / threads);
}

}  // namespace atto::train::cpu
