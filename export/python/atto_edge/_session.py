"""A session: a model, its engine, and arrays in and out."""

import ctypes
import os
import typing

import numpy

from ._library import (NOT_IN_MODEL, EngineOptions, Image, ModelInfo, Shape, StepProfile, expect_ok, library,
                       text_buffer)

_INPUT = "input"
_FORMATS = {1: 1, 2: 2, 3: 3, 4: 4}  # values a pixel -> atto_image_format: grey, grey and alpha, RGB, RGBA


class Node(typing.NamedTuple):
    """An input or output."""

    name: str
    shape: list
    type: str = "tensor(float)"


class Profile(typing.NamedTuple):
    """A step of a run: the layers that ran, what ran them, how long."""

    name: str
    kernels: str
    macs: int
    median_us: float


class InferenceSession:
    """Opens a .atto file. One session serves one thread at a time.

    threads: how many threads share a run; level: "avx2", "avx512", ...: the instruction set, the fastest unless
    given. check_weights compares the weights with their checksum, which opening alone does not.
    """

    def __init__(self, path, threads=1, level=None, check_weights=True):
        self._model = self._engine = None
        self._model = opened(library.atto_model_open, os.fsencode(path))
        if check_weights:
            message, text = text_buffer()
            expect_ok(library.atto_model_check_weights(self._model, text), message)
        options = EngineOptions(threads, level.encode() if level else None, None, None)
        self._engine = opened(library.atto_engine_open, self._model, ctypes.byref(options))
        self._info = ModelInfo()
        expect_ok(library.atto_model_describe(self._model, ctypes.byref(self._info)))
        info = self._info
        self._shape = (info.channels, info.height, info.width)
        self._count = info.channels * info.height * info.width
        self._pixel_shape = (info.height, info.width, info.channels)
        self._outputs = [self._output(i) for i in range(info.outputs)]
        self._numbers = {node.name: i for i, node in enumerate(self._outputs)}
        self._run = library.atto_engine_run
        self._copy = library.atto_engine_output

    def __del__(self):
        if getattr(self, "_engine", None):
            library.atto_engine_close(self._engine)
        if getattr(self, "_model", None):
            library.atto_model_close(self._model)

    def get_inputs(self):
        return [Node(_INPUT, [1, *self._shape])]

    def get_outputs(self):
        return list(self._outputs)

    @property
    def macs(self):
        """Multiply-adds of a run."""
        return self._info.macs

    @property
    def class_names(self):
        """Names of the classes; empty where the file has none."""
        return class_names_of(self._info.classes, lambda i, text: library.atto_model_class_name(self._model, i, text))

    @property
    def normalisation(self):
        """(mean, deviation), one value a channel: a pixel becomes (pixel / 255 - mean) / deviation."""
        mean, deviation = (numpy.empty(self._info.channels, numpy.float32) for _ in range(2))
        status = library.atto_model_normalisation(self._model, mean.ctypes.data, deviation.ctypes.data, mean.size)
        if status != NOT_IN_MODEL:
            expect_ok(status)
        return mean, deviation

    def run(self, output_names, feed):
        """Runs on one image, float32 [channels, height, width] or [1, channels, height, width], normalised as in
        training. `feed`: {"input": array}, or the array. Returns the named outputs (None: all) as float32 arrays
        [1, ...]."""
        image = feed[_INPUT] if isinstance(feed, dict) else feed
        if type(image) is not numpy.ndarray or image.dtype != numpy.float32 or not image.flags.c_contiguous:
            image = numpy.ascontiguousarray(image, numpy.float32)
        shape = image.shape
        if shape != self._shape and shape != (1, *self._shape):
            raise ValueError(f"{_INPUT}: must be {list(self._shape)} or {[1, *self._shape]}; got {list(shape)}")
        expect_ok(self._run(self._engine, image.ctypes.data, self._count))
        return self._results(output_names)

    def run_pixels(self, output_names, pixels):
        """As run, on uint8 [height, width, channels], which the engine normalises."""
        pixels = numpy.ascontiguousarray(pixels)
        if pixels.ndim == 2:
            pixels = pixels[:, :, None]
        if pixels.dtype != numpy.uint8 or pixels.shape != self._pixel_shape:
            raise ValueError(f"pixels: must be uint8 {list(self._pixel_shape)}; got {pixels.dtype} "
                             f"{list(pixels.shape)}")
        expect_ok(library.atto_engine_run_pixels(self._engine, pixels.ctypes.data, self._count))
        return self._results(output_names)

    def run_picture(self, output_names, picture, orientation=1):
        """As run, on a decoded picture of any size, as pixels_of takes it."""
        return self.run_pixels(output_names, pixels_of(self, picture, orientation))

    def profile(self, rounds=20, image=None):
        """Times each step over so many runs."""
        if image is None:
            image = numpy.zeros(self._shape, numpy.float32)
        image = numpy.ascontiguousarray(image, numpy.float32)
        steps = (StepProfile * self._info.steps)()
        expect_ok(library.atto_engine_profile(self._engine, image.ctypes.data, image.size, rounds, steps, len(steps)))
        return [Profile(s.name.decode(errors="replace"), s.kernels.decode(), s.macs, s.median_us) for s in steps]

    def _output(self, number):
        shape = Shape()
        buffer, text = text_buffer()
        expect_ok(library.atto_model_output(self._model, number, ctypes.byref(shape), text))
        sizes = [shape.channels, shape.height, shape.width]
        if sizes[1:] == [1, 1]:  # scores, as ONNX files have them
            sizes = sizes[:1]
        return Node(buffer.value.decode(errors="replace"), [1, *sizes])

    def _results(self, names):
        numbers = range(len(self._outputs)) if names is None else [self._number(name) for name in names]
        results = []
        for number in numbers:
            values = numpy.empty(self._outputs[number].shape, numpy.float32)
            expect_ok(self._copy(self._engine, number, values.ctypes.data, values.size))
            results.append(values)
        return results

    def _number(self, name):
        if name not in self._numbers:
            raise ValueError(f"output: must be of {', '.join(self._numbers)}; got {name}")
        return self._numbers[name]


def pixels_of(session, picture, orientation=1):
    """The pixels that training would have made of a decoded picture: uint8 [height, width] (grey) or [height,
    width, 1 to 4] (grey, grey and alpha, RGB, RGBA); orientation as in EXIF, 1 to 8."""
    picture = decoded(picture)
    pixels = numpy.empty(session._pixel_shape, numpy.uint8)
    expect_ok(library.atto_image_to_pixels(ctypes.byref(image_of(picture, orientation)), session._model,
                                           pixels.ctypes.data, pixels.size))
    return pixels


def decoded(picture):
    """The picture as the library takes it, [height, width, 1 to 4]."""
    picture = numpy.ascontiguousarray(picture)
    if picture.ndim == 2:
        picture = picture[:, :, None]
    if picture.dtype != numpy.uint8 or picture.ndim != 3 or picture.shape[2] not in _FORMATS:
        raise ValueError(f"picture: must be uint8 [height, width] or [height, width, 1 to 4]; got {picture.dtype} "
                         f"{list(picture.shape)}")
    return picture


def image_of(picture, orientation):
    """Refers to what decoded() gave."""
    return Image(picture.ctypes.data, picture.shape[0], picture.shape[1], _FORMATS[picture.shape[2]], orientation)


def class_names_of(count, class_name):
    """Names of the classes; empty where the file has none."""
    names = []
    for i in range(count):
        buffer, text = text_buffer()
        status = class_name(i, text)
        if status == NOT_IN_MODEL:
            return []
        expect_ok(status)
        names.append(buffer.value.decode(errors="replace"))
    return names


def opened(function, *arguments):
    """What an opening function makes, or its failure."""
    handle = ctypes.c_void_p()
    message, text = text_buffer()
    expect_ok(function(*arguments, ctypes.byref(handle), text), message)
    return handle
