"""Topic matching (MQTT 5.0 §4.7), one topic at a time.

Set questions about filters are answered by looking at every topic of a finite set, never by comparing filters.
"""

import itertools

# A level that no filter and no rule spells.
FRESH = "fresh"


def levels_match(filter_levels: list, name: str) -> bool:
    if name.startswith("$") and filter_levels[0] in ("+", "#"):
        return False  # §4.7.2
    name_levels = name.split("/")
    for position, level in enumerate(filter_levels):
        if level == "#":
            return True  # also the parent level, §4.7.1.2
        if position == len(name_levels):
            return False
        if level != "+" and level != name_levels[position]:
            return False
        if position == len(name_levels) - 1 and filter_levels[position + 1 :] == ["#"]:
            return True
    return len(filter_levels) == len(name_levels)


def matches(topic_filter: str, name: str) -> bool:
    return levels_match(topic_filter.split("/"), name)


def topics(symbols, max_levels: int) -> list:
    """All Topic Names of 1 to `max_levels` levels; the empty string is none."""
    names = (
        "/".join(levels)
        for length in range(1, max_levels + 1)
        for levels in itertools.product(symbols, repeat=length)
    )
    return [name for name in names if name != ""]


def filters(symbols, max_levels: int) -> list:
    """All Topic Filters of 1 to `max_levels` levels out of `symbols`, `+` and a last `#`."""
    out = []
    for length in range(1, max_levels + 1):
        inner = list(symbols) + ["+"]
        for levels in itertools.product(inner, repeat=length - 1):
            for last in inner + ["#"]:
                out.append("/".join([*levels, last]))
    return [topic_filter for topic_filter in out if topic_filter != ""]


def enough_topics(filter_levels: list) -> list:
    """A finite set of topics in which these filters (lists of levels) differ as they do in the set of all.

    At each position only the literals that stand there matter, all others are alike; behind the longest filter one
    more level is enough, because `#` treats all further ones alike.
    """
    longest = max(len(levels) for levels in filter_levels)
    choices = []
    for position in range(longest + 1):
        literals = {levels[position] for levels in filter_levels if position < len(levels)} - {"+", "#"}
        choices.append(sorted(literals | {FRESH, ""}))
    choices[0].append("$" + FRESH)
    names = (
        "/".join(levels) for length in range(1, longest + 2) for levels in itertools.product(*choices[:length])
    )
    return [name for name in names if name != ""]


def hex_row(bits) -> str:
    """Booleans as hex digits, first one in the highest bit, the last byte filled up with zeros."""
    bits = list(bits)
    bits += [False] * (-len(bits) % 8)
    return "".join(f"{int(''.join('01'[bit] for bit in bits[n : n + 4]), 2):x}" for n in range(0, len(bits), 4))
