"""Reads the sealed payloads of a mqward fleet: key derivation, opening, replay windows (docs/spec.md §4, §7, §8).

Needs the package `cryptography` and nothing else. It opens; it does not seal. An authentic message has no effect before
`Memory.judge` called it fresh: without that, a recording is acted on again.
"""

from __future__ import annotations

import enum
import json
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

if TYPE_CHECKING:
    from typing import Self

KEY_LEN, HEADER_LEN, TAG_LEN = 32, 14, 16
MAX_AHEAD_SECS = 60  # how far ahead of the receiver's clock a message may be (§8.6)
LIVE_MAX_AGE_SECS = 60  # how old a live command may be (§8.2)
WINDOW_COUNTS = 1024  # how many counts of one boot a window remembers (§8.1)
_MAX_U32, _MAX_COUNT = 2**32 - 1, 2**24 - 1


class OpenError(Exception):
    """The payload gives no message."""


class NotSealed(OpenError):
    """This is not a sealed payload; no key was involved."""


class OtherKey(OpenError):
    """The header names another generation or sender than the opener's."""


class Refused(OpenError):
    """Not authentic: changed, or sealed for another topic, direction, device or boot. No more is told."""


class Class(enum.IntEnum):
    """What a payload was sealed for (§7.1)."""

    LIVE = 0
    RETAINED = 1
    WILL = 2
    STORED = 3


@dataclass(frozen=True, slots=True)
class Device:
    """A device as the registry knows it: one generation on one board."""

    client_id: str
    generation: int
    hardware_id: bytes = b""

    def __post_init__(self) -> None:
        if not 1 <= len(self.client_id.encode()) <= 255:
            raise ValueError("a client id has 1 to 255 bytes")
        if not 1 <= self.generation <= 255:
            raise ValueError("a generation is 1 to 255")
        if len(self.hardware_id) > 32:
            raise ValueError("a hardware id has 0 to 32 bytes")


class _Key:
    """32 secret bytes that are never printed."""

    __slots__ = ("_bytes",)

    def __init__(self, key: bytes) -> None:
        if len(key) != KEY_LEN:
            raise ValueError("a key has 32 bytes")
        self._bytes = bytes(key)

    @classmethod
    def read(cls, path: str | Path) -> Self:
        """Reads a key file as `mqward fleet init` writes it; one that group or others may read is refused."""
        path = Path(path)
        if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise PermissionError(f"{path} is open to group or others: chmod 600")
        text = path.read_text("ascii").removesuffix("\n")
        if len(text) != 2 * KEY_LEN or set(text) - set("0123456789abcdef"):
            raise ValueError(f"{path} is no key file: 64 lower-case hexadecimal digits and a newline")
        return cls(bytes.fromhex(text))

    def __repr__(self) -> str:
        return f"{type(self).__name__}(…)"

    def _expand(self, info: bytes) -> bytes:
        return HKDFExpand(SHA256(), KEY_LEN, info).derive(self._bytes)

    def _seed(self, label: bytes, device: Device) -> bytes:
        return self._expand(label + bytes([device.generation]) + _lp(device.client_id.encode()))

    def _sender_key(self, device: Device, sender: int, rboot: int) -> bytes:
        info = b"mqward1k" + bytes([sender]) + rboot.to_bytes(4, "big") + _lp(device.hardware_id)
        return self._expand(info)


class UpSeed(_Key):
    """One device's seed for what it seals."""

    def opener(self, device: Device, sender: int = 0) -> Opener:
        """The opener of a device's uplink; `sender` is 0 to 15."""
        if not 0 <= sender <= 15:
            raise ValueError("a device's sender is 0 to 15")
        return Opener("up", device, sender, dict.fromkeys(Class, self._sender_key(device, sender, 0)))


class DownSeed(_Key):
    """One device's seed for what is sealed to it."""

    def opener(self, device: Device, sender: int, device_boot: int) -> Opener:
        """The opener that the device itself has, for one backend (16 to 255), in its current boot."""
        if not 16 <= sender <= 255:
            raise ValueError("a backend's sender is 16 to 255")
        if not 1 <= device_boot <= _MAX_U32:
            raise ValueError("a boot is 1 to 2^32 - 1")
        keys = dict.fromkeys(Class, self._sender_key(device, sender, 0))
        keys[Class.LIVE] = self._sender_key(device, sender, device_boot)
        return Opener("down", device, sender, keys)


class UpRoot(_Key):
    """Makes every device's uplink seed: what a reader of telemetry holds (`up_root.key`)."""

    def seed(self, device: Device) -> UpSeed:
        return UpSeed(self._seed(b"mqward1u", device))


class DownRoot(_Key):
    """Makes every device's downlink seed: what a commander holds (`down_root.key`)."""

    def seed(self, device: Device) -> DownSeed:
        return DownSeed(self._seed(b"mqward1d", device))


@dataclass(frozen=True, slots=True)
class Message:
    """An authentic message. `judge` it before it has an effect."""

    direction: str
    client_id: str
    topic: str
    class_: Class
    generation: int
    sender: int
    time: int | None  # Unix seconds at the sender, None if it has no clock
    boot: int
    count: int
    payload: bytes = field(repr=False)

    @property
    def memory_name(self) -> str:
        """Names the one `Memory` that judges this message: the key of its row in your database."""
        name = f"{self.direction} {self.client_id} {self.generation} {self.sender}"
        if self.class_ in (Class.RETAINED, Class.WILL):
            return f"{name} {self.class_.name.lower()} {self.topic}"
        return f"{name} stored" if (self.direction, self.class_) == ("down", Class.STORED) else name


class Opener:
    """Opens what one sender sealed; a device's `UpSeed` or `DownSeed` makes it. May be kept and shared."""

    def __init__(self, direction: str, device: Device, sender: int, keys: dict[Class, bytes]) -> None:
        self._direction, self._device, self._sender = direction, device, sender
        self._ciphers = {class_: ChaCha20Poly1305(key) for class_, key in keys.items()}

    def open(self, topic: str, sealed: bytes) -> Message | None:
        """Opens the payload of a PUBLISH on exactly this topic.

        None says that the payload is empty: somebody deleted a retained value, which is no message and proves nothing.
        """
        if not sealed:
            return None
        if len(sealed) < HEADER_LEN + TAG_LEN or sealed[0] & 0xF8 != 0x10:
            raise NotSealed("this is not a sealed payload")
        generation, sender = sealed[1], sealed[2]
        time, boot, count = (int.from_bytes(sealed[a:b], "big") for a, b in ((3, 7), (7, 11), (11, 14)))
        class_, has_clock = Class(sealed[0] & 3), not sealed[0] & 4
        if generation == 0 or boot == 0 or (has_clock and time == 0):
            raise NotSealed("this is not a sealed payload")
        if (generation, sender) != (self._device.generation, self._sender):
            raise OtherKey(f"sealed in generation {generation} by sender {sender}")
        try:
            nonce, aad = sealed[:1] + sealed[3:HEADER_LEN], _aad(topic.encode())
            payload = self._ciphers[class_].decrypt(nonce, bytes(sealed[HEADER_LEN:]), aad)
        except (InvalidTag, UnicodeEncodeError, OverflowError):
            raise Refused("the payload is not authentic") from None
        shown = time if has_clock else None
        return Message(
            self._direction, self._device.client_id, topic, class_, generation, sender, shown, boot, count, payload
        )


class Verdict(enum.Enum):
    """What a memory says of an authentic message."""

    FRESH = "fresh"  # act on it, and store the memory in the same transaction
    DUPLICATE = "duplicate"  # acted on before: acknowledge it, drop it
    TOO_OLD = "too-old"  # older than what is remembered or allowed: acknowledge it, drop it
    CLOSED = "closed"  # it cannot be told whether it was acted on before: do not act on it
    FROM_THE_FUTURE = "from-the-future"  # one of the two clocks is wrong


class Memory(Protocol):
    """What was acted on so far: a `Window` or a `LatestMark`."""

    def judge(self, message: Message, now: int) -> Verdict:
        """Judges a message without remembering it."""

    def commit(self, message: Message) -> None:
        """Remembers a message that was fresh."""

    def dump(self) -> str:
        """The text to store, in one transaction with the effect."""


def memory_of(message: Message, stored: str | None, *, started: int | None) -> Memory:
    """The memory that judges this message, from the text stored under `message.memory_name`.

    Without one, a window starts cold at `started`, the Unix time at which this receiver began (§8.5); None says that
    nothing of this sender was ever acted on.
    """
    if message.class_ in (Class.RETAINED, Class.WILL):
        return LatestMark.load(stored) if stored is not None else LatestMark()
    if stored is not None:
        return Window.load(stored)
    return Window() if started is None else Window.cold(started)


def _judge_time(message: Message, now: int) -> Verdict | None:
    age = None if message.time is None else now - message.time
    if age is not None and age < -MAX_AHEAD_SECS:
        return Verdict.FROM_THE_FUTURE
    live_command = (message.direction, message.class_) == ("down", Class.LIVE)
    return Verdict.TOO_OLD if live_command and age is not None and age > LIVE_MAX_AGE_SECS else None


class Window:
    """The replay window of one sender over its newest two boots: class live, and stored on uplink (§8.1, §8.5)."""

    def __init__(self) -> None:
        self._boots: list[list[int]] = []  # at most two, newest first: boot, highest count, bits of those seen
        self._cold: list[int] | None = None  # closed up to this time; 1 once a later message was committed

    @classmethod
    def cold(cls, started: int, skew: int = MAX_AHEAD_SECS) -> Window:
        """A window whose past is lost: what was sealed before `started + skew` stays closed."""
        window = cls()
        window._cold = [started + max(skew, MAX_AHEAD_SECS), 0]
        return window

    def reopen(self, boot: int, count: int) -> None:
        """Tells a cold window the sender's last stamp: nothing up to it is fresh, everything above is."""
        if boot < 1:
            raise ValueError("a boot is never 0")
        highest = max([(boot, count), *((known[0], known[1]) for known in self._boots)])
        self._boots = [[*highest, _ALL], [highest[0] - 1, _MAX_COUNT, _ALL]]
        self._cold = None

    def judge(self, message: Message, now: int) -> Verdict:
        if verdict := _judge_time(message, now):
            return verdict
        if message.class_ is not Class.LIVE and (message.direction, message.class_) != ("up", Class.STORED):
            return Verdict.CLOSED  # a stored command needs a strict mark (§8.3)
        if self._cold and not self._is_timed(message) and not (self._cold[1] and self._is_above(message)):
            return Verdict.CLOSED
        return self._place(message)

    def commit(self, message: Message) -> None:
        if self._place(message) is not Verdict.FRESH:
            raise ValueError("the message was committed before")
        if self._cold and self._is_timed(message) and self._is_above(message):
            self._cold[1] = 1
        known = self._known(message.boot)
        if known is None:
            self._boots = sorted([*self._boots, [message.boot, message.count, 1]], reverse=True)[:2]
            return
        ahead = max(message.count - known[1], 0)
        known[1] += ahead
        bits = known[2] << min(ahead, WINDOW_COUNTS) & _ALL
        known[2] = bits | 1 << known[1] - message.count

    def dump(self) -> str:
        boots = [[boot, highest, f"{bits:x}"] for boot, highest, bits in self._boots]
        return json.dumps({"boots": boots, "cold": self._cold}, separators=(",", ":"))

    @classmethod
    def load(cls, text: str) -> Window:
        """Reads what `dump` wrote. Damage is an error, never a window that starts anew."""
        window, stored = cls(), json.loads(text)
        window._boots = [[int(boot), int(highest), int(bits, 16)] for boot, highest, bits in stored["boots"]]
        window._cold = stored["cold"] and [int(stored["cold"][0]), int(stored["cold"][1])]
        return window

    def _place(self, message: Message) -> Verdict:
        known = self._known(message.boot)
        if known is None:
            behind = len(self._boots) == 2 and message.boot < self._boots[1][0]
            return Verdict.TOO_OLD if behind else Verdict.FRESH
        back = known[1] - message.count
        if back >= WINDOW_COUNTS:
            return Verdict.TOO_OLD
        return Verdict.DUPLICATE if back >= 0 and known[2] >> back & 1 else Verdict.FRESH

    def _known(self, boot: int) -> list[int] | None:
        return next((known for known in self._boots if known[0] == boot), None)

    def _is_timed(self, message: Message) -> bool:
        return self._cold is not None and message.time is not None and message.time > self._cold[0]

    def _is_above(self, message: Message) -> bool:
        return not self._boots or (message.boot, message.count) > (self._boots[0][0], self._boots[0][1])


class LatestMark:
    """The newest retained value or will of one sender on one topic (§8.4)."""

    def __init__(self) -> None:
        self._stamp = (0, 0)

    def judge(self, message: Message, now: int) -> Verdict:
        if verdict := _judge_time(message, now):
            return verdict
        # The same once more is delivered with every subscription, and is the value still.
        return Verdict.FRESH if (message.boot, message.count) >= self._stamp else Verdict.TOO_OLD

    def commit(self, message: Message) -> None:
        self._stamp = max(self._stamp, (message.boot, message.count))

    def dump(self) -> str:
        return json.dumps(self._stamp, separators=(",", ":"))

    @classmethod
    def load(cls, text: str) -> LatestMark:
        mark = cls()
        boot, count = json.loads(text)
        mark._stamp = (int(boot), int(count))
        return mark


def client_id_of(pattern: str, topic: str) -> str | None:
    """The device that a topic belongs to under the fleet's pattern, as `tx/%c/#`; None if it is nobody's (§10.1)."""
    wanted, levels, found = pattern.split("/"), topic.split("/"), None
    if not _is_topic_name(topic) or (topic.startswith("$") and not wanted[0].startswith("$")):
        return None
    if wanted[-1] == "#":
        wanted.pop()
        levels = levels[: len(wanted)]
    if len(levels) != len(wanted):
        return None
    for want, level in zip(wanted, levels):
        if want == "%c":
            if not _is_client_id(level) or found not in (None, level):
                return None
            found = level
        elif want not in ("+", level):
            return None
    return found


_ALL = (1 << WINDOW_COUNTS) - 1


def _lp(value: bytes) -> bytes:
    return bytes([len(value)]) + value


def _aad(topic: bytes) -> bytes:
    """The Enc_structure of RFC 9052 §5.3 with the topic as external_aad, in shortest CBOR."""
    length = len(topic)
    if not 1 <= length <= 65535:
        raise OverflowError("a Topic Name has 1 to 65535 bytes")
    head = bytes([0x40 + length]) if length < 24 else bytes([0x58, length]) if length < 256 else None
    return b"\x83\x68Encrypt0\x44\xa1\x01\x18\x18" + (head or b"\x59" + length.to_bytes(2, "big")) + topic


def _is_client_id(text: str) -> bool:
    return 1 <= len(text) <= 255 and all("!" <= c <= "~" and c not in "#$%*+/" for c in text)


def _is_topic_name(text: str) -> bool:
    def is_allowed(code: int) -> bool:
        control = code < 0x20 or 0x7F <= code <= 0x9F
        return not (control or 0xD800 <= code <= 0xDFFF or 0xFDD0 <= code <= 0xFDEF or code & 0xFFFE == 0xFFFE)

    allowed = all(is_allowed(ord(c)) and c not in "+#" for c in text)
    return allowed and 1 <= len(text.encode()) <= 65535
