"""Rooms of two: who has the link of a room can enter it while there is a place."""

import secrets
import time
from typing import Any

from genvc.errors import BadInput

__all__ = ["Rooms"]

_PLACES = 2
_MOST_ROOMS = 64
_EMPTY_SECONDS = 600.0


class _Room:
    def __init__(self, now: float) -> None:
        self.members: list[Any] = []
        self.empty_since = now


class Rooms:
    """Members are whatever the caller takes for a member. Times are the caller's, in seconds."""

    def __init__(self) -> None:
        self._rooms: dict[str, _Room] = {}

    def open(self, now: float | None = None) -> str:
        """A new room's name, 128 bits that nobody guesses; raises BadInput when there are too many."""
        now = time.monotonic() if now is None else now
        for name in [name for name, room in self._rooms.items() if self._over(room, now)]:
            del self._rooms[name]
        if len(self._rooms) >= _MOST_ROOMS:
            raise BadInput("there are too many rooms; try again later")
        name = secrets.token_urlsafe(16)
        self._rooms[name] = _Room(now)
        return name

    def enter(self, name: str, member: Any) -> None:
        """Raises BadInput for a room that there is not, or that is full; both say the same to who guesses."""
        room = self._rooms.get(name)
        if room is None or len(room.members) >= _PLACES:
            raise BadInput("there is no such room, or it is full")
        room.members.append(member)

    def leave(self, name: str, member: Any, now: float | None = None) -> None:
        room = self._rooms.get(name)
        if room is not None and member in room.members:
            room.members.remove(member)
            room.empty_since = time.monotonic() if now is None else now

    def other(self, name: str, member: Any) -> Any:
        """The one who is there beside the member, None for nobody."""
        room = self._rooms.get(name)
        others = [] if room is None else [one for one in room.members if one is not member]
        return others[0] if others else None

    @staticmethod
    def _over(room: _Room, now: float) -> bool:
        return not room.members and now - room.empty_since > _EMPTY_SECONDS
