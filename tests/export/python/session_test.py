#!/usr/bin/env python3
"""The Python package of the edge engine against LibTorch's logits and `atto run`; detectors against the latter.

Usage: session_test.py SOURCE ATTO LIBRARY SCRATCH
"""
import json
import os
import pathlib
import shutil
import struct
import subprocess
import sys
import textwrap
import unittest
import zlib

source, atto, library, scratch = (pathlib.Path(argument).resolve() for argument in sys.argv[1:5])
os.environ["ATTO_EDGE_LIBRARY"] = str(library)
sys.path.insert(0, str(source / "export/python"))
sys.dont_write_bytecode = True

import numpy  # noqa: E402

import atto_edge  # noqa: E402


def tensors_of(file):
    content = file.read_bytes()
    size = struct.unpack("<Q", content[:8])[0]
    header = json.loads(content[8:8 + size])
    types = {"F32": numpy.float32, "I64": numpy.int64}
    return {name: numpy.frombuffer(content[8 + size:][slice(*entry["data_offsets"])], types[entry["dtype"]])
            .reshape(entry["shape"]) for name, entry in header.items() if name != "__metadata__"}


def write_png(file, pixels):
    """8-bit grey or RGB, without filters."""
    height, width, channels = pixels.shape
    rows = b"".join(b"\0" + pixels[y].tobytes() for y in range(height))
    with open(file, "wb") as out:
        out.write(b"\x89PNG\r\n\x1a\n")
        for kind, body in ((b"IHDR", struct.pack(">IIBBBBB", width, height, 8, {1: 0, 3: 2}[channels], 0, 0, 0)),
                           (b"IDAT", zlib.compress(rows)), (b"IEND", b"")):
            out.write(struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body)))


def softmax(values):
    powers = numpy.exp(values.astype(numpy.float64) - values.max())
    return powers / powers.sum()


class Session(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir(parents=True)
        winner = source / "tests/interop/winner"
        for more in ([], ["--int8"]):
            subprocess.run([atto, "export", winner, "--to", "atto", "--out", scratch, *more], check=True,
                           capture_output=True)
        cls.session = atto_edge.InferenceSession(scratch / "model.atto")
        cls.reference = tensors_of(winner / "reference.safetensors")

    def test_logits_are_libtorchs(self):
        for image, logits in zip(self.reference["inputs"], self.reference["logits"]):
            ours, = self.session.run(None, {"input": image})
            numpy.testing.assert_allclose(ours[0], logits, atol=1e-4)

    def test_what_it_says_of_the_model(self):
        self.assertEqual(self.session.get_inputs(), [("input", [1, 1, 28, 28], "tensor(float)")])
        self.assertEqual(self.session.get_outputs(), [("head", [1, 10], "tensor(float)")])
        self.assertEqual(self.session.class_names[9], "Ankle boot")
        self.assertGreater(self.session.macs, 4_000_000)
        self.assertEqual(atto_edge.version(), atto_edge.__version__)
        steps = self.session.profile(rounds=2)
        self.assertTrue(all(step.median_us >= 0 and step.name for step in steps))

    def test_any_form_of_the_input_and_threads(self):
        image = self.reference["inputs"][3]
        wanted, = self.session.run(None, {"input": image})
        turned = numpy.asfortranarray(image)
        for form in (image[None], image.astype(numpy.float64), image.tolist(), turned, image[:, ::1]):
            self.assertTrue((self.session.run(["head"], {"input": form})[0] == wanted).all())
        two = atto_edge.InferenceSession(scratch / "model.atto", threads=2, level="scalar")
        numpy.testing.assert_allclose(two.run(None, image)[0], wanted, atol=1e-4)

    def test_results_are_kept_when_the_session_runs_again_and_ends(self):
        session = atto_edge.InferenceSession(scratch / "model.int8.atto")
        first, = session.run(None, {"input": self.reference["inputs"][0]})
        kept = first.copy()
        second, = session.run(None, {"input": self.reference["inputs"][1]})
        del session
        self.assertTrue((first == kept).all() and not (first == second).all())

    def test_pictures_are_seen_as_by_atto_run(self):
        random = numpy.random.default_rng(1)
        for shape in ((28, 28, 1), (40, 33, 3), (7, 90, 3), (301, 200, 1)):
            picture = random.integers(0, 256, shape, numpy.uint8)
            write_png(scratch / "picture.png", picture)
            told = json.loads(subprocess.run([atto, "run", scratch / "model.atto", scratch / "picture.png", "--json"],
                                             check=True, capture_output=True).stdout)[0]["top"][0]
            logits, = self.session.run_picture(None, picture)
            best = int(logits.argmax())
            self.assertEqual(self.session.class_names[best], told["class"])
            self.assertAlmostEqual(softmax(logits[0])[best], told["share"], places=5)
        upright = atto_edge.pixels_of(self.session, picture)
        turned = atto_edge.pixels_of(self.session, numpy.ascontiguousarray(picture[::-1, ::-1]), orientation=3)
        self.assertTrue((upright == turned).all())

    def test_the_example_of_the_formats_page(self):
        page = (source / "docs/targets/atto.md").read_text()
        begin = page.index("    import numpy\n")
        example = textwrap.dedent(page[begin:page.index("\n\n[", begin)])
        said = subprocess.run([sys.executable, "-c", example], cwd=scratch, check=True, capture_output=True, text=True,
                              env={**os.environ, "PYTHONPATH": str(source / "export/python")}).stdout
        self.assertIn(said.strip(), self.session.class_names)

    def test_what_is_wrong_is_said(self):
        ones = numpy.ones
        for call, words in (
                (lambda: self.session.run(None, {"input": ones((1, 3, 28, 28))}), r"must be \[1, 28, 28\]"),
                (lambda: self.session.run(["tail"], {"input": ones((1, 28, 28))}), "must be of head; got tail"),
                (lambda: self.session.run_pixels(None, ones((28, 28, 1))), "must be uint8"),
                (lambda: self.session.run_picture(None, ones((28, 28, 5), numpy.uint8)), "1 to 4"),
                (lambda: self.session.run_picture(None, ones((0, 28, 3), numpy.uint8)), "."),
                (lambda: atto_edge.InferenceSession(scratch / "model.atto", level="fast"), "."),
                (lambda: atto_edge.InferenceSession(scratch / "model.atto", threads=0), ".")):
            with self.assertRaisesRegex(ValueError, words):
                call()
        with self.assertRaisesRegex(atto_edge.AttoError, "nowhere.atto"):
            atto_edge.InferenceSession(scratch / "nowhere.atto")
        damaged = bytearray((scratch / "model.atto").read_bytes())
        damaged[-70] ^= 1
        (scratch / "damaged.atto").write_bytes(damaged)
        with self.assertRaisesRegex(atto_edge.BadModel, "damaged"):
            atto_edge.InferenceSession(scratch / "damaged.atto")
        with self.assertRaisesRegex(atto_edge.BadModel, "byte 0"):
            atto_edge.InferenceSession(source / "README.md")


class Detectors(unittest.TestCase):
    folder = source / "tests/data/fuzz/detector"
    names = ("pyramid", "pyramid_int8", "crops", "crops_int8")

    def test_objects_are_those_of_atto_run(self):
        random = numpy.random.default_rng(2)
        scratch.mkdir(parents=True, exist_ok=True)
        for name in self.names:
            detector = atto_edge.Detector(self.folder / f"{name}.atto")
            for height, width in ((32, 32), (96, 64)):
                picture = random.integers(0, 256, (height, width, 3), numpy.uint8)
                write_png(scratch / "scene.png", picture)
                told = json.loads(subprocess.run(
                    [atto, "run", self.folder / f"{name}.atto", scratch / "scene.png", "--score", "0", "--json"],
                    check=True, capture_output=True).stdout)[0]["detections"]
                found = detector.run_picture(picture)
                self.assertEqual(len(found), len(told))
                self.assertGreater(len(found), 0)
                for ours, theirs in zip(found, told):
                    x, y, across, down = theirs["box"]
                    clipped = numpy.minimum(ours.box, (width, height) * 2)
                    numpy.testing.assert_allclose(clipped, (x, y, x + across, y + down), atol=0.01)
                    self.assertAlmostEqual(ours.score, theirs["score"], places=5)
                    self.assertEqual(detector.class_names[ours.category], theirs["class"])
                    self.assertEqual(ours.mask.shape[0], ours.mask.shape[1])
                    self.assertTrue((0 <= ours.mask).all() and (ours.mask <= 1).all())

    def test_what_it_says_of_the_model_and_any_form_of_the_input(self):
        detector = atto_edge.Detector(self.folder / "pyramid.atto", threads=2)
        self.assertEqual(detector.shape, (3, 32, 32))
        self.assertEqual(detector.class_names, ["a", "b", "c"])
        self.assertGreater(detector.macs, 10_000)
        picture = numpy.random.default_rng(3).standard_normal((3, 32, 32)).astype(numpy.float32)
        first = detector.run(picture)
        kept = first[0].mask.copy()
        for form in (picture[None], picture.astype(numpy.float64), picture.tolist()):
            again = detector.run(form)
            self.assertEqual([one[:3] for one in again], [one[:3] for one in first])
        detector.run(numpy.zeros((3, 32, 32)))
        self.assertTrue((first[0].mask == kept).all())

    def test_what_is_wrong_is_said(self):
        detector = atto_edge.Detector(self.folder / "crops_int8.atto")
        for call, words in ((lambda: detector.run(numpy.ones((3, 32, 31))), r"must be \[3, 32, 32\]"),
                            (lambda: detector.run_pixels(numpy.ones((32, 32, 3))), "must be uint8"),
                            (lambda: detector.run_picture(numpy.ones((9, 9, 5), numpy.uint8)), "1 to 4")):
            with self.assertRaisesRegex(ValueError, words):
                call()
        with self.assertRaisesRegex(atto_edge.BadModel, "this is one network, not a detector"):
            atto_edge.Detector(source / "tests/data/fuzz/model/sample.atto")
        with self.assertRaisesRegex(atto_edge.AttoError, "nowhere.atto"):
            atto_edge.Detector(self.folder / "nowhere.atto")


unittest.main(argv=sys.argv[:1])
