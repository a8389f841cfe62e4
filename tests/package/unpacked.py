#!/usr/bin/env python3
"""Makes the Debian packages of a build, unpacks them and works with what is in them, as somebody would who
has never seen the source.

Usage: unpacked.py SOURCE BUILD SCRATCH
"""
import json
import pathlib
import shutil
import subprocess
import sys

source, build, scratch = (pathlib.Path(argument).resolve() for argument in sys.argv[1:4])
shutil.rmtree(scratch, ignore_errors=True)
root, work = scratch / "root", scratch / "work"
work.mkdir(parents=True)
environment = {"PATH": "/usr/bin:/bin", "HOME": str(work), "LANG": "C.UTF-8"}
atto = root / "usr/bin/atto"
share = root / "usr/share/attoforge"


def run(*command, code=0):
    ended = subprocess.run([str(word) for word in command], cwd=work, env=environment, capture_output=True, text=True)
    assert ended.returncode in (code if isinstance(code, tuple) else (code,)), f"{command}: exit {ended.returncode}\n{ended.stdout}\n{ended.stderr}"
    return ended.stdout


def field(package, name):
    return run("dpkg-deb", "-f", package, name).strip()


def unpack():
    run("cpack", "--config", build / "CPackConfig.cmake", "-B", scratch / "packages")
    packages = {field(file, "Package"): file for file in (scratch / "packages").glob("*.deb")}
    assert sorted(packages) == ["attoforge", "attoforge-postgresql", "libatto-edge-dev", "libatto-edge0", "python3-atto-edge",
                                "python3-attoforge"], packages
    for file in packages.values():
        run("dpkg-deb", "-x", file, root)
    needed = field(packages["attoforge"], "Depends")
    for library in ("libtorch", "libsoci-sqlite3", "libtbb", "libonnx"):
        assert library in needed, needed
    assert "libpq" not in needed, needed
    assert "libpq5" in field(packages["attoforge-postgresql"], "Depends")


def nothing_of_the_checkout():
    for file in root.rglob("*"):
        if file.is_file() and not file.is_symlink():
            assert str(source).encode() not in file.read_bytes(), f"{file} names {source}"


def what_ships_is_valid():
    assert run(atto, "--version").startswith("atto "), "version"
    specs = [file for file in sorted((share / "design_specs").glob("*.json")) if ".schema." not in file.name]
    assert len(specs) >= 9, specs
    run(atto, "check", *specs)


def campaign():
    (work / "spec.json").write_text(json.dumps({
        "format": 1, "name": "first", "prototype": str(share / "prototypes/attonet_28.json"),
        "task": {"dataset": "synthetic:classes=10,size=28,channels=1,train=800,test=200"},
        "require": {"params": {"max": "150k"}, "macs": {"max": "5M"}}, "maximise": "top1",
        "search": {"strategy": "random_asha", "candidates": 2, "rungs": [1], "finalists": 1},
        "training": {"final_epochs": 4, "final_seeds": 1}, "export": ["atto", "onnx"]}))
    run(atto, "search", "spec.json", "--workers", "1", "--out", "run", code=(0, 1))  # int8 may not agree: few images
    for name in ("design.json", "model.atto", "model.onnx", "weights.safetensors"):
        assert (work / "run/winner" / name).stat().st_size > 0, name
    run(atto, "report", "run")
    run(atto, "eval", "run/winner")


def comparison():
    smaller = (work / "spec.json").read_text().replace('"150k"', '"20k"').replace('"5M"', '"1M"')
    (work / "smaller.json").write_text(smaller.replace('"final_seeds": 1', '"final_seeds": 2'))
    run(atto, "search", "smaller.json", "--workers", "1", "--out", "smaller", code=(0, 1))  # int8 may not agree
    told = json.loads(run(atto, "compare", "run", "smaller", "--json"))
    first, second = told["networks"]
    assert told["images"] == 200 and len(first["top1"]) == 1 and len(second["top1"]) == 2, told
    against = second["against_first"]
    assert abs(against["difference"] - (second["mean"] - first["mean"])) < 1e-9, told
    assert against["low"] <= against["difference"] <= against["high"] and not against["has_seeds"], told


def python():
    environment.update(PYTHONPATH=str(root / "usr/lib/python3/dist-packages"), LD_LIBRARY_PATH=str(root / "usr/lib"))
    code = "import attoforge; print(len(attoforge.Campaign('run').weights()) > 10, len(attoforge.Campaign('run').trials()))"
    assert run("/usr/bin/python3", "-B", "-c", code).split() == ["True", "3"]
    code = ("import atto_edge, numpy; session = atto_edge.InferenceSession('run/winner/model.atto');"
            "print(session.run(None, numpy.zeros((1, 28, 28)))[0].shape)")
    assert run("/usr/bin/python3", "-B", "-c", code).strip() == "(1, 10)"


def manual_and_completions():
    page = (root / "usr/share/man/man1/atto.1").read_text()
    for command in ("check", "search", "train", "export"):
        assert f".SS atto {command}" in page, command
    assert "\\-\\-epochs" in page, "what the trainer's commands take"
    script = root / "usr/share/bash-completion/completions/atto"

    def completed(*words):
        line = " ".join(f"'{word}'" for word in words)
        return run("bash", "-c", f"source {script}; COMP_WORDS=({atto} {line}); COMP_CWORD={len(words)}; _atto;"
                                 'printf "%s\\n" "${COMPREPLY[@]}"').split()

    assert completed("re") == ["reopen", "resume", "report", "reference"], completed("re")
    assert completed("search", "--wo") == ["--workers"], completed("search", "--wo")
    assert completed("search", "--evaluator", "") == ["torch", "fake"], completed("search", "--evaluator", "")
    assert completed("train", "--epo") == ["--epochs"], completed("train", "--epo")
    assert completed("check", "") == [], completed("check", "")  # the shell's own files


unpack()
nothing_of_the_checkout()
what_ships_is_valid()
campaign()
comparison()
python()
manual_and_completions()
print("the package works")
