"""Export all sessions of an application as JSON entities, one a line, in order of their ids."""

from collections.abc import Iterator, Sequence

from sqlalchemy import Connection, bindparam, func, select

from db.domain.events import promotion, to_entity
from db.domain.lifecycle import SessionState
from db.engine import json
from db.import_export.record import FIRST_SESSION_STANDS
from db.repository.applications import load_rules
from db.repository.core import SESSION
from db.repository.load_many import id_pages, load_by_ids

LOWEST_IDS = (
    select(SESSION.c.profile_id, func.min(SESSION.c.id))
    .where(
        SESSION.c.application_id == bindparam("application_id"),
        SESSION.c.profile_id.in_(bindparam("profile_ids", expanding=True)),
        SESSION.c.profile_id.is_not(None),  # so that SQLite uses the index of sessions with a profile
    )
    .group_by(SESSION.c.profile_id)
)


def export_sessions(connection: Connection, application_id: int) -> Iterator[bytes]:
    """Yield the lines of the file, a page of sessions at a time. Raises Refused with NotFound."""
    load_rules(connection, application_id)
    for ids in id_pages(connection, application_id):
        yield "".join(export_page(connection, application_id, ids)).encode()


def export_page(connection: Connection, application_id: int, ids: Sequence[int]) -> Iterator[str]:
    """Yield the lines of some sessions, each with its line break.

    Where sessions have changed profiles, the first session of a profile need not have the lowest id. An import would
    take that for a mistake, so such a line says that its ``firstSession`` is right.

    The line of an open session names the discounts of campaigns: the import leaves them out, and the next change of the
    session evaluates it.
    """
    sessions = [each.session for each in load_by_ids(connection, application_id, ids)]
    profiles = {session.profile_id for session in sessions if session.profile_id is not None}
    names = {"application_id": application_id, "profile_ids": list(profiles)}
    lowest_ids: dict[str, int] = dict(connection.execute(LOWEST_IDS, names).all())
    for session in sessions:
        entity = to_entity(session)
        if session.profile_id is not None and session.first_session != (lowest_ids[session.profile_id] == session.id):
            entity[FIRST_SESSION_STANDS] = True
        if session.promotions and session.state is SessionState.OPEN:
            entity["promotions"] = {each.label: promotion(each) for each in session.promotions}
        yield json.dumps(entity) + "\n"
