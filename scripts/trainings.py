"""What the scripts that train lists of networks share: files of JSON, questions to atto, lists of trainings."""
import json
import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def read(file):
    return json.loads(Path(file).read_text())


def write_text(file, text):
    """Puts a whole file in place, or none."""
    file = Path(file)
    partial = file.with_name(file.name + ".partial")
    partial.write_text(text)
    partial.replace(file)


def write(file, value):
    write_text(file, json.dumps(value, indent=1) + "\n")


def relative_to(out):
    """What makes paths relative to the folder of a file."""
    return lambda path: os.path.relpath(path, Path(out).parent)


def ask(atto, *words, also=()):
    """What a command of atto says in JSON; exits of `also` are answers too."""
    done = subprocess.run([atto, *map(str, words), "--json"], stdout=subprocess.PIPE, text=True)
    if done.returncode not in (0, *also):
        sys.exit(done.returncode)
    return json.loads(done.stdout)


def keep_design(design, name, designs):
    design["name"] = name
    write(Path(designs) / f"{name}.json", design)


def finished(report):
    """The only campaign of a report, which must be over."""
    (campaign,) = report["campaigns"]
    if campaign["state"] != "finished":
        sys.exit("the search is not finished; the same command goes on from there")
    return campaign


def sound(tier):
    """The designs of a tier's leaderboard that meet its requirements, the best first."""
    return [row for row in tier["leaderboard"] if not row["misses"] and not row["trouble"]]


def write_list(spec, results, out, trainings):
    """A list as atto train takes it."""
    relative = relative_to(out)
    for training in trainings:
        training["design"] = relative(training["design"])
    write(out, {"format": 1, "spec": relative(spec), "results": relative(results), "trainings": trainings})


def results_by_network(files):
    """{network: files of its finished trainings, by seed}, of files named NETWORK-sSEED.json."""
    groups = {}
    for file in sorted(files):
        groups.setdefault(re.sub(r"-s\d+$", "", file.stem), []).append(file)
    return groups
