"""Histories that can be followed: all events of an application, or those of one session."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from sqlalchemy import BigInteger, Connection, Integer, bindparam, func, or_, select

from db.repository.core import EVENT, SESSION


class Event(NamedTuple):
    """The key of an event, its number in the application, and what its session is called."""

    application_id: int
    session_id: int
    version: int
    id: int
    integration_id: str


class History(Protocol):
    """Events in order. Each has its place, a number that grows from one to the next. What is at 0 does not belong."""

    @property
    def application_id(self) -> int:
        """The application of all of them."""
        ...

    @property
    def integration_id(self) -> str | None:
        """The session of all of them; None where they are of many."""
        ...

    def place(self, event: Event) -> int:
        """Where an event stands."""
        ...

    def last(self, connection: Connection, settled: int) -> int:
        """The place of the last event whose id is at most ``settled``."""
        ...

    def next(self, connection: Connection, after: int, settled: int, most: int) -> Sequence[Event]:
        """The events behind a place whose ids are at most ``settled``, in order."""
        ...


OF_SESSION = (EVENT.c.application_id == SESSION.c.application_id) & (EVENT.c.session_id == SESSION.c.id)
SETTLED = (
    EVENT.c.application_id == bindparam("application_id"),
    EVENT.c.id <= bindparam("settled", type_=BigInteger),
)
NAMED = (
    SESSION.c.application_id == bindparam("application_id"),
    SESSION.c.integration_id == bindparam("integration_id"),
    or_(SESSION.c.id == bindparam("alone", type_=BigInteger), bindparam("alone", type_=BigInteger).is_(None)),
)
KEYS = (
    select(*(EVENT.c[name] for name in Event._fields[:-1]), SESSION.c.integration_id)
    .join_from(EVENT, SESSION, OF_SESSION)
    .where(*SETTLED)
    .limit(bindparam("most", type_=Integer))
)
LAST_OF_APPLICATION = select(func.coalesce(func.max(EVENT.c.id), 0)).where(*SETTLED)
NEXT_OF_APPLICATION = KEYS.where(EVENT.c.id > bindparam("after", type_=BigInteger)).order_by(EVENT.c.id)
LAST_OF_SESSION = (
    select(func.coalesce(func.max(EVENT.c.version), 0)).join_from(EVENT, SESSION, OF_SESSION).where(*SETTLED, *NAMED)
)
NEXT_OF_SESSION = KEYS.where(*NAMED, EVENT.c.version > bindparam("after")).order_by(EVENT.c.version)


@dataclass(frozen=True, slots=True)
class ApplicationHistory:
    """The events of all sessions of an application, in the order in which they were committed. A place is an id."""

    application_id: int
    integration_id: None = None

    def place(self, event: Event) -> int:
        """Where an event stands."""
        return event.id

    def last(self, connection: Connection, settled: int) -> int:
        """The id of the last event."""
        keys = {"application_id": self.application_id, "settled": settled}
        return connection.execute(LAST_OF_APPLICATION, keys).scalar_one()

    def next(self, connection: Connection, after: int, settled: int, most: int) -> Sequence[Event]:
        """The events behind an id."""
        keys = {"application_id": self.application_id, "after": after, "settled": settled, "most": most}
        return [Event._make(row) for row in connection.execute(NEXT_OF_APPLICATION, keys)]


@dataclass(frozen=True, slots=True)
class SessionHistory:
    """The events of one session, which need not be there yet. A place is a version.

    For the holder of a session token no other session exists than the one numbered ``alone``.
    """

    application_id: int
    integration_id: str
    alone: int | None = None

    def place(self, event: Event) -> int:
        """Where an event stands."""
        return event.version if self.alone in (None, event.session_id) else 0

    def last(self, connection: Connection, settled: int) -> int:
        """The version of the session; 0 where there is none."""
        return connection.execute(LAST_OF_SESSION, {**self._name, "settled": settled}).scalar_one()

    def next(self, connection: Connection, after: int, settled: int, most: int) -> Sequence[Event]:
        """The events behind a version."""
        keys = {**self._name, "after": after, "settled": settled, "most": most}
        return [Event._make(row) for row in connection.execute(NEXT_OF_SESSION, keys)]

    @property
    def _name(self) -> dict[str, int | str | None]:
        return {"application_id": self.application_id, "integration_id": self.integration_id, "alone": self.alone}
