#!/usr/bin/env python3
"""What scripts/reproduce.sh needs beside atto: the list of trainings, the winners' files, the table.

  reproduce.py smoke SPEC OUT                        a spec of minutes, on made-up pictures, of the same path
  reproduce.py has-winners SPEC DESIGNS              exit 0 where every tier has its winner
  reproduce.py winners SPEC DESIGNS < report.json    keeps the best design of every tier
  reproduce.py list SPEC DESIGNS RESULTS OUT         baselines and winners, as atto train takes them
  reproduce.py table RESULTS OUT                     a row for each network, over its seeds
"""
import json
import math
import os
import statistics
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BASELINES = ["mobilenet_v1", "mobilenet_v2", "shufflenet_v2"]


def read(file):
    return json.loads(Path(file).read_text())


def write(file, value):
    """Puts a whole file in place, or none."""
    file = Path(file)
    partial = file.with_name(file.name + ".partial")
    partial.write_text(json.dumps(value, indent=1) + "\n")
    partial.replace(file)


def side_of(spec):
    return Path(spec).stem.rsplit("_", 1)[1]


def winner_file(designs, tier, side):
    return Path(designs) / f"attonet_{tier['name'].lower()}_{side}.json"


def smoke(spec, out):
    """Two tiers at 16 pixels with multiply-adds to match, few designs, one epoch or two."""
    small = read(spec)
    shrunk = (small["task"]["resolution"] / 16) ** 2
    small["prototype"] = os.path.relpath(Path(spec).parent / small["prototype"], Path(out).parent)
    small["task"] = {"dataset": f"synthetic:classes=10,size=16,channels=3,train=300,test=100"}
    small["tiers"] = small["tiers"][-2:]
    for tier in small["tiers"]:
        millions = float(tier["require"]["macs"]["max"].rstrip("M"))
        tier["require"]["macs"]["max"] = f"{round(millions * 1e6 / shrunk)}"
    small["search"].update(candidates=3, rungs=[1], images=100)
    small["search"].pop("validation_images", None)
    small["training"].update(final_epochs=2, final_seeds=1, learning_rate=0.05)
    write(out, small)


def has_winners(spec, designs):
    return all(winner_file(designs, tier, side_of(spec)).exists() for tier in read(spec)["tiers"])


def keep_winners(spec, designs, report):
    (campaign,) = report["campaigns"]
    if campaign["state"] != "finished":
        sys.exit("the search is not finished; the same command goes on from there")
    for tier, found in zip(read(spec)["tiers"], campaign["tiers"]):
        best = [row for row in found["leaderboard"] if not row["misses"] and not row["trouble"]]
        if not best:
            sys.exit(f"tier {tier['name']}: no design meets its requirements")
        design = read(best[0]["file"])
        file = winner_file(designs, tier, side_of(spec))
        design["name"] = file.stem
        write(file, design)


def trainings(spec, designs, results, out):
    side, wanted = side_of(spec), read(spec)
    seeds = list(range(1, wanted["training"].get("final_seeds", 3) + 1))
    suffix = "32" if side == "32" else "64"
    files = [ROOT / "prototypes" / f"{name}_{suffix}.json" for name in BASELINES]
    winners = [winner_file(designs, tier, side) for tier in reversed(wanted["tiers"])]
    files[1:1] = [file for file in winners if file.exists()]  # the first baseline and the smallest winner say most
    relative = lambda path: os.path.relpath(path, Path(out).parent)
    write(out, {
        "format": 1,
        "spec": relative(spec),
        "results": relative(results),
        "trainings": [{"design": relative(file), "seeds": seeds} for file in files],
    })


def netscore(top1, params, macs):
    return 20 * math.log10((100 * top1) ** 2 / math.sqrt(params / 1e6) / math.sqrt(macs / 1e9)) if top1 > 0 else None


def table(results, out):
    groups = {}
    for file in sorted(Path(results).glob("*.json")):
        result = read(file)
        key = (result["dataset"], result["resolution"], file.stem.rsplit("-s", 1)[0])
        groups.setdefault(key, []).append(result)
    rows = []
    for (dataset, resolution, network), runs in groups.items():
        done = [run for run in runs if run["outcome"] == "finished"]
        test = [run["test_top1"] for run in done]
        validation = [run["validation_top1"] for run in done]
        mean = statistics.mean(test) if test else None
        first = runs[0]
        rows.append({
            "network": network, "dataset": dataset, "resolution": resolution,
            "params": first["params"], "macs": first["macs"],
            "top1_mean": mean, "top1_std": statistics.stdev(test) if len(test) > 1 else None,
            "validation_top1_mean": statistics.mean(validation) if test else None,
            "seeds": [run["seed"] for run in done], "lost": len(runs) - len(done),
            "epochs": first["recipe"]["epochs"],
            "netscore": netscore(mean, first["params"], first["macs"]) if mean else None,
            "peak_kib": first["peak_activation_bytes"] / 1024,
            "cpu_seconds": sum(run["cpu_seconds"] for run in runs),
            "cpus": sorted({run["cpu"] for run in runs}),
        })
    rows.sort(key=lambda row: (row["dataset"], -row["macs"]))
    write(out, rows)
    print(f"{'network':<24} {'data set':<12} {'params':>10} {'MACs':>12} {'test %':>7} {'dev':>5} {'seeds':>5} {'NetScore':>8}")
    for row in rows:
        number = lambda value, form: format(value, form) if value is not None else "-"
        print(f"{row['network']:<24.24} {row['dataset']:<12.12} {row['params']:>10,} {row['macs']:>12,} "
              f"{number(row['top1_mean'] and 100 * row['top1_mean'], '7.2f'):>7} "
              f"{number(row['top1_std'] and 100 * row['top1_std'], '.2f'):>5} {len(row['seeds']):>5} "
              f"{number(row['netscore'], '.1f'):>8}")


def main(command, *files):
    if command == "smoke":
        smoke(*files)
    elif command == "has-winners":
        sys.exit(0 if has_winners(*files) else 1)
    elif command == "winners":
        keep_winners(*files, json.load(sys.stdin))
    elif command == "list":
        trainings(*files)
    elif command == "table":
        table(*files)
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    main(*sys.argv[1:])
