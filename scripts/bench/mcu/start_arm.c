/* Start-up for qemu's Cortex-M machines: vectors, the FPU, static data; text leaves by semihosting. */
#include <stdint.h>

extern uint32_t data_from[], data_begin[], data_end[], bss_begin[], bss_end[], stack_top[];
int main(void);

static int semihost(int operation, const void *argument) {
  register int r0 __asm__("r0") = operation;
  register const void *r1 __asm__("r1") = argument;
  __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
  return r0;
}

int _write(int file, const char *text, int count) {
  int i;
  (void)file;
  for (i = 0; i < count; ++i) semihost(3, text + i);
  return count;
}

void _exit(int code) {
  const uint32_t reason[2] = {0x20026, (uint32_t)code};
  semihost(0x20, reason);
  for (;;) {
  }
}

static void stop(void) { _exit(99); }

void reset(void) {
  uint32_t *from = data_from, *to;
#if defined(__ARM_FP)
  *(volatile uint32_t *)0xE000ED88 |= 0xF << 20;
  __asm__ volatile("dsb\n isb");
#endif
  for (to = data_begin; to < data_end;) *to++ = *from++;
  for (to = bss_begin; to < bss_end;) *to++ = 0;
  _exit(main());
}

__attribute__((section(".vectors"), used)) static const uintptr_t vectors[16] = {
    (uintptr_t)stack_top, (uintptr_t)reset, (uintptr_t)stop, (uintptr_t)stop, (uintptr_t)stop, (uintptr_t)stop,
    (uintptr_t)stop};
