#!/usr/bin/env python3
"""The tables of the Python package against what `atto status` says of the same campaign.

Usage: campaign_test.py SOURCE ATTO SCRATCH
"""
import json
import pathlib
import shutil
import sqlite3
import subprocess
import sys
import unittest

source, atto, scratch = (pathlib.Path(argument).resolve() for argument in sys.argv[1:4])
sys.path.insert(0, str(source / "search/python"))
sys.dont_write_bytecode = True

import attoforge  # noqa: E402


def run(*words):
    return subprocess.run([str(word) for word in words], cwd=scratch, check=True, capture_output=True, text=True).stdout


class Tables(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir(parents=True)
        run(atto, "search", source / "tests/search/data/tiny.json", "--evaluator", "fake", "--workers", "2",
            "--candidates", "12", "--out", "run")
        cls.campaign = attoforge.Campaign(scratch / "run")
        cls.board = json.loads(run(atto, "status", "run", "--json"))["tiers"][0]["leaderboard"]

    def test_designs_have_their_costs(self):
        designs = self.campaign.designs().set_index("hash")
        self.assertEqual(len(designs), 12)
        for entry in self.board:
            for name in ("params", "macs", "peak_activation_bytes", "model_bytes", "origin"):
                self.assertEqual(designs.at[entry["hash"], name], entry[name])
        self.assertEqual(self.campaign.design(self.board[0]["hash"])["format"], 1)

    def test_trials_are_the_leaderboards(self):
        trials = self.campaign.trials()
        self.assertTrue(trials.trial.is_unique and set(trials.state) == {"done"})
        for entry in self.board:
            own = trials[trials.design == entry["hash"]]
            rungs = own[own.stage == "search"].set_index("rung").validation_top1
            for rung, value in enumerate(entry["rung_top1"]):
                self.assertEqual(rungs.get(rung), value)
            finals = own[own.stage == "final"].sort_values("replica")
            self.assertEqual([(run["top1"], run["test_top1"]) for run in entry["finals"]],
                             list(zip(finals.validation_top1, finals.test_top1)))
        self.assertEqual(set(trials.outcome), {"finished"})

    def test_epochs_end_where_trials_do(self):
        trials, epochs = self.campaign.trials(), self.campaign.epochs()
        last = epochs[epochs.phase == "final"].groupby(["design", "replica"]).epoch.max()
        for trial in trials[trials.stage == "final"].itertuples():
            self.assertEqual(last[(trial.design, trial.replica)], trial.epochs)
        self.assertTrue(epochs.validation_top1.dropna().between(0, 1).all())

    def test_nothing_of_the_front_is_beaten(self):
        front = self.campaign.front("params")
        self.assertTrue(front.params.is_monotonic_increasing and front.validation_top1.is_monotonic_increasing)
        trials = self.campaign.trials()
        top = trials[(trials.stage == "search") & (trials.rung == trials.rung.max())]
        top = top.merge(self.campaign.designs(), left_on="design", right_on="hash")
        self.assertIn(top.validation_top1.max(), list(front.validation_top1))
        for one in front.itertuples():
            beaten = top[(top.params <= one.params) & (top.validation_top1 > one.validation_top1)]
            self.assertTrue(beaten.empty)

    def test_weights_are_arrays_by_name(self):
        weights = attoforge.read_weights(source / "tests/interop/winner/weights.safetensors")
        self.assertEqual(weights["stem[0].conv.weight"].shape, (16, 1, 3, 3))
        self.assertGreater(abs(weights["stem[0].conv.weight"]).max(), 0)

    def test_it_reads_while_another_process_writes(self):
        writer = sqlite3.connect(scratch / "run/ledger.db", isolation_level=None)
        writer.execute("BEGIN IMMEDIATE")
        self.assertEqual(len(self.campaign.designs()), 12)
        writer.execute("ROLLBACK")
        writer.close()

    def test_a_campaign_without_results_has_no_front(self):
        shutil.copytree(scratch / "run", scratch / "young", dirs_exist_ok=True)
        ledger = sqlite3.connect(scratch / "young/ledger.db")
        ledger.executescript("DELETE FROM job_scores; UPDATE jobs SET state = 0;")
        ledger.close()
        young = attoforge.Campaign(scratch / "young")
        self.assertEqual(set(young.trials().state), {"ready"})
        with self.assertRaisesRegex(ValueError, "nothing has been trained"):
            young.front()

    def test_what_is_no_campaign_is_said(self):
        with self.assertRaisesRegex(FileNotFoundError, "not a campaign"):
            attoforge.Campaign(scratch)
        shutil.copytree(scratch / "run", scratch / "old")
        ledger = sqlite3.connect(scratch / "old/ledger.db")
        ledger.executescript("DROP VIEW v_trials; DROP VIEW v_epochs; DROP VIEW v_designs;")
        ledger.close()
        with self.assertRaisesRegex(ValueError, "older version"):
            attoforge.Campaign(scratch / "old")


unittest.main(argv=sys.argv[:1])
