#pragma once
// AVX-512's intrinsics, or the tests' emulation of them, and the mark of functions that use them.

#ifdef ATTO_EMULATED_AVX512
#  include ATTO_EMULATED_AVX512
#  define ATTO_AVX512(extension)
#else
#  include <immintrin.h>
#  define ATTO_AVX512(extension) \
    __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq," extension)))
#endif
