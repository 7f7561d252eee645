"""What must be refused, each case beside the good twin that it was made from (spec §6, §7)."""

import hashlib
import hmac

from . import keys, password, seal
from .keys import DEMO_AUDIENCE, DEMO_HW, DEMO_ID, DEMO_ROOT, OTHER_HW, OTHER_ROOT
from .password import BOOT, MAX_U32, TIME
from .pattern import Text
from .records import flip

WINDOW = 60


# CONNECT password


def minted(**changes) -> str:
    return password.vector("", **changes)["text"]


def verify(text: str, verifier: dict) -> dict:
    """The steps of spec §6.3, in order: what each reads, and where it stops."""
    data = decode(text)
    if data is None:
        return {"step": "malformed"}
    generation, time = data[1], int.from_bytes(data[2:6], "big")
    boot, count = int.from_bytes(data[6:10], "big"), int.from_bytes(data[10:13], "big")
    seed = keys.auth_seed(bytes.fromhex(verifier["root"]), verifier["client_id"], generation)
    key = keys.login_key(seed, bytes.fromhex(verifier["hardware_id"]), verifier["audience"])
    if generation not in verifier["known_generations"]:
        return {"step": "unknown"}
    if not hmac.compare_digest(password.full_tag(key, data[:13], verifier["client_id"])[:16], data[13:]):
        return {"step": "tag"}
    skew = None
    if time == 0:
        if verifier["clock"] == "required":
            return {"step": "clock"}
    else:
        skew = time - verifier["now"]
        if abs(skew) > verifier["window"]:
            return {"step": "window", "skew": skew}
    mark = password.mark(generation, boot, count)
    stored = verifier["stored_mark"]
    if stored is not None and mark <= stored:
        return {"step": "replay", "advance": "same" if mark == stored else "behind", "mark": mark, "skew": skew}
    return {"step": "accepted", "mark": mark, "skew": skew}


def decode(text: str):
    """29 bytes, or None when the text is not the one text of a valid head and a tag."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    if len(text) != 39 or any(letter not in alphabet for letter in text):
        return None
    bits = "".join(f"{alphabet.index(letter):06b}" for letter in text)
    data, rest = int(bits[:232], 2).to_bytes(29, "big"), bits[232:]
    if rest != "00" or data[0] != 1 or data[1] == 0 or data[6:10] == bytes(4):
        return None
    assert password.text(data) == text
    return data


def login(name: str, text: str, expected: str, twin=None, **changes) -> dict:
    verifier = {
        "root": DEMO_ROOT.hex(),
        "client_id": DEMO_ID,
        "known_generations": [1, 2],
        "hardware_id": DEMO_HW.hex(),
        "audience": DEMO_AUDIENCE,
        "window": WINDOW,
        "clock": "required",
        "now": TIME,
        "stored_mark": None,
    }
    assert set(changes) <= set(verifier), changes
    verifier.update(changes)
    outcome = verify(text, verifier)
    assert outcome["step"] == expected, (name, outcome)
    return {"name": name, "twin": twin, "text": text, "verifier": verifier, "outcome": outcome}


def logins() -> list:
    good = minted()
    data = password.head(1, TIME, BOOT, 7)
    tag = password.full_tag(keys.login_key(keys.auth_seed(DEMO_ROOT, DEMO_ID, 1), DEMO_HW, DEMO_AUDIENCE), data, DEMO_ID)
    clockless = minted(time=0)
    dashed = minted(count=password.first_count(lambda v: "-" in v["text"] and "_" in v["text"]))

    def forged(head: bytes) -> str:
        """A head that no honest device makes, under a right tag."""
        seed = keys.auth_seed(DEMO_ROOT, DEMO_ID, head[1])
        key = keys.login_key(seed, DEMO_HW, DEMO_AUDIENCE)
        return password.text(head + password.full_tag(key, head, DEMO_ID)[:16])

    def bent(index: int, bit: int = 0) -> str:
        return password.text(flip(data + tag[:16], index, bit))

    out = [login("good", good, "accepted"), login("good-dashes", dashed, "accepted")]

    malformed = {
        "empty": "",
        "length-38": good[:-1],
        "length-40": good + "A",
        "padded": good + "=",
        "padding-inside-39": good[:-1] + "=",
        "28-bytes": password.text(data + tag[:15]),
        "30-bytes": password.text(data + tag[:17]),
        "whole-tag": password.text(data + tag),
        "space-at-the-end": good[:-1] + " ",
        "newline-at-the-end": good + "\n",
        "newline-inside": good[:20] + "\n" + good[21:],
        "nul-inside": good[:20] + "\0" + good[21:],
        "nul-at-the-end": good + "\0",
        "non-ascii-letter": good[:20] + "é" + good[21:],
        "non-ascii-39-bytes": good[:20] + "é" + good[22:],
        "hexadecimal": (data + tag[:16]).hex(),
        "trailing-bits-01": good[:-1] + "Z",
        "trailing-bits-10": good[:-1] + "a",
        "trailing-bits-11": good[:-1] + "b",
        "version-0": forged(b"\0" + data[1:]),
        "version-2": forged(b"\2" + data[1:]),
        "version-255": forged(b"\xff" + data[1:]),
        "generation-0": forged(password.head(0, TIME, BOOT, 7)),
        "boot-0": forged(password.head(1, TIME, 0, 7)),
    }
    assert good[-1] == "Y"
    out += [login(name, text, "malformed", "good") for name, text in malformed.items()]
    out += [
        login("base64-plus", dashed.replace("-", "+", 1), "malformed", "good-dashes"),
        login("base64-slash", dashed.replace("_", "/", 1), "malformed", "good-dashes"),
    ]

    out += [
        login("bent-time", bent(5), "tag", "good"),
        login("bent-boot", bent(9), "tag", "good"),
        login("bent-count", bent(12), "tag", "good"),
        login("bent-generation", bent(1, 1), "unknown", "good"),
        login("bent-generation-to-known", password.text(b"\1\2" + data[2:] + tag[:16]), "tag", "good"),
        login("bent-tag-first-bit", bent(13, 7), "tag", "good"),
        login("bent-tag-last-bit", bent(28), "tag", "good"),
        login("tag-zero", password.text(data + bytes(16)), "tag", "good"),
        login("tag-last-half", password.text(data + tag[16:]), "tag", "good"),
        login("tag-without-label", password.text(data + unlabelled(data)), "tag", "good"),
        login("other-client-id", good, "tag", "good", client_id="device-0123456789ac"),
        login("other-client-id-case", good, "tag", "good", client_id="device-0123456789AB"),
        login("other-hardware-id", good, "tag", "good", hardware_id=OTHER_HW.hex()),
        login("hardware-id-empty", good, "tag", "good", hardware_id=""),
        login("other-audience", good, "tag", "good", audience="mqtt.example.org"),
        login("audience-prefix", good, "tag", "good", audience="mqtt.example.co"),
        login("other-root", good, "tag", "good", root=OTHER_ROOT.hex()),
        login("root-knows-another-generation", good, "unknown", "good", known_generations=[2]),
        login("unknown-device", good, "unknown", "good", known_generations=[]),
    ]

    out += [
        login("window-late-edge", good, "accepted", now=TIME + WINDOW),
        login("window-late-by-1", good, "window", "window-late-edge", now=TIME + WINDOW + 1),
        login("window-early-edge", good, "accepted", now=TIME - WINDOW),
        login("window-early-by-1", good, "window", "window-early-edge", now=TIME - WINDOW - 1),
        login("window-1-edge", good, "accepted", now=TIME + 1, window=1),
        login("window-1-late-by-1", good, "window", "window-1-edge", now=TIME + 2, window=1),
        login("window-3600-edge", good, "accepted", now=TIME + 3600, window=3600),
        login("window-3600-late-by-1", good, "window", "window-3600-edge", now=TIME + 3601, window=3600),
        login("time-1-at-1", minted(time=1), "accepted", now=1),
        login("time-1-at-the-end", minted(time=1), "window", "time-1-at-1", now=MAX_U32, window=3600),
        login("time-last-at-the-end", minted(time=MAX_U32), "accepted", now=MAX_U32),
        login("time-last-at-1", minted(time=MAX_U32), "window", "time-last-at-the-end", now=1, window=3600),
        login("no-clock-accepted", clockless, "accepted", clock="accepted"),
        login("no-clock-required", clockless, "clock", "no-clock-accepted"),
        login("no-clock-near-1970", clockless, "clock", "no-clock-accepted", now=30),
        login("clock-rule-does-not-widen-the-window", good, "window", "good", clock="accepted", now=TIME + WINDOW + 1),
    ]

    def mark(generation: int, boot: int, count: int) -> str:
        return password.mark(generation, boot, count)

    out += [
        login("mark-count-before", good, "accepted", stored_mark=mark(1, BOOT, 6)),
        login("mark-same", good, "replay", "mark-count-before", stored_mark=mark(1, BOOT, 7)),
        login("mark-behind-count", good, "replay", "mark-count-before", stored_mark=mark(1, BOOT, 8)),
        login("mark-boot-before", good, "accepted", stored_mark=mark(1, BOOT - 1, 0xFFFFFF)),
        login("mark-behind-boot", good, "replay", "mark-boot-before", stored_mark=mark(1, BOOT + 1, 0)),
        login("mark-behind-generation", good, "replay", "mark-boot-before", stored_mark=mark(2, 1, 0)),
        login("mark-generation-retires-the-old", minted(generation=2, boot=1, count=0), "accepted",
              stored_mark=mark(1, MAX_U32, 0xFFFFFF)),
        login("no-clock-same", clockless, "replay", "no-clock-accepted", clock="accepted", stored_mark=mark(1, BOOT, 7)),
        # Time does not order passwords: a later clock on an older stamp is a replay all the same.
        login("later-time-older-count", minted(time=TIME + 30, count=6), "replay", "mark-count-before",
              stored_mark=mark(1, BOOT, 6)),
        login("earlier-time-newer-count", minted(time=TIME - 30, count=8), "accepted", stored_mark=mark(1, BOOT, 7)),
    ]
    return out


def unlabelled(head: bytes) -> bytes:
    key = keys.login_key(keys.auth_seed(DEMO_ROOT, DEMO_ID, 1), DEMO_HW, DEMO_AUDIENCE)
    return hmac.new(key, head + keys.lp(DEMO_ID.encode()), hashlib.sha256).digest()[:16]


def cold_starts() -> list:
    """A replay store that began empty at `started` (spec §6.5): what passes while it knows no mark for the client."""
    out = []
    for window in (1, 60, 3600):
        for offset in (-1, 0, window - 1, window, window + 1):
            out.append({"started": TIME, "window": window, "time": TIME + offset, "accepted": offset > window})
        out.append({"started": TIME, "window": window, "time": 0, "accepted": False})
    return out


# Sealed payload


def opener(**changes) -> dict:
    m = seal.message(direction=changes.get("direction", "up"))
    out = {
        "direction": m["direction"],
        "root": m["root"].hex(),
        "client_id": m["client_id"],
        "generation": m["generation"],
        "hardware_id": m["hardware_id"].hex(),
        "sender": m["sender"],
        "device_boot": m["device_boot"],
    }
    assert set(changes) <= set(out), changes
    out.update(changes)
    return out


def open_with(who: dict, topic: str, sealed: bytes) -> dict:
    """The steps of spec §7.4, in order."""
    if len(sealed) < 30 or not 0x10 <= sealed[0] <= 0x17 or sealed[1] == 0 or sealed[7:11] == bytes(4):
        return {"step": "frame"}
    if not sealed[0] & 4 and sealed[3:7] == bytes(4):
        return {"step": "frame"}
    if sealed[1] != who["generation"] or sealed[2] != who["sender"]:
        return {"step": "wrong_key"}
    m = {
        "direction": who["direction"],
        "class": list(seal.CLASSES)[sealed[0] & 3],
        "root": bytes.fromhex(who["root"]),
        "client_id": who["client_id"],
        "generation": who["generation"],
        "hardware_id": bytes.fromhex(who["hardware_id"]),
        "sender": who["sender"],
        "device_boot": who["device_boot"],
    }
    try:
        payload = seal.open_sealed(seal.message_key(m), topic, sealed)
    except Exception:  # cryptography's InvalidTag, and nothing else after the frame was checked
        return {"step": "refused"}
    return {"step": "opened", "payload": payload.hex()}


def opening(name: str, sealed: bytes, expected: str, twin=None, topic=None, **who) -> dict:
    reader = opener(**who)
    if topic is None:
        topic = seal.message(direction=reader["direction"])["topic"].value
    outcome = open_with(reader, topic, sealed)
    assert outcome["step"] == expected, (name, outcome)
    return {
        "name": name, "twin": twin, "opener": reader, "topic": topic, "sealed": sealed.hex(), "outcome": outcome
    }


def bends(name: str, good: bytes, **who) -> list:
    """One bit of every field, and every length around the good one."""
    at = {
        "byte0-class-bit-0": (0, 0, "refused"),
        "byte0-class-bit-1": (0, 1, "refused"),
        "byte0-s": (0, 2, "refused"),
        "byte0-bit-3": (0, 3, "frame"),
        "byte0-bit-4": (0, 4, "frame"),
        "byte0-bit-5": (0, 5, "frame"),
        "byte0-bit-6": (0, 6, "frame"),
        "byte0-bit-7": (0, 7, "frame"),
        "generation": (1, 1, "wrong_key"),
        "generation-to-0": (1, 0, "frame"),
        "sender": (2, 0, "wrong_key"),
        "time-first-bit": (3, 7, "refused"),
        "time-last-bit": (6, 0, "refused"),
        "boot-first-bit": (7, 7, "refused"),
        "boot-last-bit": (10, 0, "refused"),
        "count-first-bit": (11, 7, "refused"),
        "count-last-bit": (13, 0, "refused"),
        "ciphertext-first-bit": (14, 7, "refused"),
        "ciphertext-last-bit": (len(good) - 17, 0, "refused"),
        "tag-first-bit": (len(good) - 16, 7, "refused"),
        "tag-last-bit": (len(good) - 1, 0, "refused"),
    }
    out = [
        opening(f"{name}-bent-{field}", flip(good, index, bit), step, name, **who)
        for field, (index, bit, step) in at.items()
    ]
    out += [
        opening(f"{name}-truncated-by-1", good[:-1], "refused", name, **who),
        opening(f"{name}-without-first-byte", good[1:], "frame", name, **who),
        opening(f"{name}-cut-to-30", good[:30], "refused", name, **who),
        opening(f"{name}-cut-to-29", good[:29], "frame", name, **who),
        opening(f"{name}-header-only", good[:14], "frame", name, **who),
        opening(f"{name}-one-byte", good[:1], "frame", name, **who),
        opening(f"{name}-trailing-byte", good + b"\0", "refused", name, **who),
        opening(f"{name}-boot-0", good[:7] + bytes(4) + good[11:], "frame", name, **who),
        opening(f"{name}-time-0-with-clock", good[:3] + bytes(4) + good[7:], "frame", name, **who),
    ]
    return out


def openings() -> list:
    def sealed(**changes) -> bytes:
        return seal.seal(seal.message(**changes))

    up, down, stored = sealed(), sealed(direction="down"), sealed(direction="down", **{"class": "stored"})
    accented = sealed(topic=Text.of("tx/ger\u00e4t"))
    tx, rx = f"tx/{DEMO_ID}/t", f"rx/{DEMO_ID}/cmd"
    out = [opening("up", up, "opened")]
    out += bends("up", up)
    out += [
        opening("up-empty-payload", sealed(payload=seal.Bytes.of(b"")), "opened"),
        opening("up-other-topic", up, "refused", "up", topic=f"tx/{DEMO_ID}/u"),
        opening("up-topic-with-slash", up, "refused", "up", topic=tx + "/"),
        opening("up-topic-case", up, "refused", "up", topic=tx.upper()),
        opening("up-topic-shorter", up, "refused", "up", topic=tx[:-1]),
        opening("up-accented", accented, "opened", topic="tx/ger\u00e4t"),
        opening("up-accented-decomposed", accented, "refused", "up-accented", topic="tx/gera\u0308t"),
        opening("up-other-generation", up, "wrong_key", "up", generation=2),
        opening("up-relabelled-generation", up[:1] + b"\2" + up[2:], "refused", "up", generation=2),
        opening("up-other-sender", up, "wrong_key", "up", sender=1),
        opening("up-relabelled-sender", up[:2] + b"\1" + up[3:], "refused", "up", sender=1),
        opening("up-other-client-id", up, "refused", "up", client_id="device-0123456789ac"),
        opening("up-other-hardware-id", up, "refused", "up", hardware_id=OTHER_HW.hex()),
        opening("up-other-root", up, "refused", "up", root=OTHER_ROOT.hex()),
    ]
    out += [opening("down", down, "opened", direction="down")]
    out += bends("down", down, direction="down")
    out += [
        opening("down-other-topic", down, "refused", "down", direction="down", topic=f"rx/{DEMO_ID}/cme"),
        opening("down-after-reboot", down, "refused", "down", direction="down", device_boot=seal.DEVICE_BOOT + 1),
        opening("down-other-sender", down, "wrong_key", "down", direction="down", sender=17),
        opening("down-relabelled-sender", down[:2] + b"\x11" + down[3:], "refused", "down", direction="down", sender=17),
        opening("down-other-client-id", down, "refused", "down", direction="down", client_id="device-0123456789ac"),
        opening("down-other-hardware-id", down, "refused", "down", direction="down", hardware_id=OTHER_HW.hex()),
        opening("stored", stored, "opened", direction="down"),
        # The receiver's boot is no part of the key of a stored command.
        opening("stored-after-reboot", stored, "opened", direction="down", device_boot=seal.DEVICE_BOOT + 1),
        opening("stored-as-live", b"\x10" + stored[1:], "refused", "stored", direction="down"),
        opening("live-as-stored", b"\x13" + down[1:], "refused", "down", direction="down"),
    ]

    # Direction: a telemetry reader holds up_root only, and tries to command with it; a commander forges telemetry.
    command = seal.message(direction="down")
    as_up = dict(command, direction="up")
    forged_down = seal.header(command) + seal.ChaCha20Poly1305(seal.message_key(as_up)).encrypt(
        seal.iv_of(seal.header(command)), b"21.5", seal.aad(rx.encode())
    )
    report = seal.message()
    as_down = dict(report, direction="down", device_boot=0)
    forged_up = seal.header(report) + seal.ChaCha20Poly1305(seal.message_key(as_down)).encrypt(
        seal.iv_of(seal.header(report)), b"21.5", seal.aad(tx.encode())
    )
    out += [
        opening("command-under-the-up-seed", forged_down, "refused", "down", direction="down"),
        opening("report-under-the-down-seed", forged_up, "refused", "up"),
        opening("up-reflected", up, "wrong_key", "down", direction="down", topic=tx),
        opening("down-reflected", down, "wrong_key", "up", topic=rx),
        # A command for boot 0: a backend that does not know the boot must not seal class live at all.
        opening("down-sealed-for-boot-0", sealed(direction="down", device_boot=0), "refused", "down", direction="down"),
    ]

    # No AEAD without its parts: topic left out of the AAD, bare external_aad, nonce without byte0.
    key, head, nonce = seal.message_key(report), seal.header(report), seal.iv_of(seal.header(report))
    cipher = seal.ChaCha20Poly1305(key)
    out += [
        opening("aad-empty", head + cipher.encrypt(nonce, b"21.5", b""), "refused", "up"),
        opening("aad-topic-only", head + cipher.encrypt(nonce, b"21.5", tx.encode()), "refused", "up"),
        opening("nonce-zero", head + cipher.encrypt(bytes(12), b"21.5", seal.aad(tx.encode())), "refused", "up"),
        opening("unencrypted", b"21.5", "frame", "up"),
        opening("unencrypted-30-bytes", b"{\"temperature\":21.5,\"unit\":\"C\"}", "frame", "up"),
        opening("all-zero", bytes(34), "frame", "up"),
        opening("all-ones", b"\xff" * 34, "frame", "up"),
        opening("cose-form", bytes.fromhex("d08344a1011818") + up, "frame", "up"),
    ]
    return out


def shapes() -> list:
    """What a broker's `sealed` rule sees: byte 0, the length, RETAIN (spec §7.8)."""
    out = []
    for first in list(range(0x0E, 0x1A)) + [0x00, 0x7B, 0x90, 0xD0, 0xFF]:
        for retain in (False, True):
            for length in (0, 1, 29, 30, 31):
                data = bytes([first]).ljust(length, b"\1")[:length]
                known = 0x10 <= first <= 0x17 and length >= 30
                by_class = [not retain, retain, True, not retain][first & 3]
                if length in (0, 1, 29) and first not in (0x10, 0x11):
                    continue
                out.append({"payload": data.hex(), "retain": retain, "sealed": known and by_class})
    return out


def vectors() -> dict:
    """failures.json"""
    out = {"logins": logins(), "cold_starts": cold_starts(), "openings": openings(), "shapes": shapes()}
    for kind in ("logins", "openings"):
        names = [case["name"] for case in out[kind]]
        assert len(names) == len(set(names)), kind
        good = {case["name"] for case in out[kind] if case["outcome"]["step"] in ("accepted", "opened")}
        assert all(case["twin"] is None or case["twin"] in good for case in out[kind]), kind
    return out
