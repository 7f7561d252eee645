"""Answers questions about the reader, one JSON value a line: crates/vectors/tests/readers.rs asks them from the vectors."""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import mqward_reader as reader


def open_(q: dict) -> dict:
    device = reader.Device(q["client_id"], q["generation"], bytes.fromhex(q["hardware_id"]))
    root = bytes.fromhex(q["purpose_root"])
    if q["direction"] == "up":
        opener = reader.UpRoot(root).seed(device).opener(device, q["sender"])
    else:
        opener = reader.DownRoot(root).seed(device).opener(device, q["sender"], q["device_boot"])
    try:
        message = opener.open(q["topic"], bytes.fromhex(q["sealed"]))
    except reader.OpenError as error:
        return {"step": {"NotSealed": "frame", "OtherKey": "wrong_key", "Refused": "refused"}[type(error).__name__]}
    if message is None:
        return {"step": "cleared"}
    names = ("generation", "sender", "time", "boot", "count")
    facts = {name: getattr(message, name) for name in names} | {"class": message.class_.name.lower()}
    return {"step": "opened", "payload": message.payload.hex(), **facts}


def judge(q: dict) -> dict:
    """Judges a row of messages, commits the fresh ones, and stores and loads the memory after each."""
    stored, verdicts = None, []
    for m in q["messages"]:
        class_ = reader.Class[m["class"].upper()]
        message = reader.Message("up", "device-1", "tx/device-1/t", class_, 1, 0, m["time"], m["boot"], m["count"], b"")
        memory = reader.memory_of(message, stored, started=q["started"])
        if m["reopen"]:
            memory.reopen(m["boot"], m["count"])
        verdict = memory.judge(message, q["now"])
        if verdict is reader.Verdict.FRESH:
            memory.commit(message)
        verdicts.append(verdict.value)
        stored = memory.dump()
    return {"verdicts": verdicts, "stored": stored}


def read_key(q: dict) -> dict:
    try:
        return {"shown": repr(reader.UpRoot.read(q["path"]))}
    except (ValueError, OSError) as error:
        return {"error": type(error).__name__}


ANSWERS = {
    "open": open_,
    "judge": judge,
    "read_key": read_key,
    "client_id_of": lambda q: {"client_id": reader.client_id_of(q["pattern"], q["topic"])},
}

sys.stdin.reconfigure(encoding="utf-8")
for line in sys.stdin:
    question = json.loads(line)
    print(json.dumps(ANSWERS[question.pop("ask")](question)))
