#!/usr/bin/env python3
"""Plots a campaign's designs and its front:  plot_front.py RUN PICTURE.png      (Debian: python3-matplotlib)"""
import sys

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plot

import attoforge

# Every training of the search that reached the last rung, beside the costs of its design.
campaign = attoforge.Campaign(sys.argv[1])
trials = campaign.trials()
done = trials[(trials.stage == "search") & (trials.outcome == "finished")]
done = done[done.rung == done.rung.max()].merge(campaign.designs(), left_on="design", right_on="hash")
front = campaign.front("macs")
print(front[["design", "params", "macs", "validation_top1"]].to_string(index=False))

# Accuracy against multiply-adds; the colour is the number of parameters.
figure, axes = plot.subplots(figsize=(7, 4.5))
dots = axes.scatter(done.macs / 1e6, 100 * done.validation_top1, c=done.params / 1e3, cmap="viridis")
axes.step(front.macs / 1e6, 100 * front.validation_top1, where="post", color="gray", zorder=0)
axes.set_xlabel("multiply-adds, millions")
axes.set_ylabel("validation accuracy at the last rung, %")
axes.set_title(campaign.spec["name"])
figure.colorbar(dots, label="parameters, thousands")
figure.savefig(sys.argv[2], dpi=120, bbox_inches="tight")

# How the winner was trained.
final = campaign.epochs()
print(final[final.phase == "final"][["epoch", "train_loss", "validation_top1"]].tail(3).to_string(index=False))
