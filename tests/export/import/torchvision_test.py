#!/usr/bin/env python3
"""Networks of Debian's torchvision, exported by its torch, come in: scores as torch has them, or the node and the rule.

Usage: torchvision_test.py RUN_IMPORT ATTO
"""
import json
import pathlib
import shlex
import subprocess
import sys
import tempfile
import warnings

import numpy
import torch
import torchvision

warnings.filterwarnings("ignore")
models = torchvision.models
NETWORKS = {
    "mobilenet_v2": models.mobilenet_v2,
    "mobilenet_v3_small": models.mobilenet_v3_small,
    "mnasnet0_5": models.mnasnet0_5,
    "efficientnet_b0": models.efficientnet_b0,
    "regnet_y_400mf": models.regnet_y_400mf,
    "resnet18": models.resnet18,
    "shufflenet_v2_x0_5": models.shufflenet_v2_x0_5,
    "densenet121": models.densenet121,
    "squeezenet1_1": models.squeezenet1_1,
}
REFUSED = {
    "googlenet": (lambda: models.googlenet(aux_logits=False, init_weights=False, transform_input=False), "ceil_mode"),
    "convnext_tiny": (models.convnext_tiny, "a channel shuffle alone"),
}
SIDE, IMAGES = 64, 2


class Uneven(torch.nn.Module):
    """Zeros behind a map alone, as TensorFlow pads it, and gelu."""

    def __init__(self):
        super().__init__()
        self.one, self.two = torch.nn.Conv2d(3, 8, 3, 2), torch.nn.Conv2d(8, 16, 3, 2, groups=4)
        self.dense = torch.nn.Linear(16, 10)

    def forward(self, x):
        for conv in (self.one, self.two):
            x = torch.nn.functional.gelu(conv(torch.nn.functional.pad(x, (0, 1, 0, 1))))
        return self.dense(x.mean((2, 3)))


NETWORKS["uneven"] = Uneven


def randomised(make):
    """The network, with norms that do something."""
    torch.manual_seed(7)
    net = make().eval()
    for module in net.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.1)
            module.running_var.uniform_(0.5, 1.5)
            module.weight.data.uniform_(0.8, 1.2)
            module.bias.data.normal_(0, 0.1)
    return net


def export(net, file, keeps_norms):
    mode = torch.onnx.TrainingMode.PRESERVE if keeps_norms else torch.onnx.TrainingMode.EVAL
    torch.onnx.export(net, torch.zeros(1, 3, SIDE, SIDE), str(file), opset_version=13, training=mode)


def error_of(run_import, net, file, folder):
    images = torch.randn(IMAGES, 3, SIDE, SIDE)
    images.numpy().tofile(folder / "images")
    subprocess.run([run_import, str(file), str(folder / "images"), str(folder / "scores")], check=True)
    with torch.no_grad():
        wanted = net(images).numpy()
    made = numpy.fromfile(folder / "scores", numpy.float32).reshape(wanted.shape)
    return numpy.abs(made - wanted).max() / max(1, numpy.abs(wanted).max())


def main(run_import, atto):
    failed = 0
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        for network, make in NETWORKS.items():
            for keeps_norms in (True, False):
                file = folder / f"{network}.onnx"
                net = randomised(make)
                export(net, file, keeps_norms)
                try:
                    error = error_of(run_import, net, file, folder)
                except subprocess.CalledProcessError:
                    error = numpy.inf
                print(f"{network}{'' if keeps_norms else ', norms folded'}: error {error:.1e}", flush=True)
                failed += not error <= 1e-5
        for network, (make, rule) in REFUSED.items():
            file = folder / f"{network}.onnx"
            export(randomised(make), file, True)
            ended = subprocess.run([atto, "import", str(file), "--out", str(folder / network)], capture_output=True, text=True)
            print(f"{network}: {ended.stderr.strip()}")
            failed += ended.returncode != 2 or rule not in ended.stderr or "node " not in ended.stderr
        # Bring your own network, and let the machine decide on a part of it: the page's commands.
        page = (pathlib.Path(__file__).parents[3] / "docs/targets/onnx.md").read_text()
        (folder / "mobilenet_v2.onnx").rename(folder / "mobilenet.onnx")
        commands = [line for line in page.splitlines() if line.startswith(("    atto import mobilenet", "    atto reopen mine/"))]
        for command in [shlex.split(line)[1:] for line in commands] + [["inspect", "mine/design.json"]]:
            subprocess.run([atto, *command], check=True, stdout=subprocess.DEVNULL, cwd=folder)
        checked = json.loads(subprocess.run([atto, "check", "mine.json", "--json"], check=True, capture_output=True, text=True, cwd=folder).stdout)
        print(f"mobilenet_v2, its third stage reopened: {checked[0]['decisions']} decisions")
        failed += checked[0]["decisions"] < 2
    return failed > 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
