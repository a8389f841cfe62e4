"""Whether a child that begins with its parent's weights ranks as it would from scratch.

usage: inheritance.py ATTO FOLDER [PARENTS [CHILDREN]]

Parents are random designs of the quickstart, trained for three epochs. Of each, one module is decided anew, CHILDREN times.
A child is trained for one and for three epochs from scratch, and for one epoch with the parent's weights wherever a
tensor's name and shape are the same. The truth is nine epochs from scratch with another seed. Goes on where it was stopped.
"""
import random
import statistics
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from trainings import ROOT, ask, read, write

EPOCHS, IMAGES, DRAWS = [1, 3, 9], 3000, 4000
WAYS = {"one epoch from scratch": "scratch1", "three epochs from scratch": "scratch3", "one epoch, inherited": "inherited1"}


def ranks(values):
    return [(sum(other < value for other in values) + sum(other <= value for other in values) - 1) / 2 for value in values]


def rank_correlation(a, b):
    return statistics.correlation(ranks(a), ranks(b)) if len(set(a)) > 1 and len(set(b)) > 1 else 0.0


class Experiment:
    def __init__(self, atto, folder):
        self.atto, self.folder = atto, Path(folder).resolve()
        self.folder.mkdir(parents=True, exist_ok=True)
        spec = read(ROOT / "design_specs/quickstart.json")
        spec["prototype"] = str(ROOT / "design_specs" / spec["prototype"])
        spec["search"].update(rungs=EPOCHS, images=IMAGES)
        spec["training"].update(final_images=IMAGES, final_epochs=EPOCHS[1])
        self.base = spec
        self.spec = self.write_spec("spec", spec)

    def write_spec(self, name, spec):
        write(self.folder / f"{name}.json", spec)
        return self.folder / f"{name}.json"

    def generate(self, spec, name, count, seed):
        out = self.folder / name
        if not out.exists():
            subprocess.run([self.atto, "generate", spec, "-n", str(count), "--seed", str(seed), "--out", out], check=True,
                           stdout=subprocess.DEVNULL)
        return sorted(out.glob("*.json"))

    def train(self, design, name, *words, seed=1):
        kept = self.folder / f"{name}.result.json"
        if not kept.exists():
            write(kept, ask(self.atto, "train", design, "--spec", self.spec, "--seed", seed, "--out", self.folder / name, *words))
        return read(kept)

    def modules(self, design):
        """Paths of the modules that a design's decisions are of."""
        paths = [entry["path"] for entry in ask(self.atto, "reopen", design, "--list") if ".modules[" in entry["path"]]
        return sorted({path[:path.index("]", path.index(".modules[")) + 1] for path in paths})

    def child(self, parent, number, free):
        """A design that differs from its parent in one module."""
        name = f"child-{parent.stem}-{number}"
        opened = self.folder / f"{name}.prototype.json"
        if not opened.exists():
            subprocess.run([self.atto, "reopen", parent, "--free", free, "--out", opened], check=True, stdout=subprocess.DEVNULL)
        spec = self.write_spec(f"{name}.spec", dict(self.base, prototype=str(opened)))
        return next((file for file in self.generate(spec, name, 3, number + 1) if file.stem != parent.stem), None)

    def row(self, parent, number, free):
        child = self.child(parent, number, free)
        if child is None:
            return None
        name = f"{parent.stem}-{number}"
        results = {
            "scratch1": self.train(child, f"scratch1-{name}", "--rung", 1),
            "scratch3": self.train(child, f"scratch3-{name}", "--rung", 2),
            "inherited1": self.train(child, f"inherited1-{name}", "--rung", 1, "--from", self.folder / f"parent-{parent.stem}"),
            "truth": self.train(child, f"truth-{name}", "--rung", 3, seed=2),
        }
        return {key: (result["validation_top1"], result["cpu_seconds"]) for key, result in results.items()}

    def rows(self, parents, children):
        for parent in self.generate(self.spec, "parents", parents, 11):
            self.train(parent, f"parent-{parent.stem}", "--epochs", EPOCHS[1])
            chance = random.Random(parent.stem)
            modules = self.modules(parent)
            for number in range(children):
                row = self.row(parent, number, chance.choice(modules))
                if row is not None:
                    yield row


def interval(rows, key):
    """95 % of the rank correlations of children drawn anew from these."""
    chance = random.Random(1)
    drawn = ([chance.choice(rows) for _ in rows] for _ in range(DRAWS))
    values = sorted(rank_correlation([row[key][0] for row in some], [row["truth"][0] for row in some]) for some in drawn)
    return values[DRAWS // 40], values[-DRAWS // 40]


def main(atto, folder, parents=12, children=2):
    rows = list(Experiment(atto, folder).rows(int(parents), int(children)))
    print(f"{len(rows)} children; nine epochs from scratch: {100 * statistics.mean(row['truth'][0] for row in rows):.2f} %")
    print("| how a child is trained | validation top-1 % | CPU-s | rank correlation with nine epochs from scratch |\n|---|---|---|---|")
    for label, key in WAYS.items():
        top1, cost = (statistics.mean(row[key][i] for row in rows) for i in range(2))
        low, high = interval(rows, key)
        found = rank_correlation([row[key][0] for row in rows], [row["truth"][0] for row in rows])
        print(f"| {label} | {100 * top1:.2f} | {cost:.1f} | {found:.2f}, from {low:.2f} to {high:.2f} |")


if __name__ == "__main__":
    if not 3 <= len(sys.argv) <= 5:
        sys.exit(__doc__)
    main(*sys.argv[1:])
