#!/usr/bin/env bash
# Measures `atto generate`: distinct feasible designs per second (median and spread over repetitions, hashes
# and counts included), and how the designs stand to the ceilings of the spec.
#   scripts/bench/generator.sh [--json] [--spec FILE]... [-n COUNT] [--repeat R] [--threads T]
# ATTO names the binary (default: that of the build folder, which is built first).
set -euo pipefail
cd "$(dirname "$0")/../.."

json=0 count=40000 repeat=5 threads=0 specs=()
while [ $# -gt 0 ]; do
  case $1 in
    --json) json=1 ;;
    --spec) specs+=("$2"); shift ;;
    -n) count=$2; shift ;;
    --repeat) repeat=$2; shift ;;
    --threads) threads=$2; shift ;;
    *) sed -n '2,5s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
  esac
  shift
done
[ ${#specs[@]} -gt 0 ] || specs=(design_specs/attonet_{a,b,c,d}.json)
[ -n "${ATTO:-}" ] || ATTO=$(scripts/bench/build.sh atto)/bin/atto

exec python3 - "$json" "$count" "$repeat" "$threads" "$ATTO" "${specs[@]}" <<'PYTHON'
import json, os, re, statistics, subprocess, sys

as_json, count, repeat, threads, atto, *specs = sys.argv[1:]


def measure(spec):
    rates, designs = [], []
    for repetition in range(int(repeat)):
        run = subprocess.run([atto, "generate", spec, "-n", count, "--seed", str(repetition + 1),
                              "--threads", threads, "--json"], capture_output=True, text=True)
        if run.returncode != 0:
            sys.exit(f"bench: atto generate {spec} gave exit code {run.returncode}: {run.stderr.strip()}")
        found, seconds = re.search(r"(\d+) distinct feasible designs in ([\d.]+) s", run.stderr).groups()
        rates.append(int(found) / float(seconds))
        designs += json.loads(run.stdout)
    uses = [design["use"] for design in designs]
    return {
        "spec": os.path.basename(spec).removesuffix(".json"), "designs": int(count), "repetitions": len(rates),
        "designs_per_s": {"median": round(statistics.median(rates)), "min": round(min(rates)),
                          "max": round(max(rates))},
        "within_every_ceiling": sum(use <= 1 for use in uses) / len(uses),
        "use_90_percent": sum(use >= 0.9 for use in uses) / len(uses),
        "params": [min(d["params"] for d in designs), max(d["params"] for d in designs)],
        "macs": [min(d["macs"] for d in designs), max(d["macs"] for d in designs)],
    }


results = [measure(spec) for spec in specs]
if as_json == "1":
    print(json.dumps(results, indent=2))
    sys.exit()
print(f"{'spec':<14} {'designs/s':>10} {'min':>8} {'max':>8} {'in ceilings':>12} {'use >= 90%':>11}"
      f" {'params':>21} {'MACs (M)':>15}")
for r in results:
    rate = r["designs_per_s"]
    print(f"{r['spec']:<14} {rate['median']:>10,} {rate['min']:>8,} {rate['max']:>8,}"
          f" {r['within_every_ceiling']:>12.2%} {r['use_90_percent']:>11.2%}"
          f" {r['params'][0]:>10,}-{r['params'][1]:<10,} {r['macs'][0] / 1e6:>7.1f}-{r['macs'][1] / 1e6:<7.1f}")
print(f"{count} designs, {repeat} repetitions, {os.cpu_count()} cores, threads "
      f"{'all' if threads == '0' else threads}")
PYTHON
