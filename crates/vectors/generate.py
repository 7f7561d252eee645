#!/usr/bin/env python3
"""Prints the test vectors of docs/spec.md into data/*.json; `--check` compares instead of writing."""

import argparse
import json
import pathlib
import sys

from oracle import acl, cose, failures, keys, password, records, seal, topics

DATA = pathlib.Path(__file__).parent / "data"
# Each file stays well below what an editor or a reviewer can open.
MAX_FILE = 300 * 1024

FILES = {
    "keys.json": keys.vectors,
    "password.json": password.vectors,
    "sealed.json": seal.vectors,
    "cose.json": cose.vectors,
    "blob.json": records.vectors,
    "failures.json": failures.vectors,
    "topic.json": topics.vectors,
    "acl.json": acl.vectors,
}


def render(value: dict) -> str:
    """One line per case, so that a diff shows which cases changed."""
    parts = []
    for name, cases in value.items():
        if isinstance(cases, list):
            lines = ",\n".join("  " + json.dumps(case) for case in cases)
            parts.append(f' {json.dumps(name)}: [\n{lines}\n ]')
        else:
            parts.append(f" {json.dumps(name)}: {json.dumps(cases)}")
    return "{\n" + ",\n".join(parts) + "\n}\n"


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--check", action="store_true", help="compare with the committed files, write nothing")
    check = arguments.parse_args().check
    stale = []
    for name, vectors in FILES.items():
        text = render(vectors())
        json.loads(text)
        if len(text) > MAX_FILE:
            print(f"{name}: {len(text)} bytes are more than {MAX_FILE}", file=sys.stderr)
            return 1
        path = DATA / name
        if not check:
            path.write_text(text, encoding="ascii")
            print(f"{name}: {len(text)} bytes")
        elif not path.exists() or path.read_bytes() != text.encode("ascii"):
            stale.append(name)
    if stale:
        print("not what the program prints: " + ", ".join(stale), file=sys.stderr)
        print("write them anew: python generate.py", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
