// Int8 kernels for every CPU with NEON.
#if defined(__aarch64__)
#  include "export/runtime/kernels/i8/neon-inl.hpp"

namespace atto::edge {

const I8Kernels& i8_neon_kernels() {
  static const I8Kernels kKernels = neon_kernels();
  return kKernels;
}

}  // namespace atto::edge
#endif
