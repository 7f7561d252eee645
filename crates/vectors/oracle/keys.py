"""Key tree (spec §4)."""

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

DEMO_ROOT = bytes(range(32))
OTHER_ROOT = bytes((7 * i + 3) % 256 for i in range(32))

DEMO_ID = "device-0123456789ab"
DEMO_HW = bytes.fromhex("246f28a1b2c3")
OTHER_HW = bytes.fromhex("246f28a1b2c4")
DEMO_AUDIENCE = "mqtt.example.com"

# 64 and 255 characters, period 31 (a prime), so that a shifted copy cannot look like the original.
ID_UNIT = "meter-0123456789-ABCDEF_ghijkl."
ID_64 = (ID_UNIT * 9)[:64]
ID_255 = (ID_UNIT * 9)[:255]


def lp(data: bytes) -> bytes:
    """Length prefix: one byte. What is longer than 255 bytes is an error, never cut."""
    return len(data).to_bytes(1, "big") + data


def expand(key: bytes, info: bytes) -> bytes:
    """RFC 5869 §2.3 with SHA-256, 32 bytes."""
    return HKDFExpand(algorithm=hashes.SHA256(), length=32, info=info).derive(key)


def auth_root(root: bytes) -> bytes:
    return expand(root, b"mqward1A")


def up_root(root: bytes) -> bytes:
    return expand(root, b"mqward1U")


def down_root(root: bytes) -> bytes:
    return expand(root, b"mqward1D")


def seed_info(label: bytes, client_id: str, generation: int) -> bytes:
    return label + generation.to_bytes(1, "big") + lp(client_id.encode())


def auth_seed(root: bytes, client_id: str, generation: int) -> bytes:
    return expand(auth_root(root), seed_info(b"mqward1a", client_id, generation))


def up_seed(root: bytes, client_id: str, generation: int) -> bytes:
    return expand(up_root(root), seed_info(b"mqward1u", client_id, generation))


def down_seed(root: bytes, client_id: str, generation: int) -> bytes:
    return expand(down_root(root), seed_info(b"mqward1d", client_id, generation))


def login_key(seed: bytes, hardware_id: bytes, audience: str) -> bytes:
    return expand(seed, b"mqward1l" + lp(hardware_id) + lp(audience.encode()))


def sender_key(seed: bytes, sender: int, rboot: int, hardware_id: bytes) -> bytes:
    return expand(seed, b"mqward1k" + sender.to_bytes(1, "big") + rboot.to_bytes(4, "big") + lp(hardware_id))


def device_tree(root: bytes, client_id: str, generation: int, hardware_ids, audiences, senders) -> dict:
    """All keys below one device's seeds; `senders` are (direction, sender, rboot)."""
    seeds = {
        "auth": auth_seed(root, client_id, generation),
        "up": up_seed(root, client_id, generation),
        "down": down_seed(root, client_id, generation),
    }
    return {
        "client_id": client_id,
        "generation": generation,
        "auth_seed": seeds["auth"].hex(),
        "up_seed": seeds["up"].hex(),
        "down_seed": seeds["down"].hex(),
        "login_keys": [
            {
                "hardware_id": hw.hex(),
                "audience": audience,
                "login_key": login_key(seeds["auth"], hw, audience).hex(),
            }
            for hw in hardware_ids
            for audience in audiences
        ],
        "sender_keys": [
            {
                "direction": direction,
                "sender": sender,
                "rboot": rboot,
                "hardware_id": hw.hex(),
                "sender_key": sender_key(seeds[direction], sender, rboot, hw).hex(),
            }
            for hw in hardware_ids
            for direction, sender, rboot in senders
        ],
    }


def vectors() -> dict:
    """keys.json"""
    hardware_ids = [b"", DEMO_HW, bytes(range(0xE0, 0x100))]
    audiences = [DEMO_AUDIENCE, "a", ("broker-7.example.net:8883/" * 3)[:64]]
    senders = [
        ("up", 0, 0),
        ("up", 1, 0),
        ("up", 15, 0),
        ("down", 16, 0),
        ("down", 16, 1),
        ("down", 16, 1760000001),
        ("down", 255, 0xFFFFFFFF),
    ]
    trees = []
    for root in (DEMO_ROOT, OTHER_ROOT):
        devices = [device_tree(root, DEMO_ID, 1, hardware_ids, audiences, senders)]
        devices += [device_tree(root, DEMO_ID, g, [DEMO_HW], audiences[:1], senders[:4]) for g in (2, 255)]
        devices += [
            device_tree(root, client_id, 1, hardware_ids[1:2], audiences[:1], senders[:4])
            for client_id in ("a", "device-0123456789aB", ID_64, ID_255)
        ]
        trees.append(
            {
                "root": root.hex(),
                "auth_root": auth_root(root).hex(),
                "up_root": up_root(root).hex(),
                "down_root": down_root(root).hex(),
                "devices": devices,
            }
        )
    return {"trees": trees}
