// The kernels for any CPU: lanes as an array that the compiler vectorises as it can. Also the
// choice.
#include <cstdlib>
#include <string>

#include "design_specs/errors.hpp"
#include "trainer/backend/cpu/kernels.hpp"

namespace atto::train::cpu {
namespace plain {
namespace {

constexpr int kTileRows = 2;
constexpr int kTileVectors = 1;

struct F16 {
  float v[kLanes];
};
template <class Operation>
inline F16 each(Operation operation) {
  F16 r;
  for (int i = 0; i < kLanes; ++i) r.v[i] = operation(i);
  return r;
}
inline F16 load(const float* p) {
  return each([p](int i) { return p[i]; });
}
inline F16 load(const float* p, int lanes) {
  return each([=](int i) { return i < lanes ? p[i] : 0.0F; });
}
inline void store(float* p, const F16& a) {
  for (int i = 0; i < kLanes; ++i) p[i] = a.v[i];
}
inline void store(float* p, int lanes, const F16& a) {
  for (int i = 0; i < lanes; ++i) p[i] = a.v[i];
}
inline void stream(float* p, const F16& a) {
  store(p, a);
}
inline F16 splat(float f) {
  return each([f](int) { return f; });
}
inline F16 operator+(const F16& a, const F16& b) {
  return each([&](int i) { return a.v[i] + b.v[i]; });
}
inline F16 operator-(const F16& a, const F16& b) {
  return each([&](int i) { return a.v[i] - b.v[i]; });
}
inline F16 operator*(const F16& a, const F16& b) {
  return each([&](int i) { return a.v[i] * b.v[i]; });
}
inline F16 fma(const F16& a, const F16& b, const F16& c) {
  return each([&](int i) { return a.v[i] * b.v[i] + c.v[i]; });
}
inline F16 max(const F16& a, const F16& b) {
  return each([&](int i) { return a.v[i] > b.v[i] ? a.v[i] : b.v[i]; });
}
inline F16 min(const F16& a, const F16& b) {
  return each([&](int i) { return a.v[i] < b.v[i] ? a.v[i] : b.v[i]; });
}
inline F16 pick(const F16& a, const F16& b, const F16& x, const F16& y) {
  return each([&](int i) { return a.v[i] > b.v[i] ? x.v[i] : y.v[i]; });
}

#include "trainer/backend/cpu/kernel_bodies.hpp"

}  // namespace
}  // namespace plain

const Kernels& plain_kernels() {
  static constexpr Kernels kTable = plain::make_table("plain");
  return kTable;
}

bool is_cheap(net::Activation kind) {
  switch (kind) {
    case net::Activation::None:
    case net::Activation::Relu:
    case net::Activation::Relu6:
    case net::Activation::LeakyRelu:
    case net::Activation::HardSigmoid:
    case net::Activation::HardSwish:
      return true;
    default:
      return false;
  }
}

KernelList runnable_kernels() {
  KernelList list{{&plain_kernels(), nullptr, nullptr}, 1};
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
    list.tables[list.count++] = &avx2_kernels();
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw"))
    list.tables[list.count++] = &avx512_kernels();
#endif
  return list;
}

const Kernels& best_kernels() {
  const KernelList list = runnable_kernels();
  const char* const wanted = std::getenv("ATTO_TRAIN_ISA");
  if (wanted == nullptr || *wanted == '\0') return *list.tables[list.count - 1];
  std::string known;
  for (int i = 0; i < list.count; ++i) {
    if (list.tables[i]->name == wanted) return *list.tables[i];
    known += (known.empty() ? "" : ", ") + std::string(list.tables[i]->name);
  }
  throw SpecError({{"ATTO_TRAIN_ISA", "", "must be of what this CPU has: " + known, wanted}});
}

}  // namespace atto::train::cpu
