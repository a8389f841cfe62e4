"""Makes the table of scripts/bench/search_real.sh from the JSON of `atto status`, one document after another on stdin."""
import json
import sys


def documents(text):
    decoder, at = json.JSONDecoder(), 0
    while at < len(text):
        value, at = decoder.raw_decode(text, at)
        yield value
        while at < len(text) and text[at].isspace():
            at += 1


def percent(value):
    return "-" if value is None else f"{100 * value:.2f}"


def finalist(run):
    return next((e for e in run["tiers"][0]["leaderboard"] if e["validation_top1"]), None)


def row(run):
    entries, final = run["tiers"][0]["leaderboard"], finalist(run)
    at_top = [e["rung_top1"][-1] for e in entries if e["rung_top1"][-1] is not None]
    cells = [f"`{run['strategy']}`", str(run["seed"]), str(len(entries)), str(len(at_top)), percent(max(at_top, default=None)),
             percent(final["validation_top1"]["mean"]), percent(final["test_top1"]["mean"]),
             f"{final['params'] / 1e3:.0f}k", f"{final['macs'] / 1e6:.2f}M"]
    share = {key: 100 * run[key + "_cpu_seconds"] / run["cpu_seconds"] for key in ("probe", "score", "coordinator")}
    return cells + [f"{run['cpu_seconds']:.0f}", f"{run['wasted_cpu_seconds']:.0f}"] + [f"{share[key]:.2f} %" for key in share]


head = ["strategy", "seed", "designs", "at 9 epochs", "best of them, validation %", "finalist, validation %", "finalist, test %",
        "params", "MACs", "CPU-s", "wasted", "probes", "scores", "coordinator"]
print("| " + " | ".join(head) + " |\n" + "|---" * len(head) + "|")
finished = [run for run in documents(sys.stdin.read().strip()) if finalist(run)]
for one in sorted(finished, key=lambda run: (run["strategy"], run["seed"])):
    print("| " + " | ".join(row(one)) + " |")
