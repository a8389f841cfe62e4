#pragma once
// Loops on many threads (oneTBB).

#include <oneapi/tbb/blocked_range.h>
#include <oneapi/tbb/parallel_for.h>

#include <atomic>
#include <cstddef>

namespace atto::spec {

/// Calls body(i) for every i in [0, count), `chunk` neighbours in turn on one thread. The counter
/// says again what TBB sees to anyhow: that bodies see what the caller did before, and the caller
/// what they did. The thread sanitizer cannot look into Debian's TBB.
template <class Body>
void parallel_for(std::size_t count, std::size_t chunk, const Body& body) {
  std::atomic<std::size_t> handed_over{1};
  tbb::parallel_for(
      tbb::blocked_range<std::size_t>(0, count, chunk),
      [&](const tbb::blocked_range<std::size_t>& part) {
        handed_over.load(std::memory_order_acquire);
        for (std::size_t i = part.begin(); i < part.end(); ++i) body(i);
        handed_over.fetch_add(1, std::memory_order_acq_rel);
      },
      tbb::simple_partitioner());
  handed_over.load(std::memory_order_acquire);
}

}  // namespace atto::spec
