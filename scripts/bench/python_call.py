#!/usr/bin/env python3
"""What a call from Python costs beside the engine's own time: session.run() against the C function alone, in turns.

Usage: /usr/bin/python3 scripts/bench/python_call.py [MODEL.atto]       (ATTO_EDGE_LIBRARY: the shared library)
"""
import os
import pathlib
import statistics
import sys
import time

root = pathlib.Path(__file__).resolve().parents[2]
os.environ.setdefault("ATTO_EDGE_LIBRARY", str(root / "build/release/lib/libatto_edge.so"))
sys.path.insert(0, str(root / "export/python"))
import numpy  # noqa: E402

import atto_edge  # noqa: E402
from atto_edge._library import library  # noqa: E402

model = sys.argv[1] if len(sys.argv) > 1 else root / "tests/data/fuzz/model/sample.atto"
session = atto_edge.InferenceSession(model)
image = numpy.zeros(session.get_inputs()[0].shape, numpy.float32)
engine, address, count = session._engine, image.ctypes.data, image.size


def microseconds(call, rounds=2000):
    start = time.perf_counter()
    for _ in range(rounds):
        call()
    return (time.perf_counter() - start) / rounds * 1e6


whole, alone = [], []
for _ in range(21):
    whole.append(microseconds(lambda: session.run(None, {"input": image})))
    alone.append(microseconds(lambda: library.atto_engine_run(engine, address, count)))
print(f"run() {statistics.median(whole):.1f} us, the C function through ctypes {statistics.median(alone):.1f} us: "
      f"arrays and checks {statistics.median(whole) - statistics.median(alone):.1f} us; "
      f"engine by its own clock {sum(step.median_us for step in session.profile(200)):.1f} us")
