#!/usr/bin/env python3
"""Turns the results of NAS-Bench-Macro (Su et al., CVPR 2021; github.com/xiusu/NAS-Bench-Macro, Apache-2.0) into rows
that `atto tabulate --import` takes: its file's eight digits are the choices of prototypes/nas_bench_macro.json.

Usage: nas_bench_macro.py nas-bench-macro_cifar10.json >rows.csv
"""
import csv
import json
import sys

CHAINS, MODULES = ["#0", "#1", "#2"], ["skip", "mb3", "mb6"]
PLACES = {"stages[0].modules[0].chain": CHAINS, "stages[0].modules[1].module": MODULES,
          "stages[1].modules[0].chain": CHAINS, "stages[1].modules[1].module": MODULES,
          "stages[1].modules[2].module": MODULES, "stages[2].modules[0].chain": CHAINS,
          "stages[2].modules[1].module": MODULES, "stages[2].modules[2].module": MODULES}
EPOCHS = 50  # of every training; accuracies are those of the best epoch on the test images

with open(sys.argv[1]) as file:
    networks = json.load(file)
rows = csv.writer(sys.stdout)
rows.writerow([*PLACES, "seed", "epochs", "top1", "params", "macs"])
for digits, found in networks.items():
    choices = [names[int(digit)] for digit, names in zip(digits, PLACES.values())]
    for seed, percent in enumerate(found["test_acc"]):
        rows.writerow([*choices, seed, EPOCHS, round(percent / 100, 6), found["params"], found["flops"]])
