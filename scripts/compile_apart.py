#!/usr/bin/env python3
"""Reads each source of the libraries and programs by itself, where a build reads several together: none may rest on what another
one includes. Only reads: what the code becomes is the build's own concern.
    compile_apart.py BUILD        a folder that CMake configured, with ATTO_COMPILE_TOGETHER on"""
import concurrent.futures
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys


def commands(build):
    """The sources that are compiled together, each with its command and folder. Tests rest on Catch2 anyway."""
    for entry in json.loads((build / "compile_commands.json").read_text()):
        together = pathlib.Path(entry["file"])
        if together.parent.name != "Unity" or together.is_relative_to(build / "tests"):
            continue
        words = shlex.split(entry["command"])
        words = words[: words.index("-o")] + ["-fsyntax-only"]
        for source in re.findall(r'^#include "(.*)"$', together.read_text(), re.MULTILINE):
            yield source, [*words, source], entry["directory"]


def compiler_alone(words):
    """Without the compiler's cache, which keeps no reading."""
    return words[next(i for i, word in enumerate(words) if re.search(r"(c|g|clang)\+\+(-[0-9]+)?$", word)):]


def main():
    build = pathlib.Path(sys.argv[1]).resolve()
    jobs = list(commands(build))
    if not jobs:
        sys.exit(f"compile_apart.py: {build} compiles nothing together")

    def read(job):
        source, words, folder = job
        return source, subprocess.run(compiler_alone(words), cwd=folder, capture_output=True, text=True)

    failed = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for source, ended in pool.map(read, jobs):
            if ended.returncode != 0 or ended.stderr:
                failed += 1
                print(f"{source}:\n{ended.stderr}", file=sys.stderr)
    print(f"compile apart: {len(jobs)} sources, {failed} do not stand by themselves")
    sys.exit(1 if failed else 0)


main()
