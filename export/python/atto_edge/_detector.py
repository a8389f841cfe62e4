"""A detector: pictures in, objects out."""

import ctypes
import os
import typing

import numpy

from ._library import Detection, DetectorInfo, EngineOptions, Fit, expect_ok, library, text_buffer
from ._session import class_names_of, decoded, image_of, opened


class Found(typing.NamedTuple):
    """An object. The box is (x1, y1, x2, y2) in pixels; the mask, float32 [side, side] over the box, is 0.5 and more
    where the object is, or None of a detector of boxes."""

    box: tuple
    score: float
    category: int
    mask: typing.Optional[numpy.ndarray]


class Detector:
    """Opens a detector's .atto file. One detector serves one thread at a time. Arguments as of InferenceSession."""

    def __init__(self, path, threads=1, level=None, check_weights=True):
        self._handle = None
        options = EngineOptions(threads, level.encode() if level else None, None, None)
        self._handle = opened(library.atto_detector_open, os.fsencode(path), ctypes.byref(options))
        if check_weights:
            message, text = text_buffer()
            expect_ok(library.atto_detector_check_weights(self._handle, text), message)
        self._info = info = DetectorInfo()
        expect_ok(library.atto_detector_describe(self._handle, ctypes.byref(info)))
        self._shape = (info.channels, info.height, info.width)
        self._pixel_shape = (info.height, info.width, info.channels)
        self._found = (Detection * info.detections)()

    def __del__(self):
        if getattr(self, "_handle", None):
            library.atto_detector_close(self._handle)

    @property
    def shape(self):
        """(channels, height, width) of the picture that the detector sees."""
        return self._shape

    @property
    def macs(self):
        """Multiply-adds of a picture, at most."""
        return self._info.macs

    @property
    def class_names(self):
        """Names of the classes; empty where the file has none."""
        return class_names_of(self._info.classes,
                              lambda i, text: library.atto_detector_class_name(self._handle, i, text))

    def run(self, picture):
        """Finds objects in float32 [channels, height, width] or [1, channels, height, width], normalised as in
        training: a list of Found, by falling score."""
        picture = numpy.ascontiguousarray(picture, numpy.float32)
        if picture.shape not in (self._shape, (1, *self._shape)):
            raise ValueError(f"picture: must be {list(self._shape)} or {[1, *self._shape]}; got {list(picture.shape)}")
        return self._run(library.atto_edge_detect_floats, picture)

    def run_pixels(self, pixels):
        """As run, on uint8 [height, width, channels], which the engine normalises."""
        pixels = numpy.ascontiguousarray(pixels)
        if pixels.dtype != numpy.uint8 or pixels.shape != self._pixel_shape:
            raise ValueError(f"pixels: must be uint8 {list(self._pixel_shape)}; got {pixels.dtype} "
                             f"{list(pixels.shape)}")
        return self._run(library.atto_edge_detect, pixels)

    def run_picture(self, picture, orientation=1):
        """As run, on a decoded picture of any size: uint8 [height, width] (grey) or [height, width, 1 to 4] (grey, grey
        and alpha, RGB, RGBA); orientation as in EXIF, 1 to 8. Boxes are in pixels of the upright picture."""
        picture = decoded(picture)
        pixels, fit = numpy.empty(self._pixel_shape, numpy.uint8), Fit()
        expect_ok(library.atto_image_to_detector_pixels(ctypes.byref(image_of(picture, orientation)), self._handle,
                                                        pixels.ctypes.data, pixels.size, ctypes.byref(fit)))
        scale = (fit.across, fit.down) * 2
        return [found._replace(box=tuple(side * by for side, by in zip(found.box, scale)))
                for found in self.run_pixels(pixels)]

    def _run(self, detect, values):
        count = ctypes.c_int32()
        expect_ok(detect(self._handle, values.ctypes.data, values.size, self._found, len(self._found),
                         ctypes.byref(count)))
        masks = self._masks(count.value)
        return [Found((one.x1, one.y1, one.x2, one.y2), one.score, one.category, mask)
                for one, mask in zip(self._found, masks)]

    def _masks(self, count):
        side = self._info.mask_side
        if side == 0:
            return [None] * count
        masks = numpy.empty((count, side, side), numpy.float32)
        expect_ok(library.atto_edge_masks(self._handle, masks.ctypes.data, count))
        return masks
