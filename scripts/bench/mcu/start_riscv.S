# Start-up for qemu's virt machine: the FPU where there is one, the stack, static data.
  .section .init
  .global _start
_start:
  .option push
  .option norelax
  la gp, __global_pointer$
  .option pop
  la sp, stack_top
#ifdef __riscv_flen
  li t0, 0x2000
  csrs mstatus, t0
#endif
  la t0, bss_begin
  la t1, bss_end
1: bgeu t0, t1, 2f
  sw zero, 0(t0)
  addi t0, t0, 4
  j 1b
2: call main
  li t1, 0x100000     # the test device: 0x5555 ends with 0, 0x3333 with a code above
  li t0, 0x5555
  beqz a0, 3f
  slli a0, a0, 16
  li t0, 0x3333
  or t0, t0, a0
3: sw t0, 0(t1)
4: j 4b
