"""Histories to subscribe to: all events of an application, or the events of one session."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import BigInteger, Connection, Integer, bindparam, func, or_, select

from db.domain.events import EventType
from db.repository.core import EVENT, SESSION


class Event(NamedTuple):
    """The key of an event, with its ID, its type, its time and the integration ID of its session."""

    application_id: int
    session_id: int
    version: int
    id: int
    type: EventType
    occurred: datetime
    integration_id: str


OF_SESSION = (EVENT.c.application_id == SESSION.c.application_id) & (EVENT.c.session_id == SESSION.c.id)
UP_TO_MAX_ID = (
    EVENT.c.application_id == bindparam("application_id"),
    EVENT.c.id <= bindparam("max_id", type_=BigInteger),
)
ONE_SESSION = (
    SESSION.c.application_id == bindparam("application_id"),
    SESSION.c.integration_id == bindparam("integration_id"),
    or_(SESSION.c.id == bindparam("session_id", type_=BigInteger), bindparam("session_id", type_=BigInteger).is_(None)),
)
EVENTS = (
    select(*(EVENT.c[name] for name in Event._fields[:-1]), SESSION.c.integration_id)
    .join_from(EVENT, SESSION, OF_SESSION)
    .where(*UP_TO_MAX_ID)
    .limit(bindparam("limit", type_=Integer))
)
LAST_OF_APPLICATION = select(func.coalesce(func.max(EVENT.c.id), 0)).where(*UP_TO_MAX_ID)
NEXT_OF_APPLICATION = EVENTS.where(EVENT.c.id > bindparam("position", type_=BigInteger)).order_by(EVENT.c.id)
NEWEST = EVENTS.order_by(EVENT.c.id.desc())
LAST_OF_SESSION = (
    select(func.coalesce(func.max(EVENT.c.version), 0))
    .join_from(EVENT, SESSION, OF_SESSION)
    .where(*UP_TO_MAX_ID, *ONE_SESSION)
)
NEXT_OF_SESSION = EVENTS.where(*ONE_SESSION, EVENT.c.version > bindparam("position")).order_by(EVENT.c.version)


@dataclass(frozen=True, slots=True)
class ApplicationHistory:
    """The events of all sessions of an application, in the order of their IDs, which are their positions.

    With ``types``, only events of these types; with ``prefix``, only those of sessions whose integration IDs begin with
    it. ``events_after`` returns the others, too, so that a subscriber's position moves past them.
    """

    application_id: int
    types: Collection[EventType] | None = None
    prefix: str = ""
    integration_id: None = None

    def includes(self, event: Event) -> bool:
        """Return whether the event is one that is subscribed to."""
        return (self.types is None or event.type in self.types) and event.integration_id.startswith(self.prefix)

    def position(self, event: Event) -> int:
        """Return the event's ID."""
        return event.id

    def last_position(self, connection: Connection, max_id: int) -> int:
        """Return the greatest ID."""
        keys = {"application_id": self.application_id, "max_id": max_id}
        return connection.execute(LAST_OF_APPLICATION, keys).scalar_one()

    def events_after(self, connection: Connection, position: int, max_id: int, limit: int) -> Sequence[Event]:
        """Return the next events after an ID."""
        keys = {"application_id": self.application_id, "position": position, "max_id": max_id, "limit": limit}
        return [Event._make(row) for row in connection.execute(NEXT_OF_APPLICATION, keys)]


@dataclass(frozen=True, slots=True)
class SessionHistory:
    """The events of one session, which need not exist yet. Positions are versions.

    ``session_id`` is set for the holder of a session token, who must not see another session with that integration ID.
    """

    application_id: int
    integration_id: str
    session_id: int | None = None

    def includes(self, event: Event) -> bool:
        """Return True: every event of the session is subscribed to."""
        return True

    def position(self, event: Event) -> int:
        """Return the event's version; 0 for an event of another session."""
        return event.version if self.session_id in (None, event.session_id) else 0

    def last_position(self, connection: Connection, max_id: int) -> int:
        """Return the session's version; 0 if there is no session."""
        return connection.execute(LAST_OF_SESSION, {**self._key, "max_id": max_id}).scalar_one()

    def events_after(self, connection: Connection, position: int, max_id: int, limit: int) -> Sequence[Event]:
        """Return the next events after a version."""
        keys = {**self._key, "position": position, "max_id": max_id, "limit": limit}
        return [Event._make(row) for row in connection.execute(NEXT_OF_SESSION, keys)]

    @property
    def _key(self) -> dict[str, int | str | None]:
        return {
            "application_id": self.application_id,
            "integration_id": self.integration_id,
            "session_id": self.session_id,
        }


def newest_event(connection: Connection, application_id: int, types: Collection[str] | None) -> Event | None:
    """Return the newest event of an application, of some types by their names; None if there is none."""
    statement = NEWEST if types is None else NEWEST.where(EVENT.c.type.in_([EventType[each] for each in types]))
    row = connection.execute(statement, {"application_id": application_id, "max_id": 2**63 - 1, "limit": 1}).first()
    return None if row is None else Event._make(row)


History = ApplicationHistory | SessionHistory
