/* Runs a written network on pixels that every machine makes alike; prints a digest of its outputs, and how many
   instructions an inference took, where the machine counts them. MODEL: names in the file, HEADER: its header. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include HEADER

#define JOIN(a, b) a##b
#define NAMED(a, b) JOIN(a, b)
#define RUN NAMED(MODEL, _run_in)
/* Bytes behind the arena, which must stay. */
#define BEHIND 64

#if defined(__arm__)
#define COUNTS 1
/* SysTick counts down once in so many instructions (qemu's -icount shift=0: an instruction a nanosecond). */
static volatile uint32_t *const control = (volatile uint32_t *)0xE000E010, *const reload = (volatile uint32_t *)0xE000E014,
                                 *const current = (volatile uint32_t *)0xE000E018;
static void start(void) {
  *reload = 0xFFFFFF, *current = 0, *control = 5;
  while (*current == 0) {
  }
}
static double instructions(uint32_t from, uint32_t to) { return (double)((from - to) & 0xFFFFFF) * TICK; }
static uint32_t now(void) { return *current; }
#elif defined(__riscv)
#define COUNTS 1
static void start(void) {}
static uint32_t now(void) {
  uint32_t count;
  __asm__ volatile(".option push\n.option arch, +zicsr\ncsrr %0, minstret\n.option pop" : "=r"(count));
  return count;
}
static double instructions(uint32_t from, uint32_t to) { return (double)(to - from); }
#else
#define COUNTS 0
static void start(void) {}
static uint32_t now(void) { return 0; }
static double instructions(uint32_t from, uint32_t to) { return (double)(to - from); }
#endif

#ifdef LAPS
/* Prints what it took since the last call. */
static uint32_t last;
void lap(const char *name) {
  const uint32_t here = now();
  printf("%10.0f %s\n", instructions(last, here), name);
  last = now();
}
/* What came before is left out. */
void again(void) { last = now(); }
#define BEGIN(from) (last = (from))
#else
#define BEGIN(from) (void)(from)
#endif

int main(void) {
  static uint8_t pixels[HEIGHT * WIDTH * CHANNELS];
  static float outputs[OUTPUTS];
  static union {
    double aligned;
    uint8_t bytes[ARENA_BYTES + BEHIND];
  } arena;
  uint32_t i, seed = 1, digest = 2166136261u, from, to;
  for (i = 0; i < sizeof pixels; ++i) seed = seed * 1664525u + 1013904223u, pixels[i] = (uint8_t)(seed >> 24);
  memset(arena.bytes, 0xA5, sizeof arena.bytes);
  start();
  from = now();
  BEGIN(from);
  RUN(arena.bytes, pixels, outputs);
  to = now();
  for (i = 0; i < BEHIND; ++i)
    if (arena.bytes[ARENA_BYTES + i] != 0xA5) return printf("wrote behind the arena\n"), 1;
  for (i = 0; i < OUTPUTS; ++i) {
    uint32_t bits;
    memcpy(&bits, outputs + i, sizeof bits);
    digest = (digest ^ bits) * 16777619u;
  }
  printf("%08lx", (unsigned long)digest);
  if (COUNTS) printf(" %.0f", instructions(from, to));
  printf("\n");
  return 0;
}
