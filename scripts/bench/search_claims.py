#!/usr/bin/env python3
"""What searches on several tables say together: the bars, one row a table, in Markdown.

    search_claims.py REPETITIONS.json:SUMMARY.json ...      search_bench --store, and search_bench --from ... --json

A budget is used where the best baseline's median regret exceeds the noise between seeds. p-values are those of Wilcoxon's
signed-rank test over pairs, adjusted by Holm's method within a table and a measure, over all baselines and budgets; and
again over all tables together.
"""
import json
import statistics
import sys

OURS, LEVEL = "generative_synthesis", 0.05
MEASURES = ("regret", "hypervolume")


def holm(values):
    adjusted, largest = [0.0] * len(values), 0.0
    for rank, i in enumerate(sorted(range(len(values)), key=values.__getitem__)):
        largest = max(largest, min(1.0, (len(values) - rank) * values[i]))
        adjusted[i] = largest
    return adjusted


def duels(name, summary):
    """(table, measure, budget, is_used, baseline, effect, p, adjusted p) of ours against every baseline."""
    return [[name, measure, row["budget"], row["is_used"], baseline, test["effect"], test["p"], test["adjusted_p"]]
            for row in summary[OURS]["by_budget"] for measure in MEASURES for baseline, test in row[measure].items()]


def add_pooled(rows):
    for measure in MEASURES:
        chosen = [row for row in rows if row[1] == measure]
        for row, p in zip(chosen, holm([row[6] for row in chosen])):
            row.append(p)


def verdict(rows, measure, at):
    """(by budget the baselines that are better, used budgets where ours beats every baseline, used budgets)."""
    budgets = {}
    for row in rows:
        if row[1] == measure:
            budgets.setdefault(row[2], []).append(row)
    worse = {budget: names for budget, of in budgets.items()
             if (names := [row[4] for row in of if row[5] < 0 and row[at] < LEVEL])}
    used = [budget for budget, of in budgets.items() if of[0][3]]
    better = [budget for budget in used if all(row[5] > 0 and row[at] < LEVEL for row in budgets[budget])]
    return worse, better, used


def cost_ratio(stored, summary, measure):
    """Ours over the best baseline's cost, each to what that baseline reaches at the largest budget."""
    key = "cpu_share_to_best_baseline" + ("" if measure == "regret" else "_hypervolume")
    baselines = [one["label"] for one in stored["outcomes"] if one["is_baseline"]]
    reached = [summary[label][key] for label in baselines if summary[label][key] is not None]
    ours = summary[OURS][key]
    return None if ours is None or not reached else ours / min(reached)


def falls(stored, summary):
    volumes = [row["median_hypervolume"] for row in summary[OURS]["by_budget"]]
    return [f"{100 * b:g} %" for b, before, after in zip(stored["budgets"][1:], volumes, volumes[1:]) if after < before]


def percent(budgets):
    return ", ".join(f"{100 * b:g}" for b in budgets) or "none"


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    tables, rows = [], []
    for pair in sys.argv[1:]:
        first, second = pair.split(":")
        with open(first, encoding="utf-8") as file, open(second, encoding="utf-8") as other:
            stored, summary = json.load(file), json.load(other)
        name = stored["label"] if "label" in stored else first.split("/")[-1].removesuffix(".json")
        tables.append((name, stored, summary))
        rows += duels(name, summary)
    add_pooled(rows)
    print("| table | designs | rungs | measure | significantly worse at, % | better than every baseline at, % of used | "
          "cost to the best baseline's | falls at |\n|" + "---|" * 8)
    ratios, counts = {}, {measure: [0] * 5 for measure in MEASURES}
    for name, stored, summary in tables:
        own = [row for row in rows if row[0] == name]
        for measure in MEASURES:
            worse, better, used = verdict(own, measure, 7)
            ratio = cost_ratio(stored, summary, measure)
            ratios.setdefault(measure, []).append((len(stored["rungs"]) > 1, ratio))
            pooled = verdict(own, measure, 8)
            found = (len(worse), len(pooled[0]), len(better), len(used), len(pooled[1]))
            counts[measure] = [sum(pair) for pair in zip(counts[measure], found)]
            beaten = "; ".join(f"{100 * budget:g} by {', '.join(names)}" for budget, names in worse.items()) or "none"
            print(f"| {name} | {stored['designs']} | {len(stored['rungs'])} | {measure} | {beaten} | "
                  f"{percent(better)} of {percent(used)} | {'never' if ratio is None else f'{ratio:.2f}'} | "
                  f"{', '.join(falls(stored, summary)) or '-' if measure == 'hypervolume' else ''} |")
    print()
    for measure, (worse, pooled_worse, won, used, pooled_won) in counts.items():
        print(f"* {measure.capitalize()}: significantly worse than a baseline at {worse} table-budget pairs (adjusted over all tables "
              f"together: {pooled_worse}); better than every baseline at {won} of the {used} used ({pooled_won}).")
    for measure, of in ratios.items():
        for has_rungs, what in ((None, "all tables"), (True, "tables with rungs")):
            chosen = [9e9 if r is None else r for rungs, r in of if has_rungs is None or rungs]
            if chosen:
                middle = statistics.median(chosen)
                print(f"* {measure.capitalize()}, {what}: median cost to what the best baseline reaches, as a share of its cost: "
                      f"{'never' if middle > 1e9 else f'{middle:.2f}'}.")


main()
