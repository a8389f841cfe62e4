"""Runs .atto models with the edge engine. Shaped like ONNX Runtime's session:

    import atto_edge
    session = atto_edge.InferenceSession("model.atto")
    logits, = session.run(None, {"input": images[0]})        # float32 [channels, height, width], normalised
    logits, = session.run_pixels(None, pixels)               # uint8 [height, width, channels]
    logits, = session.run_picture(None, numpy.array(photo))  # uint8 of any size, as the trainer would see it

And detectors of objects:

    detector = atto_edge.Detector("detector.atto")
    for found in detector.run_picture(numpy.array(photo)):
        print(detector.class_names[found.category], found.score, found.box)
"""

from ._detector import Detector, Found
from ._session import InferenceSession, Node, Profile, pixels_of
from ._library import AttoError, BadModel, version

__all__ = ["AttoError", "BadModel", "Detector", "Found", "InferenceSession", "Node", "Profile", "pixels_of", "version"]
__version__ = "0.1.0"
