#!/usr/bin/env python3
"""Checks the pages that strangers read: README.md and docs/.

Usage: check_docs.py ROOT [--self-test]
Links between pages must lead somewhere, every decision must be in the index, and prose must be readable: no line over
160 characters, no paragraph over 120 words, no sentence with more than two figures. Tables and code are no prose.
Prints every violation as FILE:LINE: rule; exit 1 when there is any.
"""
import pathlib
import re
import sys

LONGEST_LINE, LONGEST_PARAGRAPH, MOST_FIGURES = 160, 120, 2
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
FIGURE = re.compile(r"(?<![\w.])\d[\d,.]*(?![\w])")


def paragraphs(lines):
    """Yields (first line's number, [lines]) of prose: a list's item is a paragraph of its own."""
    block, start, in_code = [], 0, False
    for number, line in enumerate(lines + [""], 1):
        text = line.strip()
        if text.startswith("```"):
            in_code = not in_code
        is_prose = not (in_code or not text or text.startswith(("```", "#", "|", "<", "!["))
                        or (line.startswith("    ") and not block))
        if block and (not is_prose or re.match(r"([*-]|\d+\.) ", text)):
            yield start, block
            block = []
        if is_prose:
            start = start if block else number
            block.append(text)


def sentences(text):
    return re.split(r"(?<=[.!?:;])\s+(?=[A-Z*`\"(\[])", text)


def figures(sentence):
    """Counts numbers; those in names, links and code are none."""
    plain = re.sub(r"\]\([^)]*\)|\[\d+\]", "", sentence)
    return len(FIGURE.findall(plain))


def prose_faults(name, lines):
    for start, block in paragraphs(lines):
        for offset, line in enumerate(block):
            if len(line) > LONGEST_LINE:
                yield f"{name}:{start + offset}: a line of prose has at most {LONGEST_LINE} characters; got {len(line)}"
        text = " ".join(block)
        if len(text.split()) > LONGEST_PARAGRAPH:
            yield f"{name}:{start}: a paragraph has at most {LONGEST_PARAGRAPH} words; got {len(text.split())}"
        for sentence in sentences(re.sub(r"`[^`]*`", "`code`", text)):
            if figures(sentence) > MOST_FIGURES:
                yield f"{name}:{start}: a sentence has at most {MOST_FIGURES} figures; got \"{sentence[:60]}...\""


def link_faults(root, file, name, lines):
    for number, line in enumerate(lines, 1):
        for target in LINK.findall(line):
            if "://" in target or target.startswith("#"):
                continue
            if not (file.parent / target.split("#")[0]).exists():
                yield f"{name}:{number}: a link must lead to a file; got {target}"


def violations(root):
    found = []
    pages = [root / "README.md"] + sorted(root.glob("docs/**/*.md"))
    for page in (p for p in pages if p.exists()):
        name = page.relative_to(root).as_posix()
        lines = page.read_text().splitlines()
        found += link_faults(root, page, name, lines)
        found += prose_faults(name, lines)
    index = root / "docs/decisions/README.md"
    listed = index.read_text() if index.exists() else ""
    found += [f"docs/decisions/README.md: must list every decision; {record.name} is missing"
              for record in sorted(root.glob("docs/decisions/[0-9]*.md")) if f"({record.name})" not in listed]
    return found


def self_test():
    """Shows that each rule can be broken, so that the check can fail."""
    assert any("characters" in f for f in prose_faults("a", ["x" * 161]))
    assert any("words" in f for f in prose_faults("a", ["word " * 121]))
    assert any("figures" in f for f in prose_faults("a", ["From 1 to 2 and 3."]))
    assert not list(prose_faults("a", ["From 1 to 2. Then 3 and 4.", "", "| 1 2 3 4 |", "    1 2 3 4"]))


def main():
    if "--self-test" in sys.argv:
        self_test()
    found = violations(pathlib.Path(sys.argv[1]))
    print("\n".join(found) if found else "docs: links lead somewhere, prose is short")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
