"""ACL decisions (spec §10), taken topic by topic."""

from . import mqtt

CLIENT = "device-1"


def rule(text: str, sealed: bool = False) -> dict:
    """`allow subscribe rx/%c/#`"""
    effect, access, pattern = text.split(" ")
    return {"effect": effect, "access": access, "pattern": pattern, "sealed": sealed}


def levels_of(pattern: str, client_id: str) -> list:
    """The placeholder becomes one level; nothing is put back into text and parsed again."""
    return [client_id if level == "%c" else level for level in pattern.split("/")]


def matching(rules: list, effect: str, access: str, topic: str, client_id: str) -> list:
    return [
        r
        for r in rules
        if r["effect"] == effect and r["access"] == access and mqtt.levels_match(levels_of(r["pattern"], client_id), topic)
    ]


def topic_allowed(rules: list, access: str, topic: str, client_id: str) -> bool:
    allowed = matching(rules, "allow", access, topic, client_id)
    return bool(allowed) and not matching(rules, "deny", access, topic, client_id)


def inner_filter(text: str) -> str:
    return text.split("/", 2)[2] if text.startswith("$share/") else text


def subscribe_allowed(rules: list, text: str, client_id: str) -> bool:
    """Every topic that the filter can match is allowed, and no deny rule touches one."""
    wanted = inner_filter(text).split("/")
    everything = [wanted] + [levels_of(r["pattern"], client_id) for r in rules if r["access"] == "subscribe"]
    topics = [name for name in mqtt.enough_topics(everything) if mqtt.levels_match(wanted, name)]
    assert topics, text
    return all(topic_allowed(rules, "subscribe", name, client_id) for name in topics)


def case(name: str, rules: list, subscribe=(), publish=(), deliver=(), client_id: str = CLIENT) -> dict:
    def published(topic: str) -> dict:
        allowed = topic_allowed(rules, "publish", topic, client_id)
        sealed = allowed and any(r["sealed"] for r in matching(rules, "allow", "publish", topic, client_id))
        return {"topic": topic, "allowed": allowed, "sealed": sealed}

    return {
        "name": name,
        "client_id": client_id,
        "rules": rules,
        "subscribe": [{"filter": text, "allowed": subscribe_allowed(rules, text, client_id)} for text in subscribe],
        "publish": [published(topic) for topic in publish],
        "deliver": [{"topic": t, "allowed": topic_allowed(rules, "subscribe", t, client_id)} for t in deliver],
    }


def by_hand() -> list:
    device = [
        rule("allow publish tx/%c/#", sealed=True),
        rule("allow publish status/%c"),
        rule("allow subscribe rx/%c/#"),
        rule("deny subscribe rx/%c/secret/#"),
        rule("deny publish tx/%c/debug"),
    ]
    everything = ["#", "+", "+/#", "+/+", "/", "/#", "/+", "/+/#", "+/", "+/+/#", "a", "a/#", "a/+", "a/+/#", "a/b", "a/b/#",
                  "b", "a/", "a//#", "$SYS/#", "$SYS/+", "$SYS/a", "$SYS", "$share/g/a/#", "$share/g/#", "$share/g/$SYS/a"]

    def allow(*patterns: str) -> list:
        return [rule(f"allow subscribe {pattern}") for pattern in patterns]

    def union(name: str, *patterns: str, deny=()) -> dict:
        rules = allow(*patterns) + [rule(f"deny subscribe {pattern}") for pattern in deny]
        return case(name, rules, subscribe=everything)

    return [
        case("empty", [], subscribe=everything, publish=["a", "$SYS/a"], deliver=["a"]),
        case(
            "device",
            device,
            subscribe=["rx/device-1/cmd", "rx/device-1/+", "rx/device-1/#", "rx/device-1", "rx/device-1/cmd/#",
                       "rx/device-1/secret", "rx/device-1/secret/#", "rx/device-1/secret/a", "rx/device-1/+/a", "rx/+/cmd",
                       "rx/#", "+/device-1/cmd", "#", "+/+/+", "rx/device-2/cmd", "rx/device-2/#", "rx/device-1x/cmd",
                       "rx/device-1/cmd/", "rx//cmd", "rx", "tx/device-1/t", "$share/g/rx/device-1/cmd",
                       "$share/g/rx/device-2/cmd", "$share/g/rx/#", "$share/rx/device-1/cmd", "$SYS/#", "$SYS/broker/clients",
                       "/rx/device-1/cmd", "rx/%c/cmd"],
            publish=["tx/device-1/t", "tx/device-1", "tx/device-1/", "tx/device-1/a/b", "tx/device-2/t", "tx/device-1/debug",
                     "tx/device-1/debug/x", "status/device-1", "status/device-1/x", "status/device-2", "rx/device-1/cmd",
                     "tx", "tx//t", "tx/%c/t", "$SYS/a", "$share/g/tx/device-1/t"],
            deliver=["rx/device-1/cmd", "rx/device-1", "rx/device-1/secret", "rx/device-1/secret/a", "rx/device-1/secrets",
                     "rx/device-2/cmd", "tx/device-1/t", "$SYS/a"],
        ),
        case("sealed-by-any-rule", [rule("allow publish a/#"), rule("allow publish a/+", sealed=True)],
             publish=["a/b", "a", "a/b/c"]),
        case("sealed-on-a-deny-rule", [rule("allow publish a/#"), rule("deny publish a/b", sealed=True)], publish=["a/b", "a/c"]),
        # A subscription and a delivery have no payload to judge.
        case("sealed-on-a-subscribe-rule", [rule("allow subscribe a/#", sealed=True)],
             subscribe=["a/b", "a/#", "b"], publish=["a/b"], deliver=["a/b", "a", "b"]),
        # The union of two rules may cover what neither covers.
        union("union-parent", "a", "a/+/#"),
        union("union-parent-and-empty", "a", "a/", "a/+/#"),
        union("union-without-parent", "a/+/#"),
        union("union-by-length", "a", "a/+", "a/+/+", "a/+/+/+/#"),
        union("union-with-a-gap", "a", "a/+", "a/+/+/+/#"),
        union("union-whole", "+", "+/#"),
        union("union-slash", "/#"),
        union("union-slash-plus", "/+/#"),
        union("union-plus-plus", "+/+/#"),
        union("union-all-lengths", "+", "+/+", "+/+/#"),
        union("hash", "#"),
        union("plus", "+"),
        union("plus-hash", "+/#"),
        union("hash-and-sys", "#", "$SYS/#"),
        union("sys-only", "$SYS/#"),
        union("sys-plus", "$SYS/+"),
        union("literals-are-no-wildcard", "a/a", "a/b", "a/"),
        union("deny-one", "#", deny=["a/b"]),
        union("deny-sys-by-hash", "$SYS/#", deny=["#"]),
        union("deny-sys-by-plus", "$SYS/#", deny=["+/a"]),
        union("deny-sys", "$SYS/#", deny=["$SYS/a"]),
        union("deny-empty-level", "#", deny=["+/"]),
        union("deny-first", "a/#", "b", deny=["a/#"]),
        union("deny-parent", "a/#", deny=["a"]),
        union("deny-without-allow", deny=["b"]),
        union("shared-name-in-a-rule", "g/a/#"),
        # A rule of one access says nothing about the other.
        case("publish-only", [rule("allow publish #")], subscribe=["a", "#"], publish=["a", "$SYS/a"], deliver=["a"]),
        case("deny-publish-only", [rule("allow subscribe #"), rule("deny publish #")], subscribe=["a", "#"], deliver=["a"]),
        # The id is one literal level, whatever it looks like.
        *(
            case(f"id-{name}", [rule("allow subscribe rx/%c/#"), rule("allow publish %c"), rule("deny publish %c/%c")],
                 subscribe=["rx/a.b/c", "rx/a/c", "rx/-/c", "rx/+/c", "rx/a.b/#", "rx/A.B/#"],
                 publish=["a.b", "a", "-", "a.b/a.b", "-/-", "%c"], client_id=client_id)
            for name, client_id in (("dot", "a.b"), ("dash", "-"), ("upper", "A.B"))
        ),
    ]


class Lcg:
    """Numerical Recipes' generator: the same numbers in every Python."""

    def __init__(self, seed: int):
        self.state = seed

    def below(self, limit: int) -> int:
        self.state = (self.state * 1664525 + 1013904223) % 2**32
        return (self.state >> 8) % limit

    def pick(self, items: list):
        return items[self.below(len(items))]


def by_chance(count: int) -> list:
    """Small rule sets against small filters, so that many of them nearly fit."""
    numbers = Lcg(20261122)
    filters = mqtt.filters(["a", ""], 3) + mqtt.filters(["a", "b"], 2) + ["$S/#", "$S/+", "$S", "$S/a", "%c/#", "%c", "a/%c", "+/%c"]
    topics = mqtt.topics(["a", "b", "", "$S", "c1"], 3)
    out = []
    for number in range(count):
        rules = []
        for _ in range(1 + numbers.below(5)):
            effect = "deny" if numbers.below(6) == 0 else "allow"
            rules.append(rule(f"{effect} subscribe {numbers.pick(filters)}"))
        wanted = sorted({numbers.pick(filters) for _ in range(24)})
        wanted = [text.replace("%c", "c1") for text in wanted]
        out.append(case(f"chance-{number}", rules, subscribe=wanted,
                        deliver=sorted({numbers.pick(topics) for _ in range(8)}), client_id="c1"))
    return out


def patterns() -> dict:
    return {
        "valid": ["a", "tx/%c/#", "%c", "%c/%c", "+/%c", "$SYS/%c", "/%c", "#"],
        "invalid": ["", "%", "%d", "a%c", "%ca", "%%c", "%c%c", "tx/%C/#", "tx/%u/#", "100%", "a/%c+/b", "a/#/b", "a+",
                    "tx/%c#", "$share/g/%c", "a\0", "a\n"],
    }


def client_id_of() -> list:
    """The client id that a topic names: the one id under which the pattern matches it, if there is one."""
    allowed = {chr(code) for code in range(0x21, 0x7F)} - set("+#/$%*")
    out = []
    for pattern, topic in [
        ("tx/%c/#", "tx/device-1/t"), ("tx/%c/#", "tx/device-1"), ("tx/%c/#", "tx/device-1/a/b"), ("tx/%c/#", "rx/device-1/t"),
        ("tx/%c/#", "tx"), ("tx/%c/#", "tx/"), ("tx/%c/#", "tx//t"), ("tx/%c/t", "tx/device-1/u"), ("tx/%c/t", "tx/device-1"),
        ("tx/%c/t", "tx/device-1/t/u"), ("+/%c/+", "x/device-1/y"), ("+/%c/+", "$x/device-1/y"), ("$x/%c", "$x/device-1"),
        ("%c", "device-1"), ("%c", "$SYS"), ("%c/#", "$SYS/a"), ("%c/%c", "a/a"), ("%c/%c", "a/b"), ("a/#", "a/b"), ("#", "a"),
        ("tx/%c", "tx/a b"), ("tx/%c", "tx/%c"), ("tx/%c", "tx/gerät"), ("tx/%c", "tx/" + "a" * 255), ("tx/%c", "tx/" + "a" * 256),
        ("tx/%c", "tx/a*"), ("tx/+/%c/#", "tx/a/b"), ("tx/+/%c/#", "tx/a"), ("/%c", "/a"), ("%c", "/"),
    ]:
        ids = {
            level
            for level in topic.split("/")
            if 1 <= len(level) <= 255 and set(level) <= allowed and "%c" in pattern.split("/")
            and mqtt.levels_match(levels_of(pattern, level), topic)
        }
        assert len(ids) <= 1
        out.append({"pattern": pattern, "topic": topic, "client_id": min(ids, default=None)})
    return out


def vectors() -> dict:
    """acl.json"""
    return {
        "cases": by_hand() + by_chance(160),
        "patterns": patterns(),
        "client_id_of": client_id_of(),
    }
