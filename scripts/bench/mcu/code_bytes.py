#!/usr/bin/env python3
"""What the functions of written C take on each core, by kernel: the table of export/c/code_bytes.hpp.

Usage: code_bytes.py WRITE_C_CASES            prints the table, fitted to many random networks
       code_bytes.py WRITE_C_CASES --check    holds what the program says to the compiler, on other networks: within
                                              10 % of the flash in all, or 1.25 KiB
"""
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[3]
KERNELS = ROOT / "export/c/kernels"
CORES = {
    "cortex-m4": "-mcpu=cortex-m4 -mfloat-abi=hard -mfpu=fpv4-sp-d16",
    "cortex-m0plus": "-mcpu=cortex-m0plus",
    "cortex-m3": "-mcpu=cortex-m3",
    "cortex-m7": "-mcpu=cortex-m7 -mfloat-abi=hard -mfpu=fpv5-sp-d16",
    "cortex-m33": "-mcpu=cortex-m33 -mfloat-abi=hard -mfpu=fpv5-sp-d16",
    "cortex-m55": "-mcpu=cortex-m55 -mfloat-abi=hard",
    "rv32imc": "-march=rv32imac -mabi=ilp32",
}
FITTED, CHECKED, FIRST_CHECKED = 45, 8, 1000


def code_bytes(core, file):
    """Bytes of the functions, and of the constants beside them."""
    is_arm = core.startswith("cortex")
    prefix = "arm-none-eabi" if is_arm else "riscv64-unknown-elf"
    flags = (["-mthumb"] if is_arm else ["--specs=picolibc.specs"]) + CORES[core].split()
    with tempfile.TemporaryDirectory() as folder:
        made = f"{folder}/code.o"
        command = [f"{prefix}-gcc", *flags, "-O2", "-ffunction-sections", "-c", "-o", made, str(file)]
        subprocess.run(command, check=True)
        text = subprocess.run([f"{prefix}-size", "-A", made], check=True, capture_output=True, text=True).stdout
    of = lambda section: sum(int(line.split()[1]) for line in text.splitlines() if line.startswith((f".{section}", f".s{section}")))
    return of("text"), of("rodata")


def is_wrong(said, measured, constants):
    return abs(said - measured) > max(0.1 * (measured + constants), 1280)


def cases(program, folder, count, first):
    subprocess.run([program, folder, str(count), str(first)], check=True)
    for sizes in sorted(pathlib.Path(folder).glob("*.int8.sizes")):
        lines = [line.split() for line in sizes.read_text().splitlines()]
        said = {name: int(rest[0]) for name, *rest in lines if rest}
        yield sizes.with_suffix(".c"), said, [name for name, *rest in lines if not rest]


def fit(program):
    import numpy
    with tempfile.TemporaryDirectory() as folder:
        known = list(cases(program, folder, FITTED, 0))
        files = sorted({file for _, _, kernels in known for file in kernels if file.endswith(".c")})
        missing = {file.name for file in KERNELS.glob("*.c") if file.name.startswith("i8_")} - set(files)
        assert not missing, f"no network has {missing}"
        rows = numpy.array([[1, said["steps"]] + [file in kernels for file in files] for _, said, kernels in known], float)
        columns = {}
        for core in CORES:
            both = [code_bytes(core, file) for file, _, _ in known]
            measured = numpy.array([code for code, _ in both], float)
            # What no network tells apart is shared out evenly.
            left = numpy.vstack([rows / measured[:, None] * 1000, 0.02 * numpy.eye(len(files) + 2)])
            right = numpy.concatenate([numpy.full(len(measured), 1000.0), numpy.zeros(len(files) + 2)])
            columns[core] = numpy.rint(numpy.linalg.lstsq(left, right, rcond=None)[0]).astype(int)
            worst = numpy.abs(rows @ columns[core] / measured - 1).max()
            wrong = sum(is_wrong(row @ columns[core], *of) for row, of in zip(rows, both))
            print(f"{core}: {wrong} wrong of {len(measured)} networks of {int(measured.min())} to {int(measured.max())} bytes, "
                  f"worst {100 * worst:.1f} %", file=sys.stderr)
    line = lambda i: ", ".join(str(columns[core][i]) for core in CORES)
    print(f"frame {{{line(0)}}}\nstep {{{line(1)}}}")
    for i, file in enumerate(files):
        print(f'    {{"{file}", {{{line(i + 2)}}}}},')


def check(program):
    worst, failed = 0, False
    with tempfile.TemporaryDirectory() as folder:
        for file, said, _ in cases(program, folder, CHECKED, FIRST_CHECKED):
            for core in CORES:
                measured, constants = code_bytes(core, file)
                error = said[core] / measured - 1
                worst = max(worst, abs(error))
                if is_wrong(said[core], measured, constants):
                    failed = True
                    print(f"{file.name} on {core}: {measured} bytes of code, said {said[core]}: {100 * error:+.1f} %")
    print(f"worst {100 * worst:.1f} %")
    return failed


if __name__ == "__main__":
    sys.exit(check(sys.argv[1]) if sys.argv[2:] == ["--check"] else fit(sys.argv[1]))
