#!/usr/bin/env bash
# The path of scripts/reproduce.sh on made-up pictures: search, trainings, table; and that nothing is done twice.
#   reproduce_test.sh ATTO FOLDER
set -euo pipefail
export ATTO=$1
folder=$2
script=$(dirname "$0")/../../../scripts/reproduce.sh
rm -rf "$folder"
fail() { echo "FAILED: $*" >&2 && exit 1; }

"$script" --smoke "$folder" --cost
[ ! -e "$folder/runs/family_64" ] || fail "--cost must not search"
"$script" --smoke "$folder"
python3 - "$folder" <<'EOF'
import json, pathlib, sys
folder = pathlib.Path(sys.argv[1])
rows = {row["network"]: row for row in json.loads((folder / "results.json").read_text())}
assert set(rows) == {"mobilenet_v1_64", "mobilenet_v2_64", "shufflenet_v2_64", "attonet_c_64", "attonet_d_64"}, rows
assert rows["attonet_d_64"]["params"] <= 326_000 and rows["attonet_d_64"]["macs"] <= 18_540_000 / 16
assert rows["attonet_d_64"]["params"] >= 0.8 * 326_000 and rows["attonet_d_64"]["macs"] >= 0.9 * 18_540_000 / 16
assert rows["mobilenet_v1_64"]["seeds"] + [1] * rows["mobilenet_v1_64"]["lost"] == [1]
EOF
rm -r "$folder/runs"  # as on another machine
"$script" --smoke "$folder" > "$folder/again.txt" 2>&1
grep -q "every tier has its winner" "$folder/again.txt" || fail "searched again"
grep -q "5 trainings, 5 done" "$folder/again.txt" || fail "trained again"
[ ! -e "$folder/runs/family_64_trainings" ] || fail "trained again"
"$script" --dataset nowhere 2>/dev/null && fail "took an unknown data set"
"$script" --stage nothing 2>/dev/null && fail "took an unknown stage"
echo ok
