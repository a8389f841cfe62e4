#pragma once
// How often a test repeats itself.

namespace atto::test {

/// Returns `count`, or `fewer` in a build with sanitizers, which take ten times as long and look
/// for other errors than the test does.
constexpr int rounds([[maybe_unused]] int count, [[maybe_unused]] int fewer) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  return fewer;
#else
  return count;
#endif
}

}  // namespace atto::test
