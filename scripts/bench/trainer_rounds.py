"""Lets the three programs of trainer.sh take turns (A B C A B C ...) and prints medians and spread."""
import argparse
import json
import statistics
import subprocess
import sys


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--bench", required=True)
    parser.add_argument("--reference", required=True)
    parser.add_argument("--python", default="/usr/bin/python3")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--width", type=int, default=64)
    parser.add_argument("--blocks", type=int, default=6)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    size = [str(options.width), str(options.blocks), str(options.threads)]
    commands = {
        "ours": [options.bench, *size],
        "default": [options.python, options.reference, "default", *size],
        "tuned": [options.python, options.reference, "tuned", *size],
    }
    programs = {
        name: subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for name, command in commands.items()
    }
    results = {name: [] for name in programs}
    for turn in range(options.rounds):
        for name, program in programs.items():
            program.stdin.write("\n")
            program.stdin.flush()
            line = program.stdout.readline()
            if not line:
                sys.exit(f"bench: {name} ended early")
            results[name].append(float(line.split()[1]))
            if not options.json:
                print(f"round {turn + 1}/{options.rounds}: {line.strip()}", file=sys.stderr)
    for program in programs.values():
        program.stdin.close()
        program.wait()
    medians = {name: statistics.median(values) for name, values in results.items()}
    if options.json:
        print(json.dumps({name: round(value, 1) for name, value in medians.items()}))
        return
    print(f"separable net, width {options.width}, {options.blocks} blocks, 32x32, batch 128, {options.threads} thread(s)")
    for name, values in results.items():
        print(f"{name:8} {medians[name]:8.1f} images/s   [{min(values):.1f} .. {max(values):.1f}]   "
              f"{medians[name] / medians['default']:.2f} x default")


if __name__ == "__main__":
    main()
