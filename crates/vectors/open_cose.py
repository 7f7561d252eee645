#!/usr/bin/env python3
"""Opens COSE_Encrypt0 messages with `cwt`, one a line on stdin, to show that a general COSE library reads our form.

A line is: key (64 hex digits), TAB, Topic Name (UTF-8; no topic holds a TAB), TAB, COSE form (hex digits).
The answer to each line is the payload in hex digits, or `refused`.
"""

import sys

from oracle import cose


def main() -> None:
    sys.stdin.reconfigure(encoding="utf-8")
    for line in sys.stdin:
        key, topic, form = line.rstrip("\n").split("\t")
        try:
            print(cose.open_with_cwt(bytes.fromhex(key), topic, bytes.fromhex(form)).hex())
        except Exception as error:  # whatever cwt or cbor2 says: the caller sees one word, a person the reason
            print("refused")
            print(f"{type(error).__name__}: {error}", file=sys.stderr)


if __name__ == "__main__":
    main()
