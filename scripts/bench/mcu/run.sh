# Sourced: what compiles a written network for a core, and runs it in an emulator.

here=$(dirname "${BASH_SOURCE[0]}")

# The flags of a core; others follow.
core_flags() {  # CORE
  case $1 in
    m0) echo "-mcpu=cortex-m0plus" ;;
    m3) echo "-mcpu=cortex-m3" ;;
    m4) echo "-mcpu=cortex-m4 -mfloat-abi=hard -mfpu=fpv4-sp-d16" ;;
    m7) echo "-mcpu=cortex-m7 -mfloat-abi=hard -mfpu=fpv5-sp-d16" ;;
    m33) echo "-mcpu=cortex-m33 -mfloat-abi=hard -mfpu=fpv5-sp-d16" ;;
    m55) echo "-mcpu=cortex-m55 -mfloat-abi=hard" ;;
    rv32imc) echo "-march=rv32imac -mabi=ilp32" ;;
    rv32imafc) echo "-march=rv32imafc -mabi=ilp32f" ;;
  esac
}
# Machine, flash, RAM, its bytes, nanoseconds a tick of SysTick.
arm_machine() {  # CORE
  case $1 in
    m0|m3) echo "mps2-an385 0 0x20000000 0x400000 40" ;;
    m4) echo "mps2-an386 0 0x20000000 0x400000 40" ;;
    m7) echo "mps2-an500 0 0x20000000 0x400000 40" ;;
    m33) echo "mps2-an505 0x10000000 0x38000000 0x200000 50" ;;
    m55) echo "mps3-an547 0 0x20000000 0x80000 31.25" ;;
  esac
}

# The macros of main.c for a written network: FILE.c with its header beside it.
model_flags() {  # FILE.c
  local stem name upper
  stem=$(basename "$1" .c)
  name=$(tr -c 'A-Za-z0-9\n' _ <<<"$stem")
  upper=$(tr a-z A-Z <<<"$name")
  echo "${LAPS:-} -DMODEL=$name -DHEADER=\"$stem.h\" -DHEIGHT=${upper}_HEIGHT -DWIDTH=${upper}_WIDTH -DCHANNELS=${upper}_CHANNELS" \
    "-DOUTPUTS=${upper}_OUTPUTS -DARENA_BYTES=${upper}_ARENA_BYTES -I$(dirname "$1")"
}

# Prints "DIGEST INSTRUCTIONS" of a written network on a core; more flags replace -O2.
run_on() {  # CORE FILE.c SCRATCH [FLAG...]
  local core=$1 file=$2 program=$3/$1.elf flags
  shift 3
  flags="$(core_flags "$core") $(model_flags "$file") -ffunction-sections -fdata-sections -Wl,--gc-sections ${*:--O2}"
  case $core in
    rv32*)
      riscv64-unknown-elf-gcc --specs=picolibc.specs $flags -nostartfiles -Wl,--no-warn-rwx-segments -T "$here/riscv.ld" -o "$program" \
        "$here/start_riscv.S" "$here/console_riscv.c" "$here/main.c" "$file" -lm
      timeout 300 qemu-system-riscv32 -M virt -bios none -nographic -monitor none -icount shift=0 -kernel "$program" ;;
    *)
      local machine flash ram bytes tick
      read -r machine flash ram bytes tick < <(arm_machine "$core")
      arm-none-eabi-gcc -mthumb $flags -DTICK="$tick" -nostartfiles --specs=nosys.specs -u _printf_float -T "$here/arm.ld" -Wl,--defsym=FLASH=$flash \
        -Wl,--defsym=RAM=$ram -Wl,--defsym=RAM_BYTES=$bytes -o "$program" "$here/start_arm.c" "$here/main.c" "$file" -lm
      timeout 300 qemu-system-arm -M "$machine" -nographic -monitor none -serial none \
        -semihosting-config enable=on,target=native -icount shift=0 -kernel "$program" 2>&1 ;;
  esac
}

# Bytes of the functions of a written network, without constants.
code_bytes() {  # CORE FILE.c SCRATCH
  local compiler=arm-none-eabi thumb=-mthumb
  case $1 in rv32*) compiler=riscv64-unknown-elf thumb= ;; esac
  $compiler-gcc $thumb $(core_flags "$1") -O2 -ffunction-sections -fdata-sections -I"$(dirname "$2")" -c -o "$3/code.o" "$2" \
    $([ "$compiler" = riscv64-unknown-elf ] && echo --specs=picolibc.specs)
  $compiler-size -A "$3/code.o" | awk '$1 ~ /^\.text/ {sum += $2} END {print sum}'
}

# Prints the digest that this machine's compiler gives.
run_here() {  # FILE.c SCRATCH [FLAG...]
  local file=$1 program=$2/here
  shift 2
  cc $(model_flags "$file") ${*:--O2} -o "$program" "$here/main.c" "$file" -lm
  "$program"
}
