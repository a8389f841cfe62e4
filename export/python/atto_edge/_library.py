"""The shared library: where it is found, what its functions take, what its failures become."""

import ctypes
import ctypes.util
import os
import pathlib

OK, INVALID_ARGUMENT, BAD_MODEL, SYSTEM_ERROR, OUT_OF_MEMORY, INTERNAL_ERROR, NOT_IN_MODEL = range(7)


class AttoError(RuntimeError):
    """The engine refused; the text says why."""


class BadModel(AttoError):
    """The file is damaged, hostile or of another version; the text says at which byte."""


class Text(ctypes.Structure):
    _fields_ = [("data", ctypes.c_char_p), ("size", ctypes.c_size_t)]


class ModelInfo(ctypes.Structure):
    _fields_ = [(name, ctypes.c_int32) for name in ("channels", "height", "width", "outputs", "classes", "steps")]
    _fields_ += [("macs", ctypes.c_int64)]
    _fields_ += [(name, ctypes.c_uint64) for name in ("arena_bytes", "weight_bytes", "structure_hash")]


class Shape(ctypes.Structure):
    _fields_ = [(name, ctypes.c_int32) for name in ("channels", "height", "width")]


class Image(ctypes.Structure):
    _fields_ = [("pixels", ctypes.c_void_p), ("height", ctypes.c_int32), ("width", ctypes.c_int32),
                ("format", ctypes.c_int), ("orientation", ctypes.c_int32)]


class EngineOptions(ctypes.Structure):
    _fields_ = [("threads", ctypes.c_int32), ("level", ctypes.c_char_p), ("parallel_for", ctypes.c_void_p),
                ("user", ctypes.c_void_p)]


class StepProfile(ctypes.Structure):
    _fields_ = [("name", ctypes.c_char * 96), ("kernels", ctypes.c_char * 32), ("macs", ctypes.c_int64),
                ("median_us", ctypes.c_double)]


class DetectorInfo(ctypes.Structure):
    _fields_ = [(name, ctypes.c_int32) for name in ("channels", "height", "width", "classes", "detections", "mask_side")]
    _fields_ += [("macs", ctypes.c_int64)]
    _fields_ += [(name, ctypes.c_uint64) for name in ("weight_bytes", "working_bytes")]


class Fit(ctypes.Structure):
    _fields_ = [("across", ctypes.c_float), ("down", ctypes.c_float)]


class Detection(ctypes.Structure):
    _fields_ = [(name, ctypes.c_float) for name in ("x1", "y1", "x2", "y2", "score")]
    _fields_ += [("category", ctypes.c_int32)]


_Pointer = ctypes.c_void_p
_SIGNATURES = {
    "atto_model_open": [ctypes.c_char_p, ctypes.POINTER(_Pointer), Text],
    "atto_model_check_weights": [_Pointer, Text],
    "atto_model_describe": [_Pointer, ctypes.POINTER(ModelInfo)],
    "atto_model_output": [_Pointer, ctypes.c_int32, ctypes.POINTER(Shape), Text],
    "atto_model_class_name": [_Pointer, ctypes.c_int32, Text],
    "atto_model_normalisation": [_Pointer, _Pointer, _Pointer, ctypes.c_size_t],
    "atto_image_to_pixels": [ctypes.POINTER(Image), _Pointer, _Pointer, ctypes.c_size_t],
    "atto_engine_open": [_Pointer, ctypes.POINTER(EngineOptions), ctypes.POINTER(_Pointer), Text],
    "atto_engine_run": [_Pointer, _Pointer, ctypes.c_size_t],
    "atto_engine_run_pixels": [_Pointer, _Pointer, ctypes.c_size_t],
    "atto_engine_output": [_Pointer, ctypes.c_int32, _Pointer, ctypes.c_size_t],
    "atto_engine_profile": [_Pointer, _Pointer, ctypes.c_size_t, ctypes.c_int32, ctypes.POINTER(StepProfile),
                            ctypes.c_size_t],
    "atto_detector_open": [ctypes.c_char_p, ctypes.POINTER(EngineOptions), ctypes.POINTER(_Pointer), Text],
    "atto_detector_check_weights": [_Pointer, Text],
    "atto_detector_describe": [_Pointer, ctypes.POINTER(DetectorInfo)],
    "atto_detector_class_name": [_Pointer, ctypes.c_int32, Text],
    "atto_image_to_detector_pixels": [ctypes.POINTER(Image), _Pointer, _Pointer, ctypes.c_size_t, ctypes.POINTER(Fit)],
    "atto_edge_detect": [_Pointer, _Pointer, ctypes.c_size_t, _Pointer, ctypes.c_int32, ctypes.POINTER(ctypes.c_int32)],
    "atto_edge_detect_floats": [_Pointer, _Pointer, ctypes.c_size_t, _Pointer, ctypes.c_int32,
                                ctypes.POINTER(ctypes.c_int32)],
    "atto_edge_masks": [_Pointer, _Pointer, ctypes.c_int32],
}


def _places():
    """Where the library may lie: what ATTO_EDGE_LIBRARY says, beside this package, in the system."""
    if asked := os.environ.get("ATTO_EDGE_LIBRARY"):
        return [asked]
    beside = pathlib.Path(__file__).resolve().parent / "libatto_edge.so"
    return ([str(beside)] if beside.exists() else []) + ["libatto_edge.so.0"]


def _load():
    for place in _places():
        try:
            library = ctypes.CDLL(place)
            break
        except OSError as error:
            reason = error
    else:
        raise ImportError(f"atto_edge: cannot load the engine's library: {reason}. Install libatto-edge0, or set "
                          "ATTO_EDGE_LIBRARY to the file libatto_edge.so")
    for name, arguments in _SIGNATURES.items():
        function = getattr(library, name)
        function.argtypes, function.restype = arguments, ctypes.c_int
    for name in ("atto_model_close", "atto_engine_close", "atto_detector_close"):
        function = getattr(library, name)
        function.argtypes, function.restype = [_Pointer], None
    library.atto_status_text.argtypes, library.atto_status_text.restype = [ctypes.c_int], ctypes.c_char_p
    library.atto_version.argtypes, library.atto_version.restype = [], ctypes.c_char_p
    return library


library = _load()


def version():
    """The version of the library."""
    return library.atto_version().decode()


def text_buffer(size=512):
    buffer = ctypes.create_string_buffer(size)
    return buffer, Text(ctypes.cast(buffer, ctypes.c_char_p), size)


def expect_ok(status, message=None):
    """Raises what a status other than ATTO_OK means."""
    if status == OK:
        return
    text = message.value.decode(errors="replace") if message is not None and message.value else ""
    text = text or library.atto_status_text(status).decode()
    if status == OUT_OF_MEMORY:
        raise MemoryError(text)
    if status == INVALID_ARGUMENT:
        raise ValueError(text)
    raise BadModel(text) if status == BAD_MODEL else AttoError(text)
