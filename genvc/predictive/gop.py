"""Groups of pictures: which pictures start from which, and how fine each one is.

Low delay: each picture starts from the one before, in a cycle of finer and coarser ones (hierarchical
quality, as the low-delay configurations of HEVC and DCVC-DC have it). Random access: the last picture of a
short group first, then the one in the middle, then the middles of the halves, each from both its neighbours
(hierarchical B pictures; Schwarz, Marpe and Wiegand, 2006).
"""

from dataclasses import dataclass
from typing import Final

__all__ = ["GOPS", "Role", "between", "chained", "cycle", "roles_between"]

GOPS: Final = {"ld": 1, "ra": 8, "ra16": 16}
"""Names of structures and the pictures of a short group."""

# grades below the stream's, by the place in a cycle of four, the key picture at place 0
_CYCLE: Final = (3, 8, 5, 8)
_ANCHOR: Final = 2
_DEPTHS: Final = (5, 8, 10, 11)


@dataclass(frozen=True, slots=True)
class Role:
    """name: of pictures that cost alike. coarser: grades below the stream's."""

    name: str
    coarser: int


def chained(since: int, mini: int) -> Role:
    """Of a predicted picture, `since` pictures after the key picture; mini: pictures of a short group."""
    if mini > 1:
        return Role("anchor", _ANCHOR)
    return Role(f"place {since % len(_CYCLE)}", _CYCLE[since % len(_CYCLE)])


def cycle(since: int) -> list[Role]:
    """The roles of the next pictures of low delay, until each came once."""
    return [chained(since + step, 1) for step in range(len(_CYCLE))]


def between(count: int) -> list[tuple[int, int, int, Role]]:
    """Order of the `count` pictures between two others, which are number 0 and count + 1.

    Each: number, numbers of the picture before and after that it starts from, role.
    """
    order = []
    spans = [(0, count + 1, 0)]
    while spans:
        low, high, depth = spans.pop(0)
        middle = (low + high) // 2
        if middle > low:
            role = Role(f"depth {depth}", _DEPTHS[min(depth, len(_DEPTHS) - 1)])
            order.append((middle, low, high, role))
            spans += [(low, middle, depth + 1), (middle, high, depth + 1)]
    return order


def roles_between(count: int) -> list[Role]:
    """The roles of between(), in its order."""
    return [role for *_, role in between(count)]
