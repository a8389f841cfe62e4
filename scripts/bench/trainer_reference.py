"""The same training step in plain PyTorch, for comparison with trainer_bench.cpp.

Usage: trainer_reference.py default|tuned WIDTH BLOCKS THREADS. Reads a line before each round of steps and
prints "default IMAGES_PER_SECOND images/s" or "tuned ..."; ends with the input.
  default: as one writes it first: DataLoader, contiguous tensors, torch.optim.SGD, threads as torch starts.
  tuned:   channels_last, our number of threads, freed memory kept by malloc (mallopt).
"""
import ctypes
import sys
import time

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

BATCH, STEPS = 128, 4


def unit(inputs, outputs, kernel, stride, groups):
    return [
        nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
    ]


def network(width, blocks):
    layers = unit(3, width, 3, 1, 1)
    for i in range(blocks):
        layers += unit(width, width, 3, 2 if i % 3 == 2 else 1, width)
        layers += unit(width, width, 1, 1, 1)
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(width, 10))


def keep_freed_memory():
    libc = ctypes.CDLL("libc.so.6")
    m_trim_threshold, m_mmap_threshold = -1, -3
    libc.mallopt(m_mmap_threshold, 1 << 30)
    libc.mallopt(m_trim_threshold, 1 << 30)


def main():
    mode, width, blocks, threads = sys.argv[1], *map(int, sys.argv[2:5])
    tuned = mode == "tuned"
    if tuned:
        keep_freed_memory()
        torch.set_num_threads(threads)
    torch.manual_seed(1)
    model = network(width, blocks)
    images, labels = torch.randn(STEPS * BATCH, 3, 32, 32), torch.arange(STEPS * BATCH) % 10
    if tuned:
        model, images = model.to(memory_format=torch.channels_last), images.contiguous(memory_format=torch.channels_last)
    optimiser = torch.optim.SGD(model.parameters(), 0.05, momentum=0.9, nesterov=True, weight_decay=5e-4)
    loss_of = nn.CrossEntropyLoss(label_smoothing=0.1)
    loader = DataLoader(TensorDataset(images, labels), BATCH, shuffle=True, drop_last=True)

    def batches():
        if not tuned:
            yield from loader
            return
        for part in torch.randperm(len(images)).split(BATCH):
            yield images[part].contiguous(memory_format=torch.channels_last), labels[part]

    def run():
        for inputs, targets in batches():
            optimiser.zero_grad()
            loss_of(model(inputs), targets).backward()
            optimiser.step()

    run()
    for _ in sys.stdin:
        started = time.monotonic()
        run()
        print(f"{mode} {STEPS * BATCH / (time.monotonic() - started):.1f} images/s", flush=True)


if __name__ == "__main__":
    main()
