"""Topic Names, Topic Filters, Client Identifiers and their set relations (spec §3, §10)."""

import itertools

from . import mqtt
from .pattern import Bytes, Text

MAX = 65535


def names() -> dict:
    valid = ["a", "/", "//", "a/", "/a", "a//b", "tx/device-0123456789ab/t", "$SYS/broker/uptime", "$", "a/$b", " ", "a b",
             "%c", "100%", "a/%c/b", "gerät/温度", "\U0001f321", "\ufeff", "a\ufeffb", "\u00a0", "\ufffd", "é", "e\u0301",
             "\ud7ff", "\ue000", "\U0010fffd", "*", ">", "a.b"]
    invalid = [
        ("empty", b""),
        ("wildcard_in_name", b"+"),
        ("wildcard_in_name", b"#"),
        ("wildcard_in_name", b"a/+/b"),
        ("wildcard_in_name", b"a/#"),
        ("wildcard_in_name", b"a+"),
        ("wildcard_in_name", b"a#b"),
    ]
    return {"valid": texts(valid), "invalid": invalid_bytes(invalid + not_text())}


def texts(short: list) -> list:
    out = [Text.of(text).json for text in short]
    out += [Text.repeat(n).json for n in (65, MAX)]
    return out + [Text.repeat(MAX, "/").json]


def not_text() -> list:
    """What MQTT §1.5.4 forbids in any string, or lets a receiver refuse."""
    out = [
        ("nul", b"\0"),
        ("nul", b"a/\0/b"),
        ("nul", b"a\0"),
    ]
    out += [("not_utf8", data) for data in (
        b"\xff", b"a/\x80", b"\xc3", b"\xc3(", b"\xe2\x82", b"\xf0\x9f\x8c", b"\xc0\xaf", b"\xc1\xbf", b"\xe0\x80\xaf",
        b"\xf0\x80\x80\xaf", b"\xf4\x90\x80\x80", b"\xf5\x80\x80\x80", b"\xed\xa0\x80", b"\xed\xbf\xbf",
        b"\xed\xa0\xbc\xed\xbc\xa1", b"\xfe\xff",
    )]
    out += [("control", f"a/{chr(code)}".encode()) for code in (0x01, 0x09, 0x0A, 0x0D, 0x1B, 0x1F, 0x7F, 0x80, 0x85, 0x9F)]
    out += [("non_character", f"a/{chr(code)}".encode()) for code in (
        0xFDD0, 0xFDEF, 0xFFFE, 0xFFFF, 0x1FFFE, 0x1FFFF, 0x10FFFE, 0x10FFFF)]
    out += [("too_long", (MAX + 1, b"a")), ("too_long", (MAX + 1, b"/"))]
    return out


def invalid_bytes(cases: list) -> list:
    out = []
    for error, value in cases:
        value = Bytes.repeat(value[0], value[1]) if isinstance(value, tuple) else Bytes.of(value)
        out.append({"error": error, "bytes": value.json})
    return out


def filter_syntax() -> dict:
    valid = ["a", "/", "+", "#", "/#", "+/#", "+/+", "a/+/b", "a/#", "//", "+//", "/+", "a/+", "$SYS/#", "$SYS/+", "$", "$a",
             "$shared/x", "$Share/g/a", "a/$share/b", "%c/#", "gerät/+", "\ufeff/#"]
    invalid = [
        ("empty", b""),
        ("wildcard_not_alone", b"a+"),
        ("wildcard_not_alone", b"+a"),
        ("wildcard_not_alone", b"a/b+/c"),
        ("wildcard_not_alone", b"++"),
        ("wildcard_not_alone", b"a/++"),
        ("wildcard_not_alone", b"foo#"),
        ("wildcard_not_alone", b"#foo"),
        ("wildcard_not_alone", b"a/b#"),
        ("wildcard_not_alone", b"##"),
        ("wildcard_not_alone", b"+#"),
        ("multi_level_not_last", b"#/a"),
        ("multi_level_not_last", b"a/#/b"),
        ("multi_level_not_last", b"#/"),
        ("multi_level_not_last", b"#/#"),
        ("multi_level_not_last", b"a/#/"),
        ("shared_subscription", b"$share"),
        ("shared_subscription", b"$share/"),
        ("shared_subscription", b"$share/g/a"),
        ("shared_subscription", b"$share/+/a"),
    ]
    return {"valid": texts(valid), "invalid": invalid_bytes(invalid + not_text())}


def subscriptions() -> dict:
    shared = [("g", "a"), ("g", "/"), ("g", "#"), ("g", "+/a"), ("g", "$SYS/#"), ("%c", "a/b"), ("$g", "a"), ("gruppe-ä", "a/+"),
              (" ", "a"), ("g", "/a"), ("g", "//")]
    plain = ["a", "#", "+/+", "$SYS/#", "$shared/g/a", "$SHARE/g/a", "/$share/g/a"]
    invalid = [
        ("empty", b""),
        ("share_name", b"$share"),
        ("share_name", b"$share/"),
        ("share_name", b"$share//a"),
        ("share_name", b"$share/+/a"),
        ("share_name", b"$share/#/a"),
        ("share_name", b"$share/g+/a"),
        ("share_name", b"$share/a#b/c"),
        ("share_without_filter", b"$share/g"),
        ("share_without_filter", b"$share/g/"),
        ("wildcard_not_alone", b"$share/g/a+"),
        ("multi_level_not_last", b"$share/g/#/a"),
        ("shared_subscription", b"$share/g/$share/h/a"),
        ("nul", b"$share/g/a\0"),
        ("nul", b"$share/g\0/a"),
        ("too_long", (MAX + 1, b"a/")),
    ]
    return {
        "valid": [{"text": f"$share/{group}/{inner}", "share_name": group, "filter": inner} for group, inner in shared]
        + [{"text": text, "share_name": None, "filter": text} for text in plain],
        "invalid": invalid_bytes(invalid),
    }


def client_ids() -> dict:
    valid = ["a", "device-0123456789ab", "A", "0", "-", "_", ".", "!", "~", "a:b", "a@b", "a,b", "a'b", "{a}", "\\", "^", "|"]
    valid += [Text.repeat(255, "meter-0123456789-ABCDEF_ghijkl.").value]
    invalid = [b"", b"+", b"#", b"a/b", b"/", b"$", b"$SYS", b"a$", b"%c", b"%", b"*", b"a+", b"a#", b" ", b"a b", b"a\0", b"\0",
               b"a\n", b"\x7f", b"\x1f", "é".encode(), b"\xff", b"a\xc3", "\ufeffa".encode(), b"a" * 256]
    return {"valid": valid, "invalid": [data.hex() for data in invalid]}


CLASSES = {
    "digits": "0123456789",
    "lower_hex": "0123456789abcdef",
    "hex": "0123456789abcdefABCDEF",
    "word": "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_",
    "word_dot": "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.",
}


def rule_accepts(rule: dict, client_id: str) -> bool:
    if not rule["min_len"] <= len(client_id) <= rule["max_len"] or not client_id.startswith(rule["prefix"]):
        return False
    return all(letter in CLASSES[rule["class"]] for letter in client_id[len(rule["prefix"]) :])


def client_id_rules() -> dict:
    rules = [
        {"prefix": prefix, "class": name, "min_len": low, "max_len": high}
        for prefix in ("", "0", "a", "a0", "aG", "a-", "a.", ":")
        for name in CLASSES
        for low, high in ((1, 3), (2, 2), (3, 4))
        if low >= len(prefix)
    ]
    # Two of every sort of letter that a class can tell apart, so that prefixes may differ inside one sort.
    letters = "01agAG-.:"
    ids = ["".join(word) for length in range(1, 5) for word in itertools.product(letters, repeat=length)]
    accepted = []
    for rule in rules:
        accepted.append(sum(1 << n for n, client_id in enumerate(ids) if rule_accepts(rule, client_id)))
    probes = ids[::97]
    return {
        "rules": rules,
        "ids": probes,
        "accepts": [mqtt.hex_row(rule_accepts(rule, client_id) for client_id in probes) for rule in rules],
        "overlaps": [mqtt.hex_row(a & b != 0 for b in accepted) for a in accepted],
    }


def grid(name: str, symbols: list, max_levels: int, more: list, probe_levels: int) -> dict:
    """Every ordered pair of filters: does the row's one cover the column's, do they overlap."""
    filters = mqtt.filters(symbols, max_levels)
    # One level more than any filter has, and letters that no filter spells.
    universe = mqtt.topics([*symbols, *more], max_levels + 1)
    sets = []
    for topic_filter in filters:
        levels = topic_filter.split("/")
        sets.append(sum(1 << n for n, topic in enumerate(universe) if mqtt.levels_match(levels, topic)))
    probes = mqtt.topics([*symbols, *more], probe_levels)
    return {
        "name": name,
        "filters": filters,
        "names": probes,
        "matches": [mqtt.hex_row(mqtt.matches(f, probe) for probe in probes) for f in filters],
        "covers": [mqtt.hex_row(b & ~a == 0 for b in sets) for a in sets],
        "overlaps": [mqtt.hex_row(a & b != 0 for b in sets) for a in sets],
    }


def grids() -> list:
    return [
        grid("plain", ["a", "b", ""], 4, ["x"], 3),
        grid("dollar", ["$S", "a", ""], 3, ["x", "$T"], 3),
    ]


def vectors() -> dict:
    """topic.json"""
    return {
        "names": names(),
        "filters": filter_syntax(),
        "subscriptions": subscriptions(),
        "client_ids": client_ids(),
        "client_id_rules": client_id_rules(),
        "grids": grids(),
    }
