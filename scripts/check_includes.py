#!/usr/bin/env python3
"""Enforces the module table of docs/architecture.md: a folder includes only what stands below it.

Usage: check_includes.py ROOT [--self-test]
Prints every violation as FILE:LINE: rule; exit 1 when there is any.
"""
import pathlib
import re
import sys
import tempfile

# folder -> the folders and single headers of ours it may include from (its own is always allowed); longest prefix wins.
ALLOWED = {
    "design_specs": [],
    "prototypes": ["design_specs"],
    "prototypes/drawing": ["prototypes", "design_specs"],
    "prototypes/detection": ["design_specs"],
    "prototypes/detection/metrics": ["prototypes/detection", "design_specs"],
    "prototypes/detection/drawing": ["prototypes/detection/metrics", "prototypes/detection", "design_specs"],
    "export/format": [],
    "export/image": [],
    "export/runtime/kernels": ["export/format"],
    "export/runtime/plan": ["export/format", "export/runtime/kernels"],
    "export/runtime/steps": ["export/format", "export/runtime/kernels", "export/runtime/plan"],
    "export/runtime/detection": ["export/format"],
    "export/runtime": ["export/format", "export/runtime/detection", "export/runtime/kernels", "export/runtime/plan", "export/runtime/steps"],
    "export/runtime/c_api": ["export/format", "export/image", "export/runtime"],
    "generator/space": ["prototypes", "design_specs"],
    "generator/learning": ["generator/space", "prototypes", "design_specs"],
    "trainer": ["prototypes", "design_specs"],
    "trainer/comparison": ["prototypes/detection/metrics", "prototypes/detection", "prototypes", "design_specs"],
    "trainer/data/images": ["export/image", "design_specs"],
    "trainer/data": ["trainer/data/images", "export/image", "prototypes", "design_specs"],
    "trainer/data/instances": ["trainer/data", "trainer/data/images", "export/image", "prototypes/detection/metrics", "prototypes/detection", "prototypes", "design_specs"],
    "trainer/backend": ["prototypes", "design_specs"],
    "trainer/backend/cpu": ["trainer/backend", "prototypes", "design_specs"],
    "trainer/backend/torch": ["trainer/backend", "trainer/backend/cpu", "prototypes", "design_specs"],
    "trainer/training": ["trainer", "trainer/comparison", "trainer/data", "trainer/data/instances", "prototypes/detection/metrics", "prototypes/detection", "trainer/backend", "trainer/backend/cpu", "trainer/backend/torch", "prototypes", "design_specs"],
    "export/lowering": ["export/format", "prototypes/detection", "prototypes", "design_specs"],
    "export/measuring": ["export/runtime"],
    "export/onnx": ["export/lowering", "export/reference", "prototypes/detection", "prototypes", "design_specs"],
    "export/pytorch": ["prototypes", "design_specs"],
    "export/import": ["export/onnx", "prototypes", "design_specs"],
    "export/c": ["export/lowering", "prototypes", "design_specs"],
    "export/wasm": ["export/format", "export/image", "export/runtime", "design_specs"],
    "export/tflite": ["export/lowering", "export/quantisation", "export/reference", "prototypes", "design_specs"],
    "export/quantisation": ["export/lowering", "export/reference", "prototypes", "design_specs"],
    "export/reference": ["export/lowering", "prototypes/detection", "prototypes", "design_specs"],
    "export/targets": ["prototypes/detection/metrics", "prototypes/detection", "export/c", "export/lowering", "export/onnx", "export/pytorch", "export/quantisation", "export/reference", "export/tflite", "export/format", "export/runtime", "export/wasm", "prototypes", "design_specs"],
    "search/strategies": ["generator/learning", "generator/space", "prototypes", "design_specs"],
    "search/latency": ["prototypes", "design_specs"],
    "search/latency/engine": ["search/latency", "export/format", "export/lowering", "export/quantisation", "export/runtime", "prototypes", "design_specs"],
    "search/ledger": ["search/ledger/postgresql/database.hpp", "search/ledger/sql/copy.hpp", "search/ledger/sqlite/database.hpp", "search/latency", "trainer", "prototypes", "design_specs"],
    "search/ledger/sql": ["search/ledger", "search/latency", "trainer", "prototypes", "design_specs"],
    "search/ledger/sqlite": ["search/ledger", "search/ledger/sql", "search/latency", "trainer", "prototypes", "design_specs"],
    "search/ledger/postgresql": ["search/ledger", "search/ledger/sql", "search/latency", "trainer", "prototypes", "design_specs"],
    "search/campaign": ["export/c", "search/ledger", "search/strategies", "trainer", "trainer/data", "trainer/data/instances", "generator/learning", "generator/space", "prototypes", "design_specs"],
    "search/running": ["search/campaign", "search/ledger", "search/latency", "search/strategies", "trainer", "generator/learning", "generator/space", "prototypes", "design_specs"],
    "search/slurm": ["search/running", "search/campaign", "search/ledger", "design_specs"],
    "search/tables": ["search/running", "search/campaign", "search/ledger", "search/strategies", "trainer", "generator/learning", "generator/space", "prototypes", "design_specs"],
    "search/report": ["search/campaign", "search/ledger", "search/strategies", "trainer", "generator/learning", "generator/space", "prototypes/drawing", "prototypes", "design_specs"],
    "search/cli": ["search/report", "search/slurm", "search/tables", "search/running", "search/campaign", "search/ledger", "search/latency", "search/latency/engine", "search/strategies", "export/format", "export/c", "export/image", "export/import", "export/measuring", "export/pytorch", "export/runtime", "export/targets", "trainer/data", "trainer/data/images", "trainer/data/instances", "trainer", "generator/learning", "generator/space", "prototypes/detection/drawing", "prototypes/detection/metrics", "prototypes/detection", "prototypes/drawing", "prototypes", "design_specs"],
    "trainer/cli": ["prototypes/detection/metrics", "trainer/data/instances", "search/cli", "search/running", "search/campaign", "search/ledger", "search/report", "search/strategies", "trainer/comparison", "trainer/training", "trainer/backend", "trainer/backend/torch", "trainer/data", "trainer", "generator/learning", "generator/space", "prototypes", "design_specs"],
}
# Tests stand where the room does that they mirror (tests/export/onnx: export/onnx), and may include helpers of any tests.
# folder of tests or benchmarks -> what it may include as well: whatever its cases are made with or compared with.
BESIDE = {
    "tests/export/pytorch": ["export/reference"],
    "tests/export/tflite": ["export/targets", "generator/space"],
    "tests/export/import": ["export/reference"],
    "tests/export/c": ["export/quantisation", "export/reference"],
    "tests/export/quantisation": ["export/onnx"],
    "tests/export/runtime": ["export/lowering", "export/quantisation", "export/reference", "generator/space", "prototypes/detection", "prototypes", "design_specs"],
    "tests/export": ["prototypes", "design_specs"],
    "tests/fuzz": ["prototypes/detection/metrics", "prototypes/detection", "export/format", "export/image", "export/import", "export/runtime", "prototypes", "trainer/data/images", "design_specs"],
    "tests/interop": ["export/lowering", "export/onnx", "export/quantisation", "export/reference", "generator/space", "prototypes/detection", "prototypes", "design_specs"],
    "tests/search": ["search/report", "search/slurm", "search/tables", "search/running", "search/campaign", "search/ledger", "search/ledger/sql", "search/ledger/sqlite", "search/ledger/postgresql", "search/latency", "search/latency/engine", "search/strategies", "generator/learning", "generator/space", "prototypes", "design_specs"],
    "tests/trainer/data/instances": ["prototypes/detection/drawing"],
    "tests/trainer": ["trainer/data"],
    "tests/consumer": ["export/runtime", "export/lowering"],
    "tests": ["design_specs"],
    "scripts/bench/peers": ["export/measuring", "export/lowering", "export/onnx", "export/quantisation", "export/runtime", "generator/space", "prototypes", "design_specs"],
    "scripts/bench": ["search/ledger", "prototypes/detection", "prototypes/detection/metrics", "search/cli", "search/tables", "search/strategies", "generator/space", "trainer/backend", "trainer/backend/torch", "trainer/data", "trainer/data/instances", "trainer/training", "prototypes", "design_specs"],
}
TESTED = ("tests/", "scripts/bench/")
# library header pattern -> the folders that may include it.
LIBRARIES = [
    (re.compile(r"^(torch|ATen|c10)/"), ["trainer/backend/torch"]),
    (re.compile(r"^soci/"), ["search/ledger/sql", "search/ledger/sqlite", "search/ledger/postgresql"]),
    (re.compile(r"^sqlite3\.h"), ["search/ledger/sqlite"]),
    (re.compile(r"^libpq-fe\.h"), ["search/ledger/postgresql"]),
    (re.compile(r"^onnx/|^google/protobuf"), ["export/onnx"]),
    (re.compile(r"^nlohmann/"), ["design_specs", "prototypes", "search", "trainer", "generator"]),
    (re.compile(r"^CLI/"), ["search/cli", "trainer/cli"]),
    (re.compile(r"^tbb/|^oneapi/"), ["design_specs", "generator"]),
]
INCLUDE = re.compile(r'^\s*#\s*include\s*(["<])([^">]+)[">]')


def folder_of(path, table):
    parts = path.split("/")
    for length in range(len(parts) - 1, 0, -1):
        prefix = "/".join(parts[:length])
        if prefix in table:
            return prefix
    return None


def within(path, folders):
    return any(path == f or path.startswith(f + "/") for f in folders)


def includes(file):
    """Yields (line number, quote or bracket, target)."""
    for number, line in enumerate(file.read_text(errors="replace").splitlines(), 1):
        if match := INCLUDE.match(line):
            yield number, *match.groups()


def sources(root, tops):
    for file in sorted(f for top in tops for f in (root / top).rglob("*")):
        if file.suffix in {".cpp", ".hpp", ".h"}:
            yield file, file.relative_to(root).as_posix()


def violations(root):
    found = []
    for file, name in sources(root, sorted({folder.split("/")[0] for folder in ALLOWED})):
        own = folder_of(name, ALLOWED)
        if own is None:
            continue
        for number, style, target in includes(file):
            other = folder_of(target, ALLOWED) if style == '"' else None
            if other and other != own and other not in ALLOWED[own] and target not in ALLOWED[own]:
                found.append(f"{name}:{number}: {own}/ may not include from {other}/; got {target}")
            if target.startswith(TESTED):
                found.append(f"{name}:{number}: only tests and benchmarks may include what is theirs; got {target}")
            for pattern, folders in LIBRARIES:
                if pattern.match(target) and not within(name, folders):
                    found.append(f"{name}:{number}: only {', '.join(folders)} may include {target}")
    return found + test_violations(root)


def test_violations(root):
    """What tests and benchmarks include must be the room that they mirror, what stands below it, or in BESIDE."""
    found = []
    for file, name in sources(root, ("tests", "scripts")):
        room = folder_of(name.removeprefix("tests/"), ALLOWED)
        beside = folder_of(name, BESIDE)
        allowed = (ALLOWED[room] if room else []) + (BESIDE[beside] if beside else [])
        for number, style, target in includes(file):
            other = folder_of(target, ALLOWED) if style == '"' else None
            if other and other not in allowed and target not in allowed and not (room and within(other, [room])):
                found.append(f"{name}:{number}: {pathlib.PurePath(name).parent}/ may not include from {other}/; got {target}")
    return found


def self_test():
    """Shows that a forbidden include is found, so that the check can fail."""
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        (root / "prototypes").mkdir()
        (root / "prototypes/a.cpp").write_text('#include "generator/space/feasible_space.hpp"\n#include <torch/torch.h>\n')
        assert len(violations(root)) == 2, violations(root)
        (root / "prototypes/a.cpp").write_text('#include "design_specs/errors.hpp"\n#include <vector>\n')
        assert violations(root) == [], violations(root)
        (root / "prototypes/a.cpp").write_text('#include "tests/rounds.hpp"\n')
        assert len(violations(root)) == 1, violations(root)
        (root / "prototypes/a.cpp").write_text("")
        (root / "tests/prototypes").mkdir(parents=True)
        (root / "tests/prototypes/a.cpp").write_text('#include "prototypes/a.hpp"\n#include "tests/rounds.hpp"\n')
        assert violations(root) == [], violations(root)
        (root / "tests/prototypes/a.cpp").write_text('#include "generator/space/limits.hpp"\n')
        assert len(violations(root)) == 1, violations(root)


def main():
    if "--self-test" in sys.argv:
        self_test()
    found = violations(pathlib.Path(sys.argv[1]))
    print("\n".join(found) if found else "includes: every folder stands on lower ones only")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
