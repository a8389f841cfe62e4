"""The shipped example and `atto run` see the same pixels: same class, same score to the last digit of a float.

Usage: agree.py ATTO EXAMPLE FOLDER, whose models and pictures write_pictures made.
"""
import json
import pathlib
import subprocess
import sys

atto, example, folder = sys.argv[1], sys.argv[2], pathlib.Path(sys.argv[3])


def called(*command):
    return subprocess.run([str(word) for word in command], capture_output=True, text=True)


def top(model, picture):
    """What `atto run` says first, as the example prints it; None where it cannot be read."""
    done = called(atto, "run", model, picture, "--json")
    if done.returncode != 0:
        return None, done.stderr
    guess = json.loads(done.stdout)[0]["top"][0]
    return f"{guess['class']}: {guess['share']:.9g}", done.stderr


compared = refused = 0
scores = set()
for model in sorted(folder.glob("*.atto")):
    for picture in sorted(folder.glob("*.jpg")):
        wanted, said = top(model, picture)
        ours = called(example, model, picture)
        assert ("holds no mean and deviation" in said) == (model.stem == "bare"), said
        if wanted is None:
            assert ours.returncode == 1 and "cannot be read" in ours.stderr, (picture, ours)
            refused += 1
            continue
        assert ours.returncode == 0, (picture, ours)
        assert ours.stdout.split(" ", 2)[2].strip() == wanted, (model, picture, ours.stdout, wanted)
        scores.add(wanted)
        compared += 1
    deep, flat = top(model, folder / "deep.png")[0], top(model, folder / "flat.png")[0]
    assert deep is not None and deep == flat, (deep, flat)
assert compared == 144 and refused == 9 and len(scores) > 50, (compared, refused, len(scores))
print(f"{compared} pictures: the same class and score; {refused} refused by both")
