#pragma once
// WebAssembly's vector intrinsics, or the tests' emulation of them. ATTO_HAS_WASM128: they are
// here.

#ifdef ATTO_EMULATED_WASM128
#  include ATTO_EMULATED_WASM128
#  define ATTO_HAS_WASM128
#elif defined(__wasm_simd128__)
#  include <wasm_simd128.h>
#  define ATTO_HAS_WASM128
#endif
