"""CONNECT password (spec §6)."""

import base64
import hashlib
import hmac

from . import keys
from .keys import DEMO_AUDIENCE, DEMO_HW, DEMO_ID, DEMO_ROOT, ID_255, ID_64

TIME = 1767225600
BOOT = 1760000001
MAX_COUNT = 0xFFFFFF
MAX_U32 = 0xFFFFFFFF

# The vector of the protocol design, computed before this program existed.
DESIGN_PASSWORD = "AQFpVbkAaOd4AQAABzWDvWBDZNfhUzH90vNwBCY"


def head(generation: int, time: int, boot: int, count: int, version: int = 1) -> bytes:
    return (
        version.to_bytes(1, "big")
        + generation.to_bytes(1, "big")
        + time.to_bytes(4, "big")
        + boot.to_bytes(4, "big")
        + count.to_bytes(3, "big")
    )


def full_tag(login_key: bytes, head_bytes: bytes, client_id: str) -> bytes:
    """The whole 32-byte HMAC; a password carries the first 16."""
    return hmac.new(login_key, b"mqward1c" + head_bytes + keys.lp(client_id.encode()), hashlib.sha256).digest()


def text(data: bytes) -> str:
    """RFC 4648 §5 without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def mark(generation: int, boot: int, count: int) -> str:
    """The replay mark as 16 hex digits: a JSON number would lose bits in many readers."""
    return f"{generation << 56 | boot << 24 | count:016x}"


def vector(name: str, **changes) -> dict:
    inputs = {
        "root": DEMO_ROOT,
        "client_id": DEMO_ID,
        "generation": 1,
        "hardware_id": DEMO_HW,
        "audience": DEMO_AUDIENCE,
        "time": TIME,
        "boot": BOOT,
        "count": 7,
    }
    assert set(changes) <= set(inputs), changes
    inputs.update(changes)
    seed = keys.auth_seed(inputs["root"], inputs["client_id"], inputs["generation"])
    key = keys.login_key(seed, inputs["hardware_id"], inputs["audience"])
    head_bytes = head(inputs["generation"], inputs["time"], inputs["boot"], inputs["count"])
    tag = full_tag(key, head_bytes, inputs["client_id"])[:16]
    out = {"name": name, **inputs}
    out["root"] = inputs["root"].hex()
    out["hardware_id"] = inputs["hardware_id"].hex()
    out["login_key"] = key.hex()
    out["head"] = head_bytes.hex()
    out["tag"] = tag.hex()
    out["text"] = text(head_bytes + tag)
    out["mark"] = mark(inputs["generation"], inputs["boot"], inputs["count"])
    assert len(out["text"]) == 39
    return out


def first_count(wanted) -> int:
    """The lowest count whose password satisfies `wanted`, so that rare encodings have a vector too."""
    return next(n for n in range(MAX_COUNT) if wanted(vector("", count=n)))


def vectors() -> dict:
    """password.json"""
    design = vector("design", count=7)
    assert design["text"] == DESIGN_PASSWORD, "the vector of the design does not come out"
    out = [
        design,
        vector("no-clock", time=0),
        vector("no-clock-first-stamp", time=0, boot=1, count=0),
        vector("time-first", time=1),
        vector("time-last", time=MAX_U32),
        vector("boot-first", boot=1),
        vector("boot-last", boot=MAX_U32),
        vector("count-first", count=0),
        vector("count-last", count=MAX_COUNT),
        vector("everything-last", generation=255, time=MAX_U32, boot=MAX_U32, count=MAX_COUNT),
        vector("generation-2", generation=2),
        vector("generation-255", generation=255),
        vector("client-id-1", client_id="a"),
        vector("client-id-64", client_id=ID_64),
        vector("client-id-255", client_id=ID_255),
        vector("hardware-id-empty", hardware_id=b""),
        vector("hardware-id-32", hardware_id=bytes(range(0xE0, 0x100))),
        vector("audience-1", audience="a"),
        vector("audience-64", audience=("broker-7.example.net:8883/" * 3)[:64]),
        vector("other-root", root=keys.OTHER_ROOT),
        # A tag is bytes, not a C string: a zero byte at its start, in its middle and at its end.
        vector("tag-starts-with-zero", count=first_count(lambda v: v["tag"].startswith("00"))),
        vector("tag-has-zero-inside", count=first_count(lambda v: v["tag"][14:16] == "00")),
        vector("tag-ends-with-zero", count=first_count(lambda v: v["tag"].endswith("00"))),
        # Both letters in which base64url differs from base64.
        vector("text-dash-and-underscore", count=first_count(lambda v: "-" in v["text"] and "_" in v["text"])),
    ]
    return {"passwords": out}
