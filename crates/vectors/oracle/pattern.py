"""Long byte and text values, written short.

A repeated unit of prime length, so that swapped or shifted blocks cannot cancel out.
"""

TOPIC_UNIT = "tx/device-0123456789ab/unit-31/"
PAYLOAD_UNIT = bytes(range(251))
assert len(TOPIC_UNIT) == 31


def fill(unit, length: int):
    return (unit * (length // len(unit) + 1))[:length]


class Bytes:
    """`{"hex": …}` or `{"repeat": {"unit": …, "length": …}}`"""

    def __init__(self, value: bytes, json: dict):
        self.value = value
        self.json = json

    @classmethod
    def of(cls, value: bytes) -> "Bytes":
        return cls(value, {"hex": value.hex()})

    @classmethod
    def repeat(cls, length: int, unit: bytes = PAYLOAD_UNIT) -> "Bytes":
        if length <= len(unit):
            return cls.of(fill(unit, length))
        return cls(fill(unit, length), {"repeat": {"unit": unit.hex(), "length": length}})


class Text:
    """`{"text": …}` or `{"repeat": {"unit": …, "length": …}}`, lengths in bytes (a unit is ASCII)"""

    def __init__(self, value: str, json: dict):
        self.value = value
        self.json = json

    @classmethod
    def of(cls, value: str) -> "Text":
        return cls(value, {"text": value})

    @classmethod
    def repeat(cls, length: int, unit: str = TOPIC_UNIT) -> "Text":
        if length <= 64:
            return cls.of(fill(unit, length))
        return cls(fill(unit, length), {"repeat": {"unit": unit, "length": length}})
