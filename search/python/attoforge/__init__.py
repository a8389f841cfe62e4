"""A campaign as tables, for pandas:

    import attoforge
    campaign = attoforge.Campaign("runs/quickstart-s1")
    campaign.trials()           # a row a training: design, stage, rung, outcome, validation_top1, ...
    campaign.front("macs")      # the designs that no other beats in score and cost at once
    campaign.weights()          # the winner's tensors, by name

It only reads, also while the campaign runs. What it reads are the ledger's views v_designs, v_trials and v_epochs,
which are promised to stay, and the files of the run folder.
"""

import json
import pathlib
import sqlite3

import numpy
import pandas

__all__ = ["Campaign", "read_weights"]
__version__ = "0.1.0"

_SPLITS = {0: "validation", 1: "test"}
_TYPES = {"F64": numpy.float64, "F32": numpy.float32, "F16": numpy.float16, "I64": numpy.int64, "I32": numpy.int32,
          "U8": numpy.uint8}


class Campaign:
    """A run folder. Each call reads what the ledger holds at that moment."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self._ledger = self.folder / "ledger.db"
        if (self.folder / "ledger.url").is_file():
            raise ValueError(f"{folder}: its ledger is in PostgreSQL; read the views v_designs, v_trials and v_epochs with "
                             "pandas.read_sql from the URL in ledger.url")
        if not self._ledger.is_file():
            raise FileNotFoundError(f"{folder}: not a campaign's run folder")
        if "v_trials" not in self._read("SELECT name FROM sqlite_master WHERE type = 'view'").name.values:
            raise ValueError(f"{folder}: written by an older version; `atto resume {folder}` brings it up to date")

    @property
    def spec(self):
        """The design requirements, as the campaign started with them."""
        return json.loads((self.folder / "spec.json").read_text())

    def designs(self):
        """A row a design: hash, origin ("machine" or "human"), how it was made, costs."""
        return self._read("SELECT * FROM v_designs ORDER BY hash")

    def trials(self):
        """A row a training, in the order of the campaign; scores as columns "validation_NAME" and "test_NAME",
        shares of 1. outcome is None until it is done."""
        rows = self._read("SELECT * FROM v_trials ORDER BY trial")
        return _spread(rows, ["trial"], rows["is_test"].map(_SPLITS).str.cat(rows["score"], sep="_"), ["is_test"])

    def epochs(self):
        """A row an epoch of each training; scores on validation as columns "validation_NAME"."""
        rows = self._read("SELECT * FROM v_epochs ORDER BY design, phase, replica, epoch")
        return _spread(rows, ["design", "phase", "replica", "epoch"], "validation_" + rows["score"], [])

    def front(self, cost="macs", score=None):
        """The Pareto front of the last rung, cheapest first: the designs with their costs and the score, where no other
        one costs less and scores more. score: a column of trials(); default: the first one on validation."""
        trials = self.trials()
        searched = trials[(trials.stage != "final") & (trials.outcome == "finished")]
        searched = searched[searched.rung == searched.rung.max()]
        scores = [name for name in trials.columns if name.startswith("validation_") and name != "validation_loss"]
        if searched.empty or not scores:
            raise ValueError(f"{self.folder}: nothing has been trained yet")
        score = score or scores[0]
        best = searched.groupby("design", as_index=False)[score].max()
        table = best.merge(self.designs(), left_on="design", right_on="hash").drop(columns="hash")
        table = table.sort_values([cost, score], ascending=[True, False], kind="stable")
        return table[table[score] > table[score].cummax().shift(fill_value=-numpy.inf)].reset_index(drop=True)

    def design(self, hash):
        """A design's file: the network with every decision."""
        return json.loads((self.folder / "designs" / f"{hash}.json").read_text())

    def winner(self, tier=""):
        """The winner's folder (of a tier); None where nothing won yet."""
        folder = self.folder / (f"winner-{tier}" if tier else "winner")
        return folder if (folder / "weights.safetensors").is_file() else None

    def weights(self, hash=None, replica=0, tier=""):
        """Trained weights by name: the winner's, or those of a finalist's replica."""
        if hash:
            return read_weights(self.folder / "trials" / hash / f"final{replica}" / "weights.safetensors")
        if not (winner := self.winner(tier)):
            raise FileNotFoundError(f"{self.folder}: the campaign has no winner yet")
        return read_weights(winner / "weights.safetensors")

    def _read(self, query):
        # Not immutable: a running campaign writes meanwhile.
        connection = sqlite3.connect(f"{self._ledger.resolve().as_uri()}?mode=ro", uri=True, timeout=30)
        try:
            return pandas.read_sql_query(query, connection)
        finally:
            connection.close()


def read_weights(file):
    """Tensors of a safetensors file, by name."""
    content = memoryview(pathlib.Path(file).read_bytes())
    size = int.from_bytes(content[:8], "little")
    header = json.loads(bytes(content[8:8 + size]))
    header.pop("__metadata__", None)
    body = content[8 + size:]
    return {name: numpy.frombuffer(body[slice(*entry["data_offsets"])], _TYPES[entry["dtype"]])
            .reshape(entry["shape"]) for name, entry in header.items()}


def _spread(rows, key, names, dropped):
    """One row a key: the scores, a row each, become columns of these names."""
    plain = rows.drop(columns=["score", "value", *dropped]).drop_duplicates(key)
    scored = rows.assign(column=names).dropna(subset=["score"])
    wide = scored.pivot(index=key, columns="column", values="value").rename_axis(columns=None)
    return plain.merge(wide.reset_index(), on=key, how="left").reset_index(drop=True)
