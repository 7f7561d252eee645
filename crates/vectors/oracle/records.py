"""Boot slots (spec §5.2) and the provisioning blob (spec §4.5)."""

import zlib

from . import keys
from .keys import DEMO_ID, DEMO_ROOT, ID_255
from .password import BOOT, MAX_U32

ERASED = b"\xff" * 16


def with_crc(data: bytes) -> bytes:
    return data + zlib.crc32(data).to_bytes(4, "big")


def slot(boot: int, magic: bytes = b"mqwB", version: int = 1, reserved: bytes = b"\0\0\0") -> bytes:
    return with_crc(magic + version.to_bytes(1, "big") + reserved + boot.to_bytes(4, "big"))


def read_slot(data: bytes):
    """The boot number of a valid slot, else None."""
    boot = int.from_bytes(data[8:12], "big")
    return boot if data == slot(boot) and boot != 0 else None


def flip(data: bytes, index: int, bit: int = 0) -> bytes:
    out = bytearray(data)
    out[index] ^= 1 << bit
    return bytes(out)


def slots() -> list:
    good = slot(BOOT)
    forms = {
        "first": slot(1760000000),
        "good": good,
        "boot-1": slot(1),
        "boot-last": slot(MAX_U32),
        "boot-0": slot(0),
        "erased": ERASED,
        "zero": bytes(16),
        "bad-crc": flip(good, 15),
        "bad-crc-high": flip(good, 12, 7),
        "boot-flipped": flip(good, 11),
        "crc-of-nothing": good[:12] + bytes(4),
        "crc-little-endian": good[:12] + good[12:][::-1],
        "bad-magic": slot(BOOT, magic=b"mqwP"),
        "version-0": slot(BOOT, version=0),
        "version-2": slot(BOOT, version=2),
        "reserved-not-zero": slot(BOOT, reserved=b"\0\0\1"),
        "torn-after-8": good[:8] + ERASED[8:],
        "torn-after-12": good[:12] + ERASED[12:],
    }
    return [{"name": name, "slot": data.hex(), "boot": read_slot(data)} for name, data in forms.items()]


def start(a: bytes, b: bytes) -> dict:
    """One start of a device: which boot it gets, and what is in the slots afterwards."""
    boots = {name: read_slot(data) for name, data in (("a", a), ("b", b))}
    valid = {name: boot for name, boot in boots.items() if boot is not None}
    if not valid:
        return {"kind": "missing"}
    newest = max(valid, key=valid.get)
    other = "b" if newest == "a" else "a"
    after = {"a": a, "b": b}
    whole = boots[other] == valid[newest] - 1
    boot = valid[newest] + (1 if whole else 3)
    if boot > MAX_U32:
        return {"kind": "used_up"}
    if whole:
        after[other] = slot(boot)
    else:  # the number in between may have been used and lost
        after[other] = slot(boot - 1)
        after[newest] = slot(boot)
    return {"kind": "started", "boot": boot, "slot_a": after["a"].hex(), "slot_b": after["b"].hex()}


def starts() -> list:
    forms = {
        "first-start": (slot(1760000000), ERASED),
        "second-start": (slot(1760000000), slot(1760000001)),
        "third-start": (slot(1760000002), slot(1760000001)),
        "torn-write-of-b": (slot(7), slot(8)[:12] + ERASED[12:]),
        "torn-write-of-a": (slot(8)[:12] + ERASED[12:], slot(7)),
        "erased-a": (ERASED, slot(7)),
        "erased-b": (slot(7), ERASED),
        "both-alike": (slot(7), slot(7)),
        "a-far-behind": (slot(7), slot(1760000002)),
        "stale-b": (slot(1760000002), slot(3)),
        "last-boot": (slot(MAX_U32 - 1), slot(MAX_U32 - 2)),
        "used-up": (slot(MAX_U32 - 1), slot(MAX_U32)),
        "last-boot-with-a-lost-slot": (slot(MAX_U32 - 3), ERASED),
        "used-up-with-a-lost-slot": (slot(MAX_U32 - 2), ERASED),
        "both-erased": (ERASED, ERASED),
        "both-corrupt": (flip(slot(7), 11), flip(slot(8), 12)),
        "zero-and-erased": (slot(0), ERASED),
    }
    return [
        {"name": name, "slot_a": a.hex(), "slot_b": b.hex(), "outcome": start(a, b)} for name, (a, b) in forms.items()
    ]


def blob_body(client_id: bytes, generation: int, seeds: bytes, magic: bytes = b"mqwP", version: int = 1) -> bytes:
    return magic + version.to_bytes(1, "big") + generation.to_bytes(1, "big") + seeds + keys.lp(client_id)


def seeds_of(root: bytes, client_id: str, generation: int) -> list:
    return [seed(root, client_id, generation) for seed in (keys.auth_seed, keys.up_seed, keys.down_seed)]


def blob(name: str, root: bytes, client_id: str, generation: int) -> dict:
    auth, up, down = seeds_of(root, client_id, generation)
    data = with_crc(blob_body(client_id.encode(), generation, auth + up + down))
    assert len(data) == 107 + len(client_id)
    return {
        "name": name,
        "client_id": client_id,
        "generation": generation,
        "auth_seed": auth.hex(),
        "up_seed": up.hex(),
        "down_seed": down.hex(),
        "blob": data.hex(),
    }


def refused_blobs() -> list:
    client_id = DEMO_ID.encode()
    seeds = b"".join(seeds_of(DEMO_ROOT, DEMO_ID, 1))
    good = with_crc(blob_body(client_id, 1, seeds))
    body = good[:-4]
    forms = {
        "empty": b"",
        "erased": b"\xff" * len(good),
        "zero": bytes(len(good)),
        "bad-crc": flip(good, len(good) - 1),
        "crc-little-endian": body + good[-4:][::-1],
        "seed-flipped": flip(good, 40, 3),
        "generation-flipped": flip(good, 5, 1),
        "client-id-flipped": flip(good, len(good) - 5),
        "truncated-by-one": good[:-1],
        "trailing-byte": good + b"\0",
        "trailing-byte-under-the-crc": with_crc(body + b"\0"),
        "without-crc": body,
        "bad-magic": with_crc(blob_body(client_id, 1, seeds, magic=b"mqwB")),
        "version-0": with_crc(blob_body(client_id, 1, seeds, version=0)),
        "version-2": with_crc(blob_body(client_id, 1, seeds, version=2)),
        "generation-0": with_crc(blob_body(client_id, 0, seeds)),
        "client-id-empty": with_crc(blob_body(b"", 1, seeds)),
        "client-id-not-utf-8": with_crc(blob_body(b"device-\xff", 1, seeds)),
        "client-id-length-one-more": with_crc(body[:102] + bytes([len(client_id) + 1]) + client_id),
        "client-id-length-one-less": with_crc(body[:102] + bytes([len(client_id) - 1]) + client_id),
        "seed-missing": with_crc(blob_body(client_id, 1, seeds[:64])),
    }
    assert good not in forms.values()
    return [{"name": name, "blob": data.hex()} for name, data in forms.items()]


def vectors() -> dict:
    """blob.json"""
    return {
        "blobs": [
            blob("design", DEMO_ROOT, DEMO_ID, 1),
            blob("generation-255", DEMO_ROOT, DEMO_ID, 255),
            blob("client-id-1", DEMO_ROOT, "a", 1),
            blob("client-id-255", DEMO_ROOT, ID_255, 2),
            blob("other-root", keys.OTHER_ROOT, DEMO_ID, 1),
        ],
        "refused_blobs": refused_blobs(),
        "slots": slots(),
        "starts": starts(),
    }
