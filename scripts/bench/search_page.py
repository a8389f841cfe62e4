"""Charts and Markdown tables of a search comparison, from the repetitions that search_bench keeps.

    search_page.py REPETITIONS SUMMARY --charts FOLDER     prints Markdown on stdout
"""
import argparse
import html
import itertools
import json
import math
import os

OURS, LEVEL = "generative_synthesis", 0.05
COLOURS = {OURS: "#c2410c", "random": "#64748b", "random_asha": "#2563eb", "one_epoch_top_k": "#059669",
           "aging_evolution": "#7c3aed", "local_search": "#be185d"}
OTHERS = ["#0891b2", "#ca8a04", "#9f1239", "#4d7c0f", "#57534e", "#0f766e", "#1e3a8a", "#a16207"]
WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 720, 380, 64, 16, 16, 44


def ticks(low, high, is_log):
    if is_log:
        found = [m * 10 ** e for e in range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
                 for m in (1, 2, 5)]
        return [t for t in found if low <= t <= high]
    step = 10 ** math.floor(math.log10((high - low) / 4))
    step *= next(m for m in (1, 2, 5, 10) if (high - low) / (step * m) <= 6)
    first = math.ceil(low / step)
    return [i * step for i in range(first, int(high / step + 1e-9) + 1)]


def chart(lines, colours, y_label, is_log, noise):
    """lines: {label: [(share in percent, low, median, high)]}. Median as a line, quartiles as a band."""
    values = [v for points in lines.values() for p in points for v in p[1:] if not is_log or v > 0]
    low, high = min(values), max(values)
    low, high = (max(low, high / 1e3) / 1.15, high * 1.15) if is_log else (low, high + 0.05 * (high - low))
    right = max(p[0] for points in lines.values() for p in points)
    scale = math.log10 if is_log else float

    def x(value):
        return LEFT + value / right * (WIDTH - LEFT - RIGHT)

    def y(value):
        at = (scale(max(value, low)) - scale(low)) / (scale(high) - scale(low))
        return HEIGHT - BOTTOM - at * (HEIGHT - TOP - BOTTOM)

    svg = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" '
           f'font-size="12"><rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>']
    for tick in ticks(low, high, is_log):
        svg.append(f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y(tick):.1f}" y2="{y(tick):.1f}" stroke="#e5e7eb"/>'
                   f'<text x="{LEFT - 8}" y="{y(tick) + 4:.1f}" text-anchor="end" fill="#374151">{tick:g}</text>')
    for tick in ticks(0, right, False):
        svg.append(f'<text x="{x(tick):.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle" '
                   f'fill="#374151">{tick:g}</text>')
    svg.append(f'<text x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 8}" text-anchor="middle" fill="#111827">'
               "CPU-seconds, as % of training every design once</text>"
               f'<text transform="translate(16 {(TOP + HEIGHT - BOTTOM) / 2}) rotate(-90)" text-anchor="middle" '
               f'fill="#111827">{html.escape(y_label)}</text>')
    if noise and low < noise < high:
        svg.append(f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y(noise):.1f}" y2="{y(noise):.1f}" stroke="#9ca3af" '
                   f'stroke-dasharray="4 4"/><text x="{WIDTH - RIGHT}" y="{y(noise) - 5:.1f}" text-anchor="end" '
                   'fill="#6b7280">noise between seeds</text>')
    for label, points in lines.items():
        band = [f"{x(p[0]):.1f},{y(p[3]):.1f}" for p in points]
        band += [f"{x(p[0]):.1f},{y(p[1]):.1f}" for p in reversed(points)]
        svg.append(f'<polygon points="{" ".join(band)}" fill="{colours[label]}" opacity="0.10"/>')
    for label, points in lines.items():
        path = " ".join(f"{x(p[0]):.1f},{y(p[2]):.1f}" for p in points)
        svg.append(f'<polyline points="{path}" fill="none" stroke="{colours[label]}" stroke-width="2"/>')
    at_top = is_log
    for i, label in enumerate(lines):
        row = TOP + 14 + 17 * i if at_top else HEIGHT - BOTTOM - 17 * (len(lines) - i) + 6
        svg.append(f'<line x1="{WIDTH - 190}" x2="{WIDTH - 168}" y1="{row - 4}" y2="{row - 4}" stroke="{colours[label]}" '
                   f'stroke-width="3"/><text x="{WIDTH - 162}" y="{row}" fill="#111827">{html.escape(label)}</text>')
    return "".join(svg) + "</svg>\n"


def draw(stored, folder, shown, name):
    colours = {label: COLOURS.get(label, OTHERS[i % len(OTHERS)]) for i, label in enumerate(shown)}
    paths = []
    for measure, title, is_log in (("regret", "regret, points of top-1", True),
                                   ("hypervolume", "hypervolume, share of the table's", False)):
        lines = {}
        for one in stored["outcomes"]:
            if one["label"] not in shown:
                continue
            budget, rows = stored["budgets"][-1], one[measure + "_progress"][-1]
            points = [(100 * budget * (i + 1) / len(rows), *row) for i, row in enumerate(rows)]
            started = next(i for i, p in enumerate(points) if p[2] < 60 and (is_log or p[2] > 0))
            lines[one["label"]] = points[started:]
        path = os.path.join(folder, f"{stored['table']}_{name}_{measure}.svg")
        with open(path, "w", encoding="utf-8") as file:
            file.write(chart(lines, colours, title, is_log, stored["seed_noise"] if is_log else None))
        paths.append(path)
    return paths


def table(rows):
    head, *body = rows
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in body]) + "\n"


def quartile(values, share):
    values = sorted(values)
    at = share * (len(values) - 1)
    low = math.floor(at)
    return values[low] + (at - low) * (values[min(low + 1, len(values) - 1)] - values[low])


def spread(values, digits):
    return (f"{quartile(values, .5):.{digits}f} [{quartile(values, .25):.{digits}f}-"
            f"{quartile(values, .75):.{digits}f}]")


def marks(summary):
    """What stands behind a baseline's median: * where ours is significantly better, ! where worse. {(baseline, measure): [budget]}"""
    found = {}
    for row in summary[OURS]["by_budget"]:
        for measure in ("regret", "hypervolume"):
            for baseline, test in row.get(measure, {}).items():
                mark = "" if test["adjusted_p"] >= LEVEL else " *" if test["effect"] > 0 else " **!**"
                found.setdefault((baseline, measure), []).append(mark)
    return found


def medians(stored, summary, labels, measure, digits):
    key = "cpu_share_to_best_baseline" + ("" if measure == "regret" else "_hypervolume")
    has_baselines = any(one["is_baseline"] for one in stored["outcomes"])
    rows, found = [["", "runs", *(f"{100 * b:g} %" for b in stored["budgets"])] + ["reached at"] * has_baselines], marks(summary)
    for one in stored["outcomes"]:
        if one["label"] in labels:
            share = summary[one["label"]][key]
            cells = [spread(values, digits) + mark for values, mark in itertools.zip_longest(
                one[measure], found.get((one["label"], measure), []), fillvalue="")]
            reached = ["never" if share is None else f"{100 * share:.1f} %"] * has_baselines
            rows.append([f"`{one['label']}`" if " " not in one["label"] else one["label"], str(len(one[measure][0])), *cells, *reached])
    return table(rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("repetitions")
    parser.add_argument("summary")
    parser.add_argument("--charts", required=True)
    options = parser.parse_args()
    with open(options.repetitions, encoding="utf-8") as file:
        stored = json.load(file)
    with open(options.summary, encoding="utf-8") as file:
        summary = json.load(file)
    os.makedirs(options.charts, exist_ok=True)
    labels = [one["label"] for one in stored["outcomes"]]
    of_parts = [label for label in labels if label == OURS or label.startswith("without ")]
    is_parts = len(of_parts) > 1
    free = [label for label in labels if label.endswith(", free")]  # of optimisers outside
    shown = of_parts if is_parts else [label for label in labels if label not in free]
    rungs = ", ".join(map(str, stored["rungs"]))
    print(table([["designs", "rungs", "noise between seeds, points"], [str(stored["designs"]), rungs, f"{stored['seed_noise']:.2f}"]]))
    for measure, title, digits in (("regret", "Regret, points", 2), ("hypervolume", "Hypervolume", 3)):
        print(f"**{title}**\n\n{medians(stored, summary, shown if is_parts else labels, measure, digits)}")
    for path in draw(stored, options.charts, shown, "ablations" if is_parts else "strategies"):
        name = os.path.splitext(os.path.basename(path))[0].split("_")
        print(f"![{name[-1].capitalize()} of {name[-2]}](../pictures/{os.path.basename(path)})")


main()
