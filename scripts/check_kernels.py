#!/usr/bin/env python3
"""Holds the engine's kernel names to their grammar, which docs/runtime.md states ("Names of kernels").

Usage: check_kernels.py ROOT [--self-test]
What steps call themselves in profiles must be an operation of the page's table, in a type that it has there, and the
table must have no other; a kernel is called after the member of the table that holds it, never after instructions.
Prints every violation as FILE:LINE: rule; exit 1 when there is any.
"""
import pathlib
import re
import sys
import tempfile

PAGE = "docs/runtime.md"
HEADER = "| operation | window | mark | types |"
TYPES = ("i8", "bf16")  # none: f32
INSTRUCTIONS = re.compile(r"avx|neon|vnni|dotprod|sse|scalar|wasm")
NAMES = re.compile(r"std::string kernels\(\) const override \{")
ENTRY = re.compile(r"(?:^|[{,\s])(?:\w+)?\.(\w+) = (?:\w+::)*(\w+)")


def line_of(text, at):
    return text.count("\n", 0, at) + 1


def documented(root):
    """Returns {operation: (has a window, marks, types)} of the page's table."""
    lines = (root / PAGE).read_text().splitlines()
    rows = {}
    for line in lines[lines.index(HEADER) + 2:] if HEADER in lines else []:
        if not line.startswith("|"):
            break
        operation, window, marks, types = (cell.strip() for cell in line.strip("|").split("|"))
        rows[operation.strip("`")] = (window == "yes", set(re.findall(r"`(\w)`", marks)), set(types.split(", ")))
    return rows


def body_at(text, brace):
    depth = 0
    for at in range(brace, len(text)):
        depth += {"{": 1, "}": -1}.get(text[at], 0)
        if depth == 0:
            return text[brace:at]
    return text[brace:]


def step_names(root):
    """Yields (file, line, name without numbers, whether it has a window, mark) of everything that steps return."""
    for file in sorted((root / "export/runtime/steps").glob("*.cpp")):
        text = file.read_text()
        for match in NAMES.finditer(text):
            body = body_at(text, match.end() - 1)
            literals = re.findall(r'"([^"]*)"', body)
            marks = [literal for literal in literals if len(literal) == 1 and literal.isalpha()]
            for literal in literals:
                name = re.sub(r"\d+x\d+s\d+$", "", literal)
                if len(name) > 1:
                    yield (file.relative_to(root).as_posix(), line_of(text, match.start()), name,
                           "kernel_name(" in body or name != literal, marks)


def name_faults(root):
    known, used = documented(root), {}
    if not known:
        yield f"{PAGE}:1: must have the table {HEADER}"
    for file, line, name, has_window, marks in step_names(root):
        kind = next((of for of in TYPES if name.startswith(of)), "f32")
        operation = name if kind == "f32" else name[len(kind):]
        window, known_marks, types = known.get(operation, (None, set(), set()))
        if kind not in types:
            yield f"{file}:{line}: must be an operation of {PAGE}, in a type that it has there; got {name}"
            continue
        used.setdefault(operation, set()).add(kind)
        if window != has_window:
            yield f"{file}:{line}: {PAGE} says {'a' if window else 'no'} window; got {name}"
        if operation != "dwconv":  # shares its step with gconv
            yield from (f"{file}:{line}: {PAGE} knows no mark {mark} of {operation}" for mark in marks
                        if mark not in known_marks)
    for operation, (_, _, types) in known.items():
        for kind in sorted(types - used.get(operation, set())):
            yield f"{PAGE}:1: no step calls itself {operation} in {kind}"


def table_faults(root):
    folder = root / "export/runtime/kernels"
    members = {name for table in folder.rglob("kernels.hpp") for name in re.findall(r"\(\*(\w+)\)\(", table.read_text())}
    for file in sorted(folder.rglob("*")):
        if file.suffix not in {".cpp", ".hpp"}:
            continue
        text = file.read_text()
        for match in ENTRY.finditer(text):
            member, kernel = match.groups()
            if member not in members or kernel == "nullptr":
                continue
            plain = re.sub(r"^(f32|bf16)_", "", member)
            where = f"{file.relative_to(root).as_posix()}:{line_of(text, match.start(1))}"
            if INSTRUCTIONS.search(kernel):
                yield f"{where}: instructions are a kernel's namespace, not part of its name; got {kernel}"
            elif not re.fullmatch(rf"(\w+_)?{plain}", kernel):
                yield f"{where}: must be called after the member {member}; got {kernel}"


def self_test():
    """Shows that each rule can fail."""
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        for name in ("docs", "export/runtime/steps", "export/runtime/kernels"):
            (root / name).mkdir(parents=True)

        def faults(page, step, table):
            (root / PAGE).write_text(f"{HEADER}\n|---|---|---|---|\n{page}\n")
            (root / "export/runtime/steps/a.cpp").write_text("std::string kernels() const override { return " + step + "; }\n")
            (root / "export/runtime/kernels/kernels.hpp").write_text("void (*conv)(int panel);\n")
            (root / "export/runtime/kernels/a.cpp").write_text("const Kernels kKernels = {.conv = " + table + "};\n")
            return [*name_faults(root), *table_faults(root)]

        page = "| `conv` | yes | `g` | f32 |"
        assert faults(page, 'kernel_name("conv", w, "g", 2)', "f32_conv") == []
        assert len(faults(page, 'kernel_name("i8conv", w)', "f32_conv")) == 2
        assert len(faults(page, 'kernel_name("conv", w, "c", 2)', "f32_conv")) == 1
        assert len(faults(page, '"conv"', "f32_conv")) == 1
        assert faults(page, '"conv3x3s1"', "avx2::conv") == []
        assert len(faults(page, 'kernel_name("conv", w)', "avx2_conv")) == 1
        assert len(faults(page, 'kernel_name("conv", w)', "f32_sum")) == 1
        assert len(faults("", 'kernel_name("conv", w)', "f32_conv")) == 2


def main():
    if "--self-test" in sys.argv:
        self_test()
    root = pathlib.Path(sys.argv[1])
    found = [*name_faults(root), *table_faults(root)]
    print("\n".join(found) if found else "kernels: every name follows the grammar")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
