"""COSE_Encrypt0 form of a sealed payload (spec §7.6), RFC 9052 §5."""

import cbor2
from cwt import COSE, COSEKey

from . import seal
from .pattern import Bytes, Text
from .password import MAX_U32

PROTECTED = bytes.fromhex("a1011818")


def bstr_head(length: int) -> bytes:
    """Shortest CBOR head of a byte string (RFC 8949 §4.2.1)."""
    head = cbor2.dumps(b"\0" * length)[: -length or None]
    return head


def prefix(header: bytes, body_length: int) -> bytes:
    """All of the COSE form that stands before `ciphertext || tag`."""
    kid = header[1:3]
    return b"\xd0\x83\x44" + PROTECTED + b"\xa2\x04\x42" + kid + b"\x05\x4c" + seal.iv_of(header) + bstr_head(body_length)


def expand(sealed: bytes) -> bytes:
    return prefix(sealed[:14], len(sealed) - 14) + sealed[14:]


def check_with_cbor2(cose: bytes, sealed: bytes) -> None:
    """The hand-laid bytes are what a CBOR library prints for the same COSE_Encrypt0."""
    kid, iv, body = sealed[1:3], seal.iv_of(sealed[:14]), sealed[14:]
    assert cbor2.dumps(cbor2.CBORTag(16, [PROTECTED, {4: kid, 5: iv}, body])) == cose


def open_with_cwt(key: bytes, topic: str, cose: bytes) -> bytes:
    """Opens the full form as any COSE library does: key, external_aad and nothing of ours."""
    kid = cbor2.loads(cose).value[1][4]
    cose_key = COSEKey.from_symmetric_key(key, alg="ChaCha20/Poly1305", kid=kid)
    return COSE.new().decode(cose, cose_key, external_aad=topic.encode())


def seal_with_cwt(key: bytes, topic: str, header: bytes, payload: bytes) -> bytes:
    """Seals as any COSE library does that is told kid and IV."""
    cose_key = COSEKey.from_symmetric_key(key, alg="ChaCha20/Poly1305", kid=header[1:3])
    return COSE.new().encode_and_encrypt(
        payload,
        cose_key,
        protected={"alg": "ChaCha20/Poly1305"},
        unprotected={"kid": header[1:3], "iv": seal.iv_of(header)},
        external_aad=topic.encode(),
    )


def pair(name: str, **changes) -> dict:
    m = seal.message(**changes)
    sealed = seal.seal(m)
    cose = expand(sealed)
    key = seal.message_key(m)
    check_with_cbor2(cose, sealed)
    assert open_with_cwt(key, m["topic"].value, cose) == m["payload"].value, name
    # What `cwt` seals is what stands in the vectors, byte for byte, and the Rust opens that.
    assert seal_with_cwt(key, m["topic"].value, sealed[:14], m["payload"].value) == cose, name
    head = prefix(sealed[:14], len(sealed) - 14)
    out = {"name": name, "header": sealed[:14].hex(), "body": Bytes.of(sealed[14:]).json, "cose_prefix": head.hex()}
    out["opens"] = {"sender_key": key.hex(), "topic": m["topic"].json, "payload": m["payload"].json}
    return out


def long_pair(name: str, payload_length: int) -> dict:
    """A pair too long to print: the body is a pattern, so nothing opens it; its form is what counts.

    A real message of the same length is opened on the way, with the same prefix.
    """
    m = seal.message(payload=Bytes.repeat(payload_length))
    real = seal.seal(m)
    assert open_with_cwt(seal.message_key(m), m["topic"].value, expand(real)) == m["payload"].value, name
    body = Bytes.repeat(payload_length + 16)
    sealed = real[:14] + body.value
    check_with_cbor2(expand(sealed), sealed)
    head = prefix(sealed[:14], len(body.value))
    return {"name": name, "header": sealed[:14].hex(), "body": body.json, "cose_prefix": head.hex(), "opens": None}


def refused_full(good: bytes) -> list:
    """Forms of one message that a lenient CBOR reader might take for it."""
    body = good[27:]
    assert len(body) == 20 and good[26:27] == b"\x54"
    kid, iv = good[10:12], good[14:26]
    head, unprotected, tail = good[:7], b"\xa2\x04\x42" + kid + b"\x05\x4c" + iv, b"\x54" + body
    assert head + unprotected + tail == good
    kid_entry, iv_entry = b"\x04\x42" + kid, b"\x05\x4c" + iv

    def whole(protected=head, middle=unprotected, end=tail):
        return protected + middle + end

    forms = {
        "empty": b"",
        "tag-only": b"\xd0",
        "cut-before-the-ciphertext": good[:26],
        "truncated-by-one": good[:-1],
        "trailing-byte": good + b"\0",
        "twice": good + good,
        "untagged": good[1:],
        "tag-96-cose-encrypt": b"\xd8\x60" + good[1:],
        "tag-17-cose-mac0": b"\xd1" + good[1:],
        "tag-16-not-shortest": b"\xd8\x10" + good[1:],
        "tag-16-twice": b"\xd0" + good,
        "self-described-cbor": b"\xd9\xd9\xf7" + good,
        "array-of-4": whole(b"\xd0\x84" + head[2:], end=tail + b"\xf6"),
        "array-of-2": whole(b"\xd0\x82" + head[2:], end=b""),
        "array-not-shortest": whole(b"\xd0\x98\x03" + head[2:]),
        "array-indefinite": whole(b"\xd0\x9f" + head[2:], end=tail + b"\xff"),
        "protected-not-shortest": whole(b"\xd0\x83\x58\x04" + PROTECTED),
        "protected-indefinite": whole(b"\xd0\x83\x5f\x44" + PROTECTED + b"\xff"),
        "protected-empty": whole(b"\xd0\x83\x40"),
        "protected-as-map": whole(b"\xd0\x83" + PROTECTED),
        "protected-alg-not-shortest": whole(b"\xd0\x83\x45\xa1\x01\x19\x00\x18"),
        "protected-alg-a256gcm": whole(b"\xd0\x83\x43\xa1\x01\x03"),
        "protected-alg-25": whole(b"\xd0\x83\x44\xa1\x01\x18\x19"),
        "protected-trailing-byte": whole(b"\xd0\x83\x45" + PROTECTED + b"\0"),
        "map-extra-entry": whole(middle=b"\xa3" + kid_entry + iv_entry + b"\x03\x00"),
        "map-swapped": whole(middle=b"\xa2" + iv_entry + kid_entry),
        "map-duplicate-kid": whole(middle=b"\xa3" + kid_entry + kid_entry + iv_entry),
        "map-without-kid": whole(middle=b"\xa1" + iv_entry),
        "map-without-iv": whole(middle=b"\xa1" + kid_entry),
        "map-indefinite": whole(middle=b"\xbf" + kid_entry + iv_entry + b"\xff"),
        "map-not-shortest": whole(middle=b"\xb8\x02" + kid_entry + iv_entry),
        "map-label-not-shortest": whole(middle=b"\xa2\x18\x04\x42" + kid + iv_entry),
        "kid-of-1": whole(middle=b"\xa2\x04\x41" + kid[:1] + iv_entry),
        "kid-of-3": whole(middle=b"\xa2\x04\x43" + kid + b"\0" + iv_entry),
        "kid-not-shortest": whole(middle=b"\xa2\x04\x58\x02" + kid + iv_entry),
        "kid-as-text": whole(middle=b"\xa2\x04\x62" + kid + iv_entry),
        "kid-generation-0": whole(middle=b"\xa2\x04\x42\x00" + kid[1:] + iv_entry),
        "partial-iv": whole(middle=b"\xa2" + kid_entry + b"\x06\x4c" + iv),
        "iv-of-11": whole(middle=b"\xa2" + kid_entry + b"\x05\x4b" + iv[:-1]),
        "iv-of-13": whole(middle=b"\xa2" + kid_entry + b"\x05\x4d" + iv + b"\0"),
        "iv-not-shortest": whole(middle=b"\xa2" + kid_entry + b"\x05\x58\x0c" + iv),
        "iv-byte0-0x18": whole(middle=b"\xa2" + kid_entry + b"\x05\x4c\x18" + iv[1:]),
        "iv-byte0-0x0f": whole(middle=b"\xa2" + kid_entry + b"\x05\x4c\x0f" + iv[1:]),
        "iv-boot-0": whole(middle=b"\xa2" + kid_entry + b"\x05\x4c" + iv[:5] + bytes(4) + iv[9:]),
        "iv-time-0-with-clock": whole(middle=b"\xa2" + kid_entry + b"\x05\x4c" + iv[:1] + bytes(4) + iv[5:]),
        "ciphertext-not-shortest": whole(end=b"\x58\x14" + body),
        "ciphertext-not-shortest-16": whole(end=b"\x59\x00\x14" + body),
        "ciphertext-not-shortest-32": whole(end=b"\x5a\x00\x00\x00\x14" + body),
        "ciphertext-not-shortest-64": whole(end=b"\x5b" + bytes(7) + b"\x14" + body),
        "ciphertext-longer-than-input": whole(end=b"\x55" + body),
        "ciphertext-length-2-64-minus-1": whole(end=b"\x5b" + b"\xff" * 8 + body),
        "ciphertext-shorter-than-tag": whole(end=b"\x4f" + body[:15]),
        "ciphertext-empty": whole(end=b"\x40"),
        "ciphertext-nil": whole(end=b"\xf6"),
        "ciphertext-as-text": whole(end=b"\x74" + body),
        "ciphertext-indefinite": whole(end=b"\x5f\x54" + body + b"\xff"),
    }
    assert good not in forms.values()
    return [{"name": name, "cose": form.hex()} for name, form in forms.items()]


def vectors() -> dict:
    """cose.json"""
    pairs = [pair("design")]
    for direction in ("up", "down"):
        for message_class in seal.CLASSES:
            pairs.append(pair(f"{direction}-{message_class}", direction=direction, **{"class": message_class}))
    pairs += [
        pair("no-clock", has_clock=False),
        pair("everything-last", generation=255, sender=15, boot=MAX_U32, time_or_salt=MAX_U32, count=0xFFFFFF),
        pair("topic-non-ascii", topic=Text.of("tx/gerät/温度")),
        pair("topic-65535", topic=Text.repeat(65535)),
    ]
    # The body is 16 bytes longer than the payload: these straddle the CBOR length steps at 24 and 256.
    pairs += [pair(f"payload-{n}", payload=Bytes.repeat(n)) for n in (0, 7, 8, 239, 240)]
    # … and the step at 65 536.
    pairs += [long_pair(f"payload-{n}", n) for n in (65519, 65520)]
    good = expand(seal.seal(seal.message()))
    return {"pairs": pairs, "refused_full": refused_full(good), "refused_compact": refused_compact()}


def refused_compact() -> list:
    """What `expand` refuses: it needs no key, so it looks at the frame alone."""
    good = seal.seal(seal.message())
    forms = {
        "empty": b"",
        "header-only": good[:14],
        "no-room-for-the-tag": good[:29],
        "byte0-0x0f": b"\x0f" + good[1:],
        "byte0-0x18": b"\x18" + good[1:],
        "generation-0": good[:1] + b"\0" + good[2:],
        "time-0-with-clock": good[:3] + bytes(4) + good[7:],
        "boot-0": good[:7] + bytes(4) + good[11:],
    }
    return [{"name": name, "sealed": form.hex()} for name, form in forms.items()]
