#!/usr/bin/env python3
"""What the functions of written C take on each core: the table of export/c/code_bytes.hpp.

Usage: code_bytes.py WRITE_C_CASES            prints the table, measured on many random networks
       code_bytes.py WRITE_C_CASES --check    holds what the program says to the compiler, on other networks: code within
                                              96 bytes, constants within what alignment adds, and what the
                                              compiler keeps of its own (on the M55)

A kernel's bytes are those of its functions, which must be the same in every network. What its calls take is fitted: the
numbers that are handed over are longer or shorter.
"""
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[3]
KERNELS = {file.name: file for file in (ROOT / "export/c/kernels").rglob("*.[ch]")}
CORES = {
    "cortex-m4": "-mcpu=cortex-m4 -mfloat-abi=hard -mfpu=fpv4-sp-d16",
    "cortex-m0plus": "-mcpu=cortex-m0plus",
    "cortex-m3": "-mcpu=cortex-m3",
    "cortex-m7": "-mcpu=cortex-m7 -mfloat-abi=hard -mfpu=fpv5-sp-d16",
    "cortex-m33": "-mcpu=cortex-m33 -mfloat-abi=hard -mfpu=fpv5-sp-d16",
    "cortex-m55": "-mcpu=cortex-m55 -mfloat-abi=hard",
    "rv32imc": "-march=rv32imac -mabi=ilp32",
}
MEASURED, CHECKED, FIRST_CHECKED = 60, 12, 1000
MOST_APART, MOST_BESIDE = 96, 256


def functions_of(core, file):
    """Bytes by function, without the file's own prefix; and those of constants."""
    is_arm = core.startswith("cortex")
    tools = "arm-none-eabi" if is_arm else "riscv64-unknown-elf"
    flags = (["-mthumb"] if is_arm else ["--specs=picolibc.specs"]) + CORES[core].split()
    with tempfile.TemporaryDirectory() as folder:
        made = f"{folder}/code.o"
        command = [f"{tools}-gcc", *flags, "-O2", "-ffunction-sections", "-c", "-o", made, str(file)]
        subprocess.run(command, check=True)
        text = subprocess.run([f"{tools}-size", "-A", made], check=True, capture_output=True, text=True).stdout
    prefix = file.stem.replace(".", "_") + "_"
    functions, constants = {}, 0
    for section, size in re.findall(r"^\.(\S+)\s+(\d+)", text, re.MULTILINE):
        if section.startswith("text."):
            functions[section[5:].removeprefix(prefix).split(".")[0]] = int(size)
        elif section.startswith(("rodata", "srodata")):
            constants += int(size)
    return functions, constants


def owners():
    """By function, the kernel whose code it is: it stands in its file, or in a header that no other kernel reads."""
    def read(file, seen):
        if file in seen:
            return
        seen.append(file)
        for name in re.findall(r'^#include "(.*)"', KERNELS[file].read_text(), re.MULTILINE):
            read(name, seen)
    owner = {}
    for kernel in sorted(pathlib.Path(name) for name in KERNELS if re.fullmatch(r"i8_.*\.c|softmax\.c", name)):
        seen = []
        read(kernel.name, seen)
        for file in seen:
            for name in re.findall(r"^(?:static|KERNEL_ENTRY) [^;=]*?\bkernel_(\w+)\(", KERNELS[file].read_text(), re.MULTILINE):
                assert owner.setdefault(name, kernel.stem) == kernel.stem, f"{name} is of {owner[name]} and of {kernel.stem}"
    return owner


def cases(program, folder, count, first):
    """C files with what is said of them: constants, code by core, calls by kernel."""
    subprocess.run([program, folder, str(count), str(first)], check=True)
    for sizes in sorted(pathlib.Path(folder).glob("*.int8.sizes")):
        lines = [line.split() for line in sizes.read_text().splitlines()]
        said = {words[0]: int(words[1]) for words in lines if words[0] != "kernel"}
        yield sizes.with_suffix(".c"), said, {words[1]: int(words[2]) for words in lines if words[0] == "kernel"}


def measure(program):
    import numpy
    owner = owners()
    kernels = sorted(set(owner.values()))
    code = {kernel: [] for kernel in kernels}
    frame, call = [], {kernel: [] for kernel in kernels}
    with tempfile.TemporaryDirectory() as folder:
        known = list(cases(program, folder, MEASURED, 0))
        missing = set(kernels) - {kernel for _, _, calls in known for kernel in calls}
        assert not missing, f"no network has {missing}"
        for core in CORES:
            seen, rows, left = {}, [], []
            for file, _, calls in known:
                functions, _ = functions_of(core, file)
                apart = {kernel: 0 for kernel in calls}
                for name, size in functions.items():
                    if name in owner:
                        apart[owner[name]] += size
                for kernel, size in apart.items():
                    assert seen.setdefault(kernel, size) == size, f"{kernel} on {core}: {size} bytes, and {seen[kernel]}"
                rows.append([1] + [calls.get(kernel, 0) for kernel in kernels])
                left.append(sum(functions.values()) - sum(apart.values()))
            # What no network tells apart is shared out evenly.
            fitted = numpy.linalg.lstsq(numpy.vstack([rows, 1e-3 * numpy.eye(len(kernels) + 1)]),
                                        numpy.concatenate([left, numpy.zeros(len(kernels) + 1)]), rcond=None)[0]
            frame.append(round(fitted[0]))
            for kernel, bytes_ in zip(kernels, fitted[1:]):
                call[kernel].append(round(bytes_))
                code[kernel].append(seen[kernel])
            worst = numpy.abs(numpy.array(rows) @ numpy.rint(fitted) - left).max()
            print(f"{core}: {len(known)} networks, calls at most {worst:.0f} bytes apart", file=sys.stderr)
    listed = lambda numbers: ", ".join(map(str, numbers))
    print(f"frame {{{listed(frame)}}}")
    for kernel in kernels:
        print(f'    {{"{kernel}", {{{listed(code[kernel])}}}, {{{listed(call[kernel])}}}}},')
    return False


def check(program):
    worst, failed = 0, False
    with tempfile.TemporaryDirectory() as folder:
        for file, said, _ in cases(program, folder, CHECKED, FIRST_CHECKED):
            for core in CORES:
                functions, constants = functions_of(core, file)
                apart = said[core] - sum(functions.values())
                worst = max(worst, abs(apart))
                if abs(apart) > MOST_APART or not 0 <= constants - said["constants"] <= MOST_BESIDE:
                    failed = True
                    print(f"{file.name} on {core}: {sum(functions.values())} bytes of code, {apart:+d} said; "
                          f"{constants} of constants, {said['constants']} said")
    print(f"code: at most {worst} bytes apart")
    return failed


if __name__ == "__main__":
    sys.exit(check(sys.argv[1]) if sys.argv[2:] == ["--check"] else measure(sys.argv[1]))
