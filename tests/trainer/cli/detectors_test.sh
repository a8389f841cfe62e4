#!/usr/bin/env bash
# The path of scripts/detectors.sh on made-up pictures: counts, a search, trainings, a table; and that nothing is done twice.
#   detectors_test.sh ATTO FOLDER
set -euo pipefail
export ATTO=$1
folder=$2
script=$(dirname "$0")/../../../scripts/detectors.sh
rm -rf "$folder"
fail() { echo "FAILED: $*" >&2 && exit 1; }

"$script" --smoke "$folder"
python3 - "$folder" <<'EOF'
import json, pathlib, sys
folder = pathlib.Path(sys.argv[1])
rows = {row["network"]: row for row in json.loads((folder / "results.json").read_text())}
networks = ["atto_nuclei", "atto_nuclei_drawn", "resnet50_mask_rcnn_atto_nuclei"]
assert set(rows) == set(networks), rows
for name, row in rows.items():
    choices = [json.loads((folder / "results" / "choices" / f"{name}_lr{rate}-s1.json").read_text())
               for rate in ("0.02", "0.05", "0.1")]
    finished = [one for one in choices if one["outcome"] == "finished"]
    best = min(finished, key=lambda one: one["epochs"][-1]["validation_loss"])["recipe"] if finished else None
    assert row["learning_rate"] == (best["learning_rate"] if best else 0.05), row
    assert row["seeds"] + [1] * row["lost"] == [1], row
    if row["seeds"]:
        assert all(0 <= row[score] <= 1 for score in ("mask_map", "mask_map50", "box_map", "box_map50")), row
for name in networks[:2]:
    assert rows[name]["params"] <= 400_000 and rows[name]["macs"] <= 60_000_000, rows[name]
    assert rows[name]["params_ratio"] > 100 and rows[name]["macs_ratio"] > 20, rows[name]
EOF
rm -r "$folder/runs"  # as on another machine
"$script" --smoke "$folder" > "$folder/again.txt" 2>&1
grep -q "search: the winner is" "$folder/again.txt" || fail "searched again"
grep -q "9 trainings, 9 done" "$folder/again.txt" || fail "chose again"
grep -q "3 trainings, 3 done" "$folder/again.txt" || fail "trained again"
"$script" --dataset nowhere 2>/dev/null && fail "took an unknown data set"
"$script" --stage nothing 2>/dev/null && fail "took an unknown stage"
echo ok
