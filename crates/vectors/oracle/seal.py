"""Sealed payload (spec §7)."""

import hashlib

import cbor2
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from . import keys
from .keys import DEMO_HW, DEMO_ID, DEMO_ROOT, ID_255
from .password import BOOT, MAX_COUNT, MAX_U32, TIME
from .pattern import Bytes, Text

CLASSES = {"live": 0, "retained": 1, "will": 2, "stored": 3}
SALT = 0xC0FFEE42
DEVICE_BOOT = 1760000001
BACKEND_BOOT = 1767000000

# The vector of the protocol design, computed before this program existed.
DESIGN_SEALED = "1001006955b90068e778010000078013dff51db5b3430a73708af1e57f44dd62e3ad"


def byte0(message_class: str, has_clock: bool) -> int:
    return 0x10 | (0 if has_clock else 1) << 2 | CLASSES[message_class]


def aad(topic: bytes) -> bytes:
    """Enc_structure of RFC 9052 §5.3 with the protected header {1: 24} and the topic as external_aad."""
    protected = cbor2.dumps({1: 24})
    assert protected.hex() == "a1011818"
    return cbor2.dumps(["Encrypt0", protected, topic])


def message_key(m: dict) -> bytes:
    """The sender key; the receiver's boot enters it for downlink live alone."""
    seed = keys.up_seed if m["direction"] == "up" else keys.down_seed
    return keys.sender_key(
        seed(m["root"], m["client_id"], m["generation"]), m["sender"], message_rboot(m), m["hardware_id"]
    )


def message_rboot(m: dict) -> int:
    return m["device_boot"] if m["direction"] == "down" and m["class"] == "live" else 0


def header(m: dict) -> bytes:
    stamp = m["time_or_salt"].to_bytes(4, "big") + m["boot"].to_bytes(4, "big") + m["count"].to_bytes(3, "big")
    return bytes([byte0(m["class"], m["has_clock"]), m["generation"], m["sender"]]) + stamp


def iv_of(header_bytes: bytes) -> bytes:
    return header_bytes[:1] + header_bytes[3:]


def seal(m: dict) -> bytes:
    head = header(m)
    body = ChaCha20Poly1305(message_key(m)).encrypt(iv_of(head), m["payload"].value, aad(m["topic"].value.encode()))
    return head + body


def open_sealed(key: bytes, topic: str, sealed: bytes) -> bytes:
    return ChaCha20Poly1305(key).decrypt(iv_of(sealed[:14]), sealed[14:], aad(topic.encode()))


def message(**changes) -> dict:
    """A message with the design's inputs, but for what `changes` says; downlink gets a backend's sender and stamp."""
    m = {
        "direction": "up",
        "class": "live",
        "has_clock": True,
        "root": DEMO_ROOT,
        "client_id": DEMO_ID,
        "generation": 1,
        "hardware_id": DEMO_HW,
        "sender": 0,
        "device_boot": 0,
        "boot": BOOT,
        "count": 7,
        "topic": Text.of(f"tx/{DEMO_ID}/t"),
        "payload": Bytes.of(b"21.5"),
    }
    if changes.get("direction") == "down":
        m.update(sender=16, device_boot=DEVICE_BOOT, boot=BACKEND_BOOT, topic=Text.of(f"rx/{DEMO_ID}/cmd"))
    m["time_or_salt"] = TIME if changes.get("has_clock", True) else SALT
    assert set(changes) <= set(m), changes
    m.update(changes)
    return m


def vector(name: str, **changes) -> dict:
    m = message(**changes)
    sealed = seal(m)
    topic = m["topic"].value.encode()
    key = message_key(m)
    assert open_sealed(key, m["topic"].value, sealed) == m["payload"].value
    out = {"name": name, **m}
    for field in ("root", "hardware_id"):
        out[field] = m[field].hex()
    for field in ("topic", "payload"):
        out[field] = m[field].json
    out["rboot"] = message_rboot(m)
    out["sender_key"] = key.hex()
    out["iv"] = iv_of(sealed[:14]).hex()
    out["aad"] = Bytes.of(aad(topic)).json if len(topic) <= 512 else {"sha256": hashlib.sha256(aad(topic)).hexdigest()}
    out["sealed"] = sealed.hex()
    return out


def vectors() -> dict:
    """sealed.json"""
    design = vector("design")
    assert design["sealed"] == DESIGN_SEALED, "the vector of the design does not come out"
    out = [design]
    for direction in ("up", "down"):
        for message_class in CLASSES:
            for has_clock in (True, False):
                name = f"{direction}-{message_class}" + ("" if has_clock else "-no-clock")
                out.append(
                    vector(name, direction=direction, has_clock=has_clock, **{"class": message_class})
                )
    for direction in ("up", "down"):
        for length in (0, 1, 15, 16, 17, 63, 64, 65, 255, 1024):
            out.append(vector(f"{direction}-payload-{length}", direction=direction, payload=Bytes.repeat(length)))
    # 23/24 and 255/256 are the steps of the CBOR length before the topic.
    for length in (1, 23, 24, 255, 256, 300, 65535):
        out.append(vector(f"topic-{length}", topic=Text.repeat(length)))
    out += [
        vector("topic-non-ascii", topic=Text.of("tx/gerät/温度/\U0001f321/\ufeff")),
        vector("topic-empty-levels", topic=Text.of("/tx//")),
        vector("topic-65535-down", direction="down", topic=Text.repeat(65535)),
        vector("count-first", count=0),
        vector("count-last", count=MAX_COUNT),
        vector("boot-first", boot=1),
        vector("boot-last", boot=MAX_U32),
        vector("time-first", time_or_salt=1),
        vector("time-last", time_or_salt=MAX_U32),
        vector("salt-zero", has_clock=False, time_or_salt=0),
        vector("salt-last", has_clock=False, time_or_salt=MAX_U32),
        vector("sender-15", sender=15),
        vector("sender-255", direction="down", sender=255),
        vector("device-boot-first", direction="down", device_boot=1),
        vector("device-boot-last", direction="down", device_boot=MAX_U32),
        vector("generation-255", generation=255),
        vector("client-id-255", client_id=ID_255),
        vector("hardware-id-empty", hardware_id=b""),
        vector("hardware-id-32", hardware_id=bytes(range(0xE0, 0x100))),
        vector("other-root", root=keys.OTHER_ROOT),
        # An empty live uplink asks for the time; the answer echoes its boot and count (spec §9).
        vector("time-request", topic=Text.of(f"tx/{DEMO_ID}/time"), has_clock=False, payload=Bytes.of(b""), count=41),
        vector(
            "time-answer",
            direction="down",
            topic=Text.of(f"rx/{DEMO_ID}/time"),
            payload=Bytes.of(BOOT.to_bytes(4, "big") + (41).to_bytes(3, "big") + TIME.to_bytes(4, "big")),
        ),
    ]
    return {"messages": out}
