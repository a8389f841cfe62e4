#!/usr/bin/env python3
"""What scripts/reproduce.sh needs beside atto: the list of trainings, the winners' files, the table.

  reproduce.py smoke SPEC OUT                         a spec of minutes, on made-up pictures, of the same path
  reproduce.py has-winners SPEC DESIGNS               exit 0 where every tier has its winner
  reproduce.py winners SPEC DESIGNS < report.json     keeps the best design of every tier
  reproduce.py alone SPEC STRATEGY OUT                a spec of the smallest tier alone, searched by that strategy
  reproduce.py found SPEC DESIGNS RESULTS < report.json  keeps what such a search found, and every value of it
  reproduce.py scaled SPEC DESIGNS ATTO               the baselines as wide as the smallest tier's budget allows
  reproduce.py choices SPEC DESIGNS RESULTS OUT       short trainings of every recipe in question, as atto train takes them
  reproduce.py list SPEC DESIGNS RESULTS OUT          all networks, each with its best recipe, as atto train takes them
  reproduce.py export SPEC TRAININGS RESULTS ATTO ROUNDS  exports what was trained here, measures it in turns
  reproduce.py table SPEC RESULTS OUT ATTO            a row for each network, over its seeds; Markdown and a picture
"""
import json
import math
import statistics
import subprocess
import sys
from pathlib import Path

from trainings import ROOT, ask, finished, keep_design, read, relative_to, results_by_network, sound, write, write_list

BASELINES = ["mobilenet_v1", "mobilenet_v2", "shufflenet_v2"]
STRATEGIES = ["generative_synthesis", "random_asha", "aging_evolution"]
# Recipes in question: the best of them by validation, in short runs of one length, is each network's own.
LEARNING_RATES, WEIGHT_DECAYS, CHOICE_EPOCHS = [0.1, 0.2, 0.4], [0.0005, 0.00005], 5


def side_of(spec):
    return Path(spec).stem.rsplit("_", 1)[1]


def winner_file(designs, tier, side):
    return Path(designs) / f"attonet_{tier['name'].lower()}_{side}.json"


def smoke(spec, out):
    """Two tiers at 16 pixels with multiply-adds to match, few designs, one epoch or two."""
    small = read(spec)
    shrunk = (small["task"]["resolution"] / 16) ** 2
    small["prototype"] = relative_to(out)(Path(spec).parent / small["prototype"])
    small["task"] = {"dataset": f"synthetic:classes=10,size=16,channels=3,train=300,test=100"}
    small["tiers"] = small["tiers"][-2:]
    for tier in small["tiers"]:
        tier["require"]["macs"]["max"] = round(number_of(tier["require"]["macs"]["max"]) / shrunk)
    small["search"].update(candidates=3, rungs=[1], images=100)
    small["search"].pop("validation_images", None)
    small["training"].update(final_epochs=2, final_seeds=1, learning_rate=0.05)
    write(out, small)


def has_winners(spec, designs):
    return all(winner_file(designs, tier, side_of(spec)).exists() for tier in read(spec)["tiers"])


def keep_winners(spec, designs, report):
    for tier, found in zip(read(spec)["tiers"], finished(report)["tiers"]):
        best = sound(found)
        if not best:
            sys.exit(f"tier {tier['name']}: no design meets its requirements")
        keep_design(read(best[0]["file"]), winner_file(designs, tier, side_of(spec)).stem, designs)


def smallest(spec):
    return read(spec)["tiers"][-1]


def at_budget(name, spec):
    """The name of a network that is no winner of the family, at the smallest tier's budget."""
    return f"{name}_{side_of(spec)}_at_{smallest(spec)['name'].lower()}"


def alone(spec, strategy, results, out):
    """The smallest tier alone. The first strategy sets the CPU-seconds that the others may use."""
    one = read(spec)
    one["name"] = at_budget(strategy, spec)
    one["prototype"] = relative_to(out)(Path(spec).parent / one["prototype"])
    one["tiers"] = one["tiers"][-1:]
    one["search"]["strategy"] = strategy
    if strategy != STRATEGIES[0]:
        allowed = read(Path(results) / "searches" / f"{at_budget(STRATEGIES[0], spec)}.json")["cpu_seconds"]
        one["search"]["budget"] = {"cpu_seconds": max(1, round(allowed))}
        one["search"]["candidates"] *= 4
    write(out, one)


def keep_found(spec, designs, results, report):
    (campaign,) = report["campaigns"]
    name = at_budget(campaign["strategy"], spec)
    rows = [row for row in sound(campaign["tiers"][0]) if row["value"] is not None]
    if not rows:
        sys.exit(f"{name}: no design meets the requirements")
    keep_design(read(rows[0]["file"]), name, designs)
    kept = ("hash", "params", "macs", "rung_top1", "cpu_seconds")
    (Path(results) / "searches").mkdir(exist_ok=True)
    write(Path(results) / "searches" / f"{name}.json", {
        "strategy": campaign["strategy"], "seed": campaign["seed"], "data": campaign["data"],
        "cpu_seconds": campaign["cpu_seconds"], "designs": [{key: row[key] for key in kept} for row in rows],
    })


def number_of(text):
    """The number that "18.54M" or 300000 means."""
    text = str(text)
    return float(text[:-1]) * {"k": 1e3, "M": 1e6, "G": 1e9}[text[-1]] if text[-1].isalpha() else float(text)


def narrowed(network, factor):
    """A network with every width that people wrote times a factor, in multiples of four."""
    narrow = lambda width: max(4, 4 * round(width * factor / 4))
    network = json.loads(json.dumps(network))
    for part in network["stages"] + network["stem"] + network["head"]:
        if "channels" in part:
            part["channels"] = narrow(part["channels"])
    return network


def scale(spec, designs, atto):
    """The widest version of each baseline within the smallest tier's ceilings."""
    side, work = side_of(spec), Path(designs) / ".scaled.json"
    task = ask(atto, "check", spec)[0]
    ceilings = {cost: number_of(limits["max"]) for cost, limits in smallest(spec)["require"].items()}
    for baseline in BASELINES:
        file = Path(designs) / f"{at_budget(baseline, spec)}.json"
        if file.exists():
            continue
        full = read(ROOT / "prototypes" / f"{baseline}_{side}.json")
        for percent in range(100, 0, -1):
            network = narrowed(full, percent / 100)
            network["name"] = file.stem
            network["description"] = f"{full['name']}, its widths times {percent / 100:g} in multiples of four."
            network["input"] = dict(zip(("channels", "height", "width"), task["input"]))
            network["classes"] = task["classes"]
            write(work, network)
            costs = ask(atto, "check", work)[0]
            if all(costs[cost] <= most for cost, most in ceilings.items()):
                break
        work.replace(file)


def contestants(spec, designs):
    """Design files in the order in which they say most: the first baseline and the smallest winner first."""
    side = side_of(spec)
    winners = [winner_file(designs, tier, side) for tier in reversed(read(spec)["tiers"])]
    others = [Path(designs) / f"{at_budget(name, spec)}.json" for name in BASELINES + STRATEGIES]
    files = [ROOT / "prototypes" / f"{name}_{side}.json" for name in BASELINES]
    files = winners[:1] + files[:1] + others + winners[1:] + files[1:]
    return [file for file in files if file.exists()]


def recipes(file):
    """The recipes in question for a network: {name of the short training: keys of its recipe}."""
    return {f"{file.stem}_lr{rate:g}_wd{decay:g}": {"learning_rate": rate, "weight_decay": decay}
            for rate in LEARNING_RATES for decay in WEIGHT_DECAYS}


def choices(spec, designs, results, out):
    short = min(CHOICE_EPOCHS, read(spec)["training"].get("final_epochs", 30))
    write_list(spec, Path(results) / "choices", out, [
        {"design": file, "name": name, "epochs": short, "training": recipe}
        for file in contestants(spec, designs) for name, recipe in recipes(file).items()])


def chosen(file, results):
    """The recipe with the best validation of its short training; the spec's own where none is finished."""
    def validation(name):
        kept = Path(results) / "choices" / f"{name}-s1.json"
        return read(kept)["validation_top1"] or 0 if kept.exists() else 0
    name, recipe = max(recipes(file).items(), key=lambda item: validation(item[0]))
    return recipe if validation(name) > 0 else {}


def trainings(spec, designs, results, out):
    seeds = list(range(1, read(spec)["training"].get("final_seeds", 3) + 1))
    write_list(spec, results, out, [
        {"design": file, "seeds": seeds, "training": chosen(file, results)} for file in contestants(spec, designs)])


def export(spec, folder, results, atto, rounds):
    """What the first training of each network makes on this machine: files, agreement, latencies in turns."""
    (Path(results) / "exports").mkdir(exist_ok=True)
    made = {}
    for run in sorted(Path(folder).glob(f"*_{side_of(spec)}*-s1")):
        if not (run / "weights.safetensors").exists():
            continue
        ask_nothing = ["reference", str(run), "--images", "1000000", "--out", str(run / "test.safetensors"), "--quiet"]
        subprocess.run([atto, *ask_nothing], check=True)
        files = []
        for options in (["--to", "atto,onnx"], ["--to", "atto", "--int8"]):
            files += ask(atto, "export", run, *options, "--reference", run / "test.safetensors", also=(1,))
        (run / "test.safetensors").unlink()
        made[run] = {"network": run.name.rsplit("-s", 1)[0], "files": [
            {key: file[key] for key in ("target", "precision", "bytes", "agrees", "trouble", "images", "max_error",
                                        "top1_agreement", "top1", "reference_top1")} for file in files]}
    times = {}
    for _ in range(int(rounds)):
        for run in made:
            for file in ("model.atto", "model.int8.atto"):
                if (run / file).exists():
                    told = ask(atto, "bench", run / file, "--rounds", "5")
                    times.setdefault((run, told["precision"], told["level"]), []).append(told["median_ms"])
    for (run, precision, level), measured in times.items():
        made[run][f"{precision}_ms"], made[run]["level"] = statistics.median(measured), level
    for entry in made.values():
        write(Path(results) / "exports" / f"{entry['network']}.json", entry)
        print(f"{entry['network']:<34.34}", *(f"{file['precision']} {file['target']} "
              f"{'agrees' if file['agrees'] else file['trouble']};" for file in entry["files"]))


def netscore(top1, params, macs):
    return 20 * math.log10((100 * top1) ** 2 / math.sqrt(params / 1e6) / math.sqrt(macs / 1e9)) if top1 > 0 else None


def row_of(network, runs, results):
    done = [run for run in runs if run["outcome"] == "finished"]
    test = [run["test_top1"] for run in done]
    mean = statistics.mean(test) if test else None
    first = runs[0]
    row = {
        "network": network, "dataset": first["dataset"], "resolution": first["resolution"],
        "params": first["params"], "macs": first["macs"],
        "top1_mean": mean, "top1_std": statistics.stdev(test) if len(test) > 1 else None,
        "validation_top1_mean": statistics.mean(run["validation_top1"] for run in done) if test else None,
        "seeds": [run["seed"] for run in done], "lost": len(runs) - len(done),
        "epochs": first["recipe"]["epochs"], "learning_rate": first["recipe"]["learning_rate"],
        "weight_decay": first["recipe"]["weight_decay"],
        "netscore": netscore(mean, first["params"], first["macs"]) if mean else None,
        "peak_kib": first["peak_activation_bytes"] / 1024,
        "fp32_ms": None, "int8_ms": None, "int8_top1": None,
        "cpu_seconds": sum(run["cpu_seconds"] for run in runs),
        "cpus": sorted({run["cpu"] for run in runs}),
    }
    exported = Path(results) / "exports" / f"{network}.json"
    if exported.exists():
        made = read(exported)
        row.update(fp32_ms=made.get("fp32_ms"), int8_ms=made.get("int8_ms"))
        row.update({f"{file['precision']}_top1": file["top1"] for file in made["files"] if file["precision"] == "int8"})
    return row


def add_differences(rows, files, atto):
    """Against the first baseline, paired over test images and seeds: a tie where the interval holds 0."""
    first = next((row for row in rows if row["network"].startswith(BASELINES[0]) and "_at_" not in row["network"]), None)
    if first is None or first["top1_mean"] is None:
        return
    for row in rows:
        row["params_ratio"], row["macs_ratio"] = first["params"] / row["params"], first["macs"] / row["macs"]
        if row is not first and row["top1_mean"] is not None:
            told = ask(atto, "compare", *files[first["network"]], *files[row["network"]])
            row["against_first"] = told["networks"][1]["against_first"]


def table(spec, results, out, atto):
    groups = results_by_network(Path(results).glob(f"*_{side_of(spec)}*-s*.json"))
    rows = [row_of(network, [read(file) for file in files], results) for network, files in groups.items()]
    done = {network: [file for file in files if read(file)["outcome"] == "finished"] for network, files in groups.items()}
    add_differences(rows, done, atto)
    rows.sort(key=lambda row: -row["macs"])
    others = [row for row in (read(out) if Path(out).exists() else []) if row["network"] not in groups]
    write(out, others + rows)
    number = lambda value, form: format(value, form) if value is not None else ""
    print("| network | parameters | MACs | times fewer | test top-1 % | seeds | against the first, points | fp32 ms | "
          "int8 ms | int8 top-1 % |\n|" + "---|" * 10)
    for row in rows:
        paired = row.get("against_first")
        against = (f"{100 * paired['difference']:+.2f} ({100 * paired['low']:+.2f} to {100 * paired['high']:+.2f})"
                   if paired else "")
        percent = row["top1_mean"] and 100 * row["top1_mean"]
        print(f"| {row['network']} | {row['params']:,} | {row['macs'] / 1e6:.2f} M | "
              f"{number(row.get('params_ratio'), '.1f')}, {number(row.get('macs_ratio'), '.1f')} | "
              f"{number(percent, '.2f')}{' +- ' + number(100 * row['top1_std'], '.2f') if row['top1_std'] else ''} | "
              f"{len(row['seeds'])} | {against} | {number(row['fp32_ms'], '.3f')} | {number(row['int8_ms'], '.3f')} | "
              f"{number(row['int8_top1'] and 100 * row['int8_top1'], '.2f')} |")
    picture(rows, Path(out).with_name(f"{Path(out).stem}_{side_of(spec)}.svg"))


def picture(rows, out):
    """Test accuracy against multiply-adds, as SVG: our designs filled, others as rings."""
    shown = [row for row in rows if row["top1_mean"]]
    if not shown:
        return
    width, height, left, right, top, bottom = 720, 420, 56, 170, 16, 48
    logs = [math.log10(row["macs"]) for row in shown]
    tops = [100 * row["top1_mean"] for row in shown]
    low, high = min(logs) - 0.1, max(logs) + 0.1
    floor, ceiling = math.floor(min(tops)) - 1, math.ceil(max(tops)) + 1
    x = lambda log: left + (log - low) / (high - low) * (width - left - right)
    y = lambda value: height - bottom - (value - floor) / (ceiling - floor) * (height - top - bottom)
    svg = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" '
           f'font-size="12"><rect width="{width}" height="{height}" fill="#fff"/>']
    step = max(1, round((ceiling - floor) / 6))
    for value in range(floor, ceiling + 1, step):
        svg.append(f'<line x1="{left}" x2="{width - right}" y1="{y(value):.1f}" y2="{y(value):.1f}" stroke="#e5e7eb"/>'
                   f'<text x="{left - 8}" y="{y(value) + 4:.1f}" text-anchor="end">{value}</text>')
    for macs in (m * 10 ** e for e in range(4, 11) for m in (1, 2, 5)):
        if low <= math.log10(macs) <= high:
            label = f"{macs / 1e6:g} M"
            svg.append(f'<text x="{x(math.log10(macs)):.1f}" y="{height - bottom + 18}" text-anchor="middle">{label}</text>')
    svg.append(f'<text x="{(left + width - right) / 2}" y="{height - 8}" text-anchor="middle">multiply-adds</text>'
               f'<text transform="translate(16 {(top + height - bottom) / 2}) rotate(-90)" text-anchor="middle">'
               "test top-1, %</text>")
    labels = []
    for log, value, row in sorted(zip(logs, tops, shown), key=lambda point: -point[1]):
        ours = not row["network"].startswith((*BASELINES, *STRATEGIES[1:]))
        fill = ' fill="#c2410c"' if ours else ' fill="none" stroke="#475569" stroke-width="2"'
        svg.append(f'<circle cx="{x(log):.1f}" cy="{y(value):.1f}" r="5"{fill}/>')
        at = y(value) + 4
        while any(abs(at - other) < 13 and abs(x(log) - beside) < 170 for other, beside in labels):
            at += 13
        labels.append((at, x(log)))
        svg.append(f'<text x="{x(log) + 9:.1f}" y="{at:.1f}" fill="#111827">{row["network"]}</text>')
    Path(out).write_text("".join(svg) + "</svg>\n")


COMMANDS = {"smoke": smoke, "alone": alone, "scaled": scale, "choices": choices, "list": trainings, "export": export,
            "table": table,
            "has-winners": lambda *files: sys.exit(0 if has_winners(*files) else 1),
            "winners": lambda *files: keep_winners(*files, json.load(sys.stdin)),
            "found": lambda *files: keep_found(*files, json.load(sys.stdin))}

if __name__ == "__main__":
    if len(sys.argv) < 2 or sys.argv[1] not in COMMANDS:
        sys.exit(__doc__)
    COMMANDS[sys.argv[1]](*sys.argv[2:])
