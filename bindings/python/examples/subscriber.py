"""Reads a fleet from mosquitto_sub and acts on each message once, also over restarts and with several workers.

    mosquitto_sub -q 1 -c -i backend-1 -t 'tx/#' -F '%x %t' … |
        python3 subscriber.py up_root.key devices.jsonl readings.db [--first-run]

devices.jsonl is what `mqward registry export --public` prints. The effect is a row in a table of the same database.
--first-run says that the fleet is new and nothing was ever acted on.
"""

import json
import sqlite3
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import mqward_reader as mqward


def known_devices(path: str) -> dict[tuple[str, int], mqward.Device]:
    """Who exists and is not revoked, in each generation that is accepted."""
    devices = {}
    for row in map(json.loads, Path(path).read_text().splitlines()):
        for accepted in row["generations"]:
            if not row["revoked"] and not accepted["revoked"]:
                name = row["client_id"], accepted["generation"]
                devices[name] = mqward.Device(*name, bytes.fromhex(accepted["hardware_id"]))
    return devices


def receive(db: sqlite3.Connection, message: mqward.Message, started: int | None) -> mqward.Verdict:
    """Acts on a message that was not acted on before. Effect and memory are one transaction."""
    with db:
        db.execute("BEGIN IMMEDIATE")  # a second worker waits here
        row = db.execute("SELECT state FROM memory WHERE name = ?", (message.memory_name,)).fetchone()
        memory = mqward.memory_of(message, row and row[0], started=started)
        verdict = memory.judge(message, int(time.time()))
        if verdict is mqward.Verdict.FRESH:
            values = (message.client_id, message.topic, message.time, message.payload)
            db.execute("INSERT INTO reading VALUES (?, ?, ?, ?)", values)
            memory.commit(message)
        # A cold window is stored too: it stays cold over the next restart.
        db.execute("INSERT OR REPLACE INTO memory VALUES (?, ?)", (message.memory_name, memory.dump()))
    return verdict


def main(root_file: str, devices_file: str, database: str, first_run: str = "") -> None:
    root, devices = mqward.UpRoot.read(root_file), known_devices(devices_file)
    started = None if first_run == "--first-run" else int(time.time())
    db = sqlite3.connect(database, isolation_level=None)
    db.execute("CREATE TABLE IF NOT EXISTS memory (name TEXT PRIMARY KEY, state TEXT NOT NULL)")
    db.execute("CREATE TABLE IF NOT EXISTS reading (client_id TEXT, topic TEXT, time INTEGER, payload BLOB)")
    for line in sys.stdin:
        digits, _, topic = line.rstrip("\n").partition(" ")
        sealed = bytes.fromhex(digits)
        # The topic names the device, and the header claims a generation; a wrong claim does not open.
        device = devices.get((mqward.client_id_of("tx/%c/#", topic), sealed[1] if sealed[1:] else 0))
        if device is None:
            print("unknown" if sealed else "cleared", topic, flush=True)
            continue
        try:
            # Not None: the payload is not empty.
            message = root.seed(device).opener(device).open(topic, sealed)
        except mqward.OpenError:
            print("refused", topic, flush=True)
            continue
        print(receive(db, message, started).value, topic, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
