#!/usr/bin/env python3
"""What scripts/detectors.sh needs beside atto: the lists of trainings, the winner's file, the table.

  detectors.py smoke SPEC OUT                        a spec of minutes, on made-up pictures, of the same path
  detectors.py count SPEC FOLDER ATTO                what a design of the spec and ResNet-50 cost, counted alike
  detectors.py draw SPEC DESIGNS ATTO                the first design that the machine draws, without a search
  detectors.py winner SPEC DESIGNS < report.json     keeps the best design of a search
  detectors.py choices SPEC DESIGNS RESULTS OUT      short trainings with every learning rate, as atto train takes them
  detectors.py list SPEC DESIGNS RESULTS OUT         all networks, each with its best learning rate, as atto train takes them
  detectors.py table RESULTS OUT [PAGE]              a row for each network and data set, over its seeds; into the page too
"""
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from trainings import (ROOT, ask, finished, keep_design, read, relative_to, results_by_network, sound, write, write_list,
                       write_text)

RIVAL = "resnet50_mask_rcnn"
LEARNING_RATES, CHOICE_EPOCHS = [0.02, 0.05, 0.1], 3
MARKS = "<!-- trainings of scripts/detectors.sh -->\n", "<!-- end of trainings -->\n"


def smoke(spec, out):
    """Tiles of 64 pixels with costs to match, few designs, an epoch."""
    small = read(spec)
    small["prototype"] = relative_to(out)(Path(spec).parent / small["prototype"])
    small["task"].update(dataset="synthetic_instances:size=96,train=16,validation=2,test=2,tiles=64", resolution=64,
                         proposals=20, detections=10)
    small["require"] = {"params": {"max": "400k"}, "macs": {"max": "60M"}}
    small["search"].update(candidates=2, rungs=[1], images=8, validation_images=4, band=0)
    small["training"].update(final_epochs=1, final_seeds=1)
    write(out, small)


def count(spec, folder, atto):
    """Writes the spec of the rival beside the spec's own: the same task, no requirement."""
    rival = read(spec)
    rival.update(name=RIVAL, require={}, prototype=str(ROOT / "prototypes" / f"{RIVAL}.json"))
    rival.pop("search")
    file = Path(folder) / f"{RIVAL}_{Path(spec).stem}.json"
    write(file, rival)
    ours, theirs = (ask(atto, "check", one)[0]["requirements"][0]["witness"] for one in (spec, file))
    task = rival["task"]
    print(f"{task['dataset']} at {task['resolution']} pixels, {task['proposals']} proposals, "
          f"{task['detections']} masks\n| network | parameters | MACs |\n|---|---|---|")
    for name, costs in ((Path(spec).stem, ours), (RIVAL, theirs)):
        print(f"| {name} | {costs['params']:,} | {costs['macs']:,} |")
    print(f"| times fewer | {theirs['params'] / ours['params']:.1f} | {theirs['macs'] / ours['macs']:.1f} |")


def draw(spec, designs, atto):
    name = f"{Path(spec).stem}_drawn"
    if (Path(designs) / f"{name}.json").exists():
        return
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([atto, "generate", spec, "-n", "1", "--out", folder], check=True, stdout=subprocess.DEVNULL)
        (file,) = Path(folder).glob("*.json")
        keep_design(read(file), name, designs)


def keep_winner(spec, designs, report):
    best = sound(finished(report)["tiers"][0])
    if not best:
        sys.exit("no design meets the requirements")
    keep_design(read(best[0]["file"]), Path(spec).stem, designs)


def contestants(spec, designs):
    """{name of its trainings: design file}, those first that say most."""
    name = Path(spec).stem
    ours = {one: Path(designs) / f"{one}.json" for one in (name, f"{name}_drawn")}
    rival = {f"{RIVAL}_{name}": ROOT / "prototypes" / f"{RIVAL}.json"}
    return {one: file for one, file in (ours | rival).items() if file.exists()}


def choice_name(network, rate):
    return f"{network}_lr{rate:g}"


def choices(spec, designs, results, out):
    short = min(CHOICE_EPOCHS, read(spec)["training"]["final_epochs"])
    write_list(spec, Path(results) / "choices", out, [
        {"design": file, "name": choice_name(network, rate), "epochs": short, "training": {"learning_rate": rate}}
        for network, file in contestants(spec, designs).items() for rate in LEARNING_RATES])


def chosen(network, results):
    """The rate with the least validation loss of its short training; the middle one where none is finished."""
    losses = {}
    for rate in LEARNING_RATES:
        kept = Path(results) / "choices" / f"{choice_name(network, rate)}-s1.json"
        if kept.exists() and (result := read(kept))["outcome"] == "finished":
            losses[rate] = result["epochs"][-1]["validation_loss"]
    return min(losses, key=losses.get) if losses else LEARNING_RATES[1]


def trainings(spec, designs, results, out):
    seeds = list(range(1, read(spec)["training"]["final_seeds"] + 1))
    write_list(spec, results, out, [
        {"design": file, "name": network, "seeds": seeds, "training": {"learning_rate": chosen(network, results)}}
        for network, file in contestants(spec, designs).items()])


SCORES = ["mask_map", "mask_map50", "box_map", "box_map50"]


def row_of(network, runs):
    done = [run for run in runs if run["outcome"] == "finished"]
    first = runs[0]
    row = {key: first[key] for key in ("dataset", "resolution", "params", "macs")}
    row.update(network=network, seeds=[run["seed"] for run in done], lost=len(runs) - len(done),
               epochs=first["recipe"]["epochs"], learning_rate=first["recipe"]["learning_rate"],
               cpu_seconds=statistics.mean(run["cpu_seconds"] for run in runs), cpus=sorted({run["cpu"] for run in runs}))
    for score in SCORES:
        values = [run[f"test_{score}"] for run in done]
        row[score] = statistics.mean(values) if values else None
        row[f"{score}_std"] = statistics.stdev(values) if len(values) > 1 else None
    return row


def within(run, seconds):
    """The validation mask AP that a training has after so many CPU-seconds."""
    spent, score = 0, 0
    for epoch in run["epochs"]:
        spent += epoch["cpu_seconds"]
        if spent > seconds:
            break
        score = epoch["validation_mask_map"] or score
    return score


def add_comparison(rows, groups):
    """Against the rival on the same pictures: costs, and validation after the CPU-seconds of the cheapest network."""
    for row in rows:
        beside = [other for other in rows if other["dataset"] == row["dataset"]]
        rival = next((other for other in beside if other["network"].startswith(RIVAL)), None)
        if rival:
            row["params_ratio"], row["macs_ratio"] = rival["params"] / row["params"], rival["macs"] / row["macs"]
        row["equal_cpu_seconds"] = min(other["cpu_seconds"] for other in beside)
        row["validation_mask_map_at_equal_cpu"] = statistics.mean(
            within(run, 1.05 * row["equal_cpu_seconds"]) for run in groups[row["network"]])


def share(row, score):
    if row[score] is None:
        return ""
    spread = row[f"{score}_std"]
    return f"{100 * row[score]:.1f}" + (f" +- {100 * spread:.1f}" if spread else "")


def markdown(rows):
    lines = ["| network | data | parameters | MACs | times fewer | mask AP % | AP50 | box AP % | AP50 | seeds | epochs | "
             "CPU-s a seed | validation mask AP % at equal CPU-s |", "|" + "---|" * 13]
    for row in rows:
        ratios = f"{row['params_ratio']:.1f}, {row['macs_ratio']:.1f}" if "macs_ratio" in row else ""
        lines.append(" | ".join(["| " + row["network"], row["dataset"], f"{row['params']:,}", f"{row['macs'] / 1e6:,.0f} M",
                                 ratios, *(share(row, score) for score in SCORES), str(len(row["seeds"])),
                                 str(row["epochs"]), f"{row['cpu_seconds']:,.0f}",
                                 f"{100 * row['validation_mask_map_at_equal_cpu']:.1f}"]) + " |")
    return "\n".join(lines) + "\n"


def table(results, out, page=None):
    files = results_by_network(Path(results).glob("*-s*.json"))
    groups = {network: [read(file) for file in own] for network, own in files.items()}
    if not groups:
        return print("no training is finished yet")
    rows = [row_of(network, runs) for network, runs in groups.items()]
    add_comparison(rows, groups)
    rows.sort(key=lambda row: (row["dataset"], row["macs"]))
    write(out, rows)
    text = markdown(rows)
    print(text, end="")
    if page:
        before, rest = Path(page).read_text().split(MARKS[0])
        write_text(page, before + MARKS[0] + text + MARKS[1] + rest.split(MARKS[1])[1])


COMMANDS = {"smoke": smoke, "count": count, "draw": draw, "choices": choices, "list": trainings, "table": table,
            "winner": lambda *files: keep_winner(*files, json.load(sys.stdin))}

if __name__ == "__main__":
    if len(sys.argv) < 2 or sys.argv[1] not in COMMANDS:
        sys.exit(__doc__)
    COMMANDS[sys.argv[1]](*sys.argv[2:])
