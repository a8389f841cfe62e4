// Int8 kernels for CPUs with NEON and sdot.
#if defined(__aarch64__)
#  define ATTO_I8_DOTPROD
#  include "export/runtime/kernels/i8/neon-inl.hpp"

namespace atto::edge {

const I8Kernels& i8_dotprod_kernels() {
  static const I8Kernels kKernels = neon_kernels();
  return kKernels;
}

}  // namespace atto::edge
#endif
