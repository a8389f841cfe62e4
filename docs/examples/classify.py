#!/usr/bin/env python3
"""Classifies a picture with a model file, as `atto run` does:  classify.py MODEL.atto PICTURE"""
import sys

import numpy
from PIL import Image

import atto_edge

session = atto_edge.InferenceSession(sys.argv[1])
picture = Image.open(sys.argv[2])
orientation = picture.getexif().get(0x0112, 1)
scores, = session.run_picture(None, numpy.array(picture.convert("L" if picture.mode == "L" else "RGB")), orientation)
shares = numpy.exp(scores[0] - scores.max())
for best in shares.argsort()[::-1][:3]:
    print(f"{session.class_names[best]}: {shares[best] / shares.sum():.3f}")
