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
baselines = ["mobilenet_v1_64", "mobilenet_v2_64", "shufflenet_v2_64"]
strategies = ["generative_synthesis_64", "random_asha_64", "aging_evolution_64"]
at_d = [name + "_at_d" for name in baselines + strategies]
assert set(rows) == {*baselines, *at_d, "attonet_c_64", "attonet_d_64"}, rows
for name in at_d:
    assert rows[name]["params"] <= 326_000 and rows[name]["macs"] <= 18_540_000 / 16, rows[name]
    search = folder / "results" / "searches" / f"{name}.json"
    assert search.exists() == (name[:-5] in strategies)
for name, row in rows.items():
    if row["seeds"]:
        assert row["fp32_ms"] > 0 and 0 <= row["int8_top1"] <= 1, row
    if row["seeds"] and rows["mobilenet_v1_64"]["seeds"] and name != "mobilenet_v1_64":
        assert row["against_first"]["low"] <= row["top1_mean"] - rows["mobilenet_v1_64"]["top1_mean"], row
    choices = [json.loads((folder / "results" / "choices" / f"{name}_lr{rate}_wd{decay}-s1.json").read_text())
               for rate in ("0.1", "0.2", "0.4") for decay in ("0.0005", "5e-05")]
    best = max(choices, key=lambda one: one["validation_top1"] or 0)["recipe"]
    assert (row["learning_rate"], row["weight_decay"]) == (best["learning_rate"], best["weight_decay"]), row
assert (folder / "results_64.svg").read_text().startswith("<svg")
assert rows["attonet_d_64"]["params"] <= 326_000 and rows["attonet_d_64"]["macs"] <= 18_540_000 / 16
assert rows["attonet_d_64"]["params"] >= 0.8 * 326_000 and rows["attonet_d_64"]["macs"] >= 0.9 * 18_540_000 / 16
assert rows["mobilenet_v1_64"]["seeds"] + [1] * rows["mobilenet_v1_64"]["lost"] == [1]
EOF
rm -r "$folder/runs"  # as on another machine
"$script" --smoke "$folder" > "$folder/again.txt" 2>&1
grep -q "every tier has its winner" "$folder/again.txt" || fail "searched again"
grep -q "66 trainings, 66 done" "$folder/again.txt" || fail "chose again"
grep -q "11 trainings, 11 done" "$folder/again.txt" || fail "trained again"
[ ! -e "$folder/runs/family_64_trainings" ] || fail "trained again"
"$script" --dataset nowhere 2>/dev/null && fail "took an unknown data set"
"$script" --stage nothing 2>/dev/null && fail "took an unknown stage"

# The 50 classes of an ImageNet folder, as ImageNet and as Tiny ImageNet lay them out.
make=$(dirname "$0")/../../../scripts/make_imagenet50.sh
images=$folder/images
for class in $(sed -n "/^classes='/,/^'/p" "$make" | grep -o 'n[0-9]\{8\}'); do
  mkdir -p "$images/whole/train/$class" "$images/whole/val/$class" "$images/tiny/train/$class/images"
  touch "$images/whole/train/$class/a b.JPEG" "$images/whole/val/$class/v.JPEG" "$images/tiny/train/$class/images/a.JPEG"
  mkdir -p "$images/tiny/val/images" && touch "$images/tiny/val/images/$class.JPEG"
  printf '%s.JPEG\t%s\t0\t0\t9\t9\n' "$class" "$class" >> "$images/tiny/val/val_annotations.txt"
done
mkdir -p "$images/whole/train/n99999999"
for kind in whole tiny; do
  "$make" "$images/$kind" --dir "$images/$kind-50" > "$images/said.txt"
  grep -q "50 training and 50 test images of 50 classes" "$images/said.txt" || fail "$kind: $(cat "$images/said.txt")"
  [ "$(find -L "$images/$kind-50/imagenet50" -type f | wc -l)" -eq 100 ] || fail "$kind: links that lead nowhere"
  "$make" "$images/$kind" --dir "$images/$kind-50" 2>/dev/null && fail "$kind: made twice"
done
rm "$images/whole/val/n01629819/v.JPEG"
"$make" "$images/whole" --dir "$images/none" 2>/dev/null && fail "took a class without images"
[ ! -e "$images/none/imagenet50" ] || fail "left a part of a data set"
echo ok
