"""Random small worlds for the links stage."""

from hypothesis import strategies as st

from links.oracle import World
from links.worlds import Held, Value

#: Values of several signals and classes; some signals twice, so that best-of-group and many chances matter.
CATALOGUE: tuple[tuple[Value, str | None], ...] = (
    (("device", "d1"), None),
    (("device", "d2"), None),
    (("email", "e1"), None),
    (("instrument", "i1"), "prepaid"),
    (("instrument", "i2"), None),
    (("ip", "10.0.0.1"), "residential"),
    (("ip", "10.0.0.2"), "mobile"),
    (("ip", "10.0.0.3"), None),
    (("ip_prefix", "10.0.0.0/24"), None),
    (("template", "w1"), None),
    (("tls_fingerprint", "t1"), None),
)


@st.composite
def worlds(draw: st.DrawFn, size: int = 12) -> World:
    """Holders of a dozen values, some of them hubs or listed; creation seconds and volumes are distinct."""
    holders = {}
    for value, _ in CATALOGUE:
        of = draw(st.lists(st.integers(0, size - 1), unique=True, max_size=6))
        timed = value[0] not in ("email", "tls_fingerprint")
        firsts = draw(st.lists(st.integers(0, 100), min_size=len(of), max_size=len(of)))
        holders[value] = [
            Held(a, f * 43_200, f * 43_200 + (a % 3) * 86_400) if timed else Held(a)
            for a, f in zip(of, firsts, strict=True)
        ]
    names = [value for value, _ in CATALOGUE]
    # At hours from 0 to 60 in a random order: several neighbours a window, no ties.
    created = [3600.0 * 5 * n for n in draw(st.permutations(range(size)))]
    volume = [n / 4 for n in draw(st.permutations(range(size)))]
    return World(
        size,
        holders,
        {value: kind for value, kind in CATALOGUE if kind},
        draw(st.frozensets(st.sampled_from(names), max_size=3)),
        draw(st.frozensets(st.sampled_from(names), max_size=1)),
        created,
        volume,
    )


def entities(size: int = 12) -> st.SearchStrategy[list[int]]:
    """An entity for each account, some of them shared."""
    return st.lists(st.integers(0, size // 2), min_size=size, max_size=size)
