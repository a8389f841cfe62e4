#!/usr/bin/env python3
"""Holds files to the house's sizes: a header has at most 150 lines, a source at most 400. Bodies that a source includes
(*-inl.hpp, *_bodies.hpp) count as sources. What is longer says here why it is one thing. A folder holds at most 35 of them.

Usage: check_sizes.py ROOT [--self-test]
Prints every violation as FILE: rule; exit 1 when there is any. A reason that is no longer needed is a violation too.
"""
import collections
import pathlib
import subprocess
import sys
import tempfile

HEADER, SOURCE = 150, 400
# What may be longer, by how much at most, and why.
LONGER = {
    "export/format/step.hpp": (180, "every kind of step with its form and its name, in one table"),
    "prototypes/language/layer_walk.hpp": (230, "a template over its sink: the only walk, compiled into each of them"),
    "prototypes/network/operations.hpp": (230, "the one definition of each operator, a struct each"),
    "search/ledger/ledger.hpp": (220, "the interface whose comments are its promises"),
    "search/strategies/generative_synthesis.cpp": (430, "one class, from its draws to its finalists"),
}


FOLDER, LARGER = 35, ("search/cli",)  # files of a folder; one row a command


def limit_of(name):
    is_source = not name.endswith((".hpp", ".h")) or name.endswith(("-inl.hpp", "_bodies.hpp"))
    return SOURCE if is_source else HEADER


def faults(root, names):
    """Yields what is wrong with the files `names` under `root`."""
    lines = {name: (root / name).read_text(errors="replace").count("\n") for name in names}
    for name, count in lines.items():
        limit = LONGER[name][0] if name in LONGER else limit_of(name)
        if count > limit:
            yield f"{name}: must have at most {limit} lines; got {count}"
    folders = collections.Counter(str(pathlib.PurePath(name).parent) for name in names)
    for folder, count in folders.items():
        if count > FOLDER and folder not in LARGER:
            yield f"{folder}: must hold at most {FOLDER} sources and headers; got {count}"
    for name in LONGER:
        if lines.get(name, 0) <= limit_of(name):
            yield f"{name}: is within house size or gone; take its reason out of scripts/check_sizes.py"


def sources(root):
    """Returns the C and C++ files of `root` that git knows, but for tests."""
    listed = subprocess.run(["git", "ls-files", "*.hpp", "*.h", "*.cpp", "*.c"], cwd=root, check=True,
                            capture_output=True, text=True).stdout.split()
    return [name for name in listed if not name.startswith("tests/") and (root / name).exists()]


def self_test():
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        for name, count in {"a.hpp": 151, "b.cpp": 400, "c-inl.hpp": 400, "d.cpp": 401}.items():
            (root / name).write_text("\n" * count)
        for name, (limit, _) in LONGER.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text("\n" * limit)
        found = list(faults(root, ["a.hpp", "b.cpp", "c-inl.hpp", "d.cpp", *LONGER]))
        assert found == ["a.hpp: must have at most 150 lines; got 151", "d.cpp: must have at most 400 lines; got 401"], found
        assert len(list(faults(root, ["b.cpp"]))) == len(LONGER)
        for i in range(36):
            (root / f"e{i}.hpp").write_text("")
        found = list(faults(root, [f"e{i}.hpp" for i in range(36)]))
        assert found[0] == ".: must hold at most 35 sources and headers; got 36", found


def main():
    if "--self-test" in sys.argv:
        return self_test()
    root = pathlib.Path(sys.argv[1])
    found = list(faults(root, sources(root)))
    print("\n".join(found), end="\n" if found else "")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
