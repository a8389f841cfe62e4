#pragma once
/* Small functions of which a network may need none; some compilers warn of those. */
#if defined(__GNUC__)
#define KERNEL_HELPER static inline __attribute__((unused))
#else
#define KERNEL_HELPER static inline
#endif
