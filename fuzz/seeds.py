#!/usr/bin/env python3
"""Prints the seed corpora from the test vectors: run it after the vectors have changed."""

import json
import pathlib
import re
import shutil

FUZZ = pathlib.Path(__file__).parent
DATA = FUZZ.parent / "crates/vectors/data"
LIMIT = 24


def load(name):
    return json.loads((DATA / f"{name}.json").read_text())


def octets(value):
    if "text" in value:
        return value["text"].encode()
    if "hex" in value:
        return bytes.fromhex(value["hex"])
    return b""  # a length case, spelled as a repeated unit


def seeds():
    topic, acl = load("topic"), load("acl")
    for kind in ("names", "filters", "subscriptions"):
        for index, case in enumerate(topic[kind]["valid"][:LIMIT]):
            inner = case.get("filter", octets(case).decode())
            yield "topic", f"{kind}-{index}", f"{inner}\n+/#\n{inner}".encode()
        for index, case in enumerate(topic[kind]["invalid"][:LIMIT]):
            raw = octets(case["bytes"])
            if raw and len(raw) < 200:
                yield "topic", f"{kind}-invalid-{index}", raw + b"\n#\na"
    for index, case in enumerate(topic["subscriptions"]["valid"]):
        yield "topic", f"share-{index}", octets(case)
    for case in acl["cases"][: 2 * LIMIT]:
        effects = {"allow": "a", "deny": "d"}
        rules = [
            ("s" if rule.get("sealed") else effects[rule["effect"]])
            + rule["access"][0]
            + " "
            + rule["pattern"]
            for rule in case["rules"]
        ]
        asked = case["subscribe"][0]["filter"] if case["subscribe"] else "a"
        lines = "\n".join([case["client_id"], asked, *rules])
        yield "acl", case["name"], lines.encode()
    ids = topic["client_ids"]["valid"][:LIMIT]
    for index, client_id in enumerate(ids):
        yield "client_id", str(index), b"3\x01\x17\n0\x01\x09dev\n" + client_id.encode()[:64]
    for case in load("password")["passwords"]:
        yield "password", case["name"], case["text"].encode()
    for case in load("failures")["logins"][:LIMIT]:
        yield "password", "login-" + case["name"], case["text"].encode()
    for case in load("sealed")["messages"]:
        topic_bytes, payload = octets(case["topic"]), octets(case["payload"])
        if 0 < len(topic_bytes) < 300 and len(payload) < 300:
            kind = ["live", "retained", "will", "stored"].index(case["class"])
            head = bytes([kind | (0 if case["has_clock"] else 4), 0])
            yield "open", case["name"], head + topic_bytes + b"\n" + payload
            sealed = bytes.fromhex(case["sealed"]) if isinstance(case["sealed"], str) else b""
            if sealed:
                yield "cose", "compact-" + case["name"], sealed
                yield "open", "sealed-" + case["name"], b"\x00\x01\x00\x03\x80t\n" + sealed
    for index, length in enumerate((0, 1, 16, 63, 64, 65, 128, 193)):
        head, tail = b"\x83\x68Encrypt0", b"tx/device-1/temperature"[: 3 * index]
        key_and_nonce = bytes(range(44))
        lengths = bytes([len(head), len(tail), 7 * index, 3 * index])
        yield "aead", f"message-{length}", key_and_nonce + lengths + head + tail + bytes(length)
    for case in load("cose")["refused_full"][:LIMIT]:
        if isinstance(case["cose"], str) and len(case["cose"]) < 600:
            yield "cose", "refused-" + case["name"], bytes.fromhex(case["cose"])
    for case in load("cose")["pairs"][:LIMIT]:
        body = octets(case["body"])
        if len(body) < 300:
            yield "cose", "full-" + case["name"], bytes.fromhex(case["cose_prefix"]) + body
    blob = load("blob")
    for case in blob["blobs"] + blob["refused_blobs"]:
        yield "blob", case["name"], bytes.fromhex(case["blob"])
    for case in blob["starts"]:
        yield "blob", "slots-" + case["name"], bytes.fromhex(case["slot_a"] + case["slot_b"])
    example = (FUZZ.parent / "crates/broker/examples/policy.toml").read_bytes()
    yield "policy", "example", example
    yield "policy", "role", b"[[role]]\nname = \"d\"\nclient_id = { prefix = \"d\", chars = \"word\", min = 1, max = 9 }\nauth = \"broker\"\n"
    yield "policy", "two-roles", 2 * b"[[role]]\nname = \"d\"\nclient_id = { prefix = \"d\", chars = \"word\", min = 1, max = 9 }\nauth = \"broker\"\n"
    yield "window", "forward", bytes(byte for count in range(0, 120, 3) for byte in (0, count))
    yield "window", "back-and-boots", bytes([0, 100, 0, 30, 0, 99, 1, 5, 0, 98, 2, 0, 0, 97, 1, 6, 255, 2, 3, 0, 3, 9])
    yield "fleet", "login-replay-restart", bytes([0, 0, 2, 0, 2, 0, 8, 0, 2, 0, 7, 100, 0, 0, 2, 1, 6, 9, 0, 0, 2, 2])
    yield "fleet", "seal-replay-restore", bytes([1, 0, 4, 0, 4, 0, 8, 90, 1, 0, 4, 1, 8, 150, 4, 1, 6, 40, 1, 0, 4, 2])
    yield from c_abi_seeds()
    events = {
        "device": ["c\0\0", "p\0\0tx/device-0/t\tx", "s\0\0rx/device-0/#", "d\0\0rx/device-0/a", "u\0\0#", "p\0\0tx/device-1/t\tx"],
        "gentle": ["c\2\0", "p\2\1tx/gentle-1/s/a\tx", "p\2\0tx/gentle-1/no/a\tx", "s\2\0$share/g/all/+", "s\2\0all/#", "x\2\0gentle-1\tguess"],
        "person": ["c\3\0", "s\3\0tx/#", "d\3\0tx/a", "p\3\0tx/a\tb"],
        "strangers": ["c\4\0", "c\5\0", "p\4\0a\tb", "p\5\0a\tb", "n\0\0"],
        "takeover": ["c\0\0", "c\1\0", "e\0\0", "p\1\0tx/device-0\tx", "r\0\0", "e\1\0", "d\1\0rx/device-0/a"],
        "reload": ["t\0\0", "c\0\0", "l\0\0", "r\0\0", "t\0\0", "p\0\0tx/device-0/t\tx", "e\0\0", "l\0\0", "r\0\0", "t\0\0"],
    }
    for name, lines in events.items():
        yield "plugin", name, "\n".join(lines).encode()


def c_abi_seeds():
    """Chains of calls: a function's number, then what its arguments are drawn from (fuzz/src/arena.rs)."""
    source = (FUZZ / "fuzz_targets/c_abi.rs").read_text()
    table = source.split("\nfunctions! {\n")[1].split("\n}\n")[0]
    names = re.findall(r"\bmqward_\w+", table)
    text, one, storage = [0, 0], [0, 1], [0, 0]
    device = [4, *text, 8, *text, 0, *one]
    start = [("boot_provision", storage + one), ("boot_start", storage + [1])]
    mint = [("boot_login_stamper", [1, 2]), ("password_mint", [2, 3, *device, *one, 2, 0, 40])]
    topic, buffer = [*text, 3], [6, 0, 100]
    seal = [
        ("boot_seal_stamper", [1, 0, 0, 0, 0, 7]),
        ("sealer_init_up", [5, *device, 0, 0, 6]),
        ("seal_in_place", [6, 7, 0, 0, *topic, *one, *buffer, 10, 8]),
        ("opener_init_up", [5, *device, 0, 0, 9]),
    ]
    receipt = [226, 48]
    opened = [
        ("open_in_place", [9, *topic, 6, 0, 40, 10]),
        ("window_init", [11]),
        ("receipt_check_age", [*receipt, *one, *one]),
        ("window_judge", [11, *receipt, 0]),
        ("window_commit", [11, 0]),
    ]
    expand = [("cose_expand", [6, 0, 40, 3, 0, 90, 0]), ("cose_compact", [3, 0, 67, 6, 0, 60, 0])]
    sleep = [("resume_sleep", [2, 7, 5, 0, 32]), ("resume_wake", [5, 0, 32, 2, 7])]
    chains = {
        "mint": start + mint,
        "seal-and-open": start + seal + opened,
        "expand": start + seal + expand,
        "sleep": start + mint[:1] + seal[:1] + sleep,
    }
    for index, name in enumerate(names):
        chains[name] = [(name.removeprefix("mqward_"), range(1, 40))]
    for name, chain in chains.items():
        drawn = bytes(byte for function, rest in chain for byte in [names.index("mqward_" + function), *rest])
        yield "c_abi", name, b"device-1".ljust(len(drawn), b"\0") + drawn


def main():
    shutil.rmtree(FUZZ / "corpus", ignore_errors=True)
    for target, name, data in seeds():
        folder = FUZZ / "corpus" / target
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name.replace("/", "_")).write_bytes(data)


main()
