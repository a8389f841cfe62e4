#pragma once
/* Small functions, inlined wherever they stand, of which a network may need none; some compilers warn of those. And what
   steps call: as large as it is alone, whoever calls it and with what, so that a file's code is known before it is
   compiled. */
#if defined(__GNUC__)
#define KERNEL_HELPER static inline __attribute__((unused, always_inline))
#else
#define KERNEL_HELPER static inline
#endif
#if defined(__GNUC__) && !defined(__clang__) && __GNUC__ >= 8
#define KERNEL_ENTRY static __attribute__((noipa))
#elif defined(__GNUC__)
#define KERNEL_ENTRY static __attribute__((noinline))
#else
#define KERNEL_ENTRY static
#endif
