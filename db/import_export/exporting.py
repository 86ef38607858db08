"""Export: every session of an application as the entity's JSON, one object a line, in order of their ids."""

from collections.abc import Iterator, Sequence

from sqlalchemy import Connection, bindparam, func, select

from db.domain.entity import to_entity
from db.engine import json
from db.import_export.record import STANDS
from db.import_export.stored import pages, sessions
from db.repository.applications import settings
from db.repository.core import SESSION

LOWEST = (
    select(SESSION.c.profile_id, func.min(SESSION.c.id))
    .where(
        SESSION.c.application_id == bindparam("application_id"),
        SESSION.c.profile_id.in_(bindparam("profile_ids", expanding=True)),
        SESSION.c.profile_id.is_not(None),  # so that SQLite takes the index that has only these
    )
    .group_by(SESSION.c.profile_id)
)


def export_sessions(connection: Connection, application_id: int) -> Iterator[bytes]:
    """The lines, a page at a time, each with its line break. Raises Refused with NotFound."""
    settings(connection, application_id)
    for ids in pages(connection, application_id):
        yield "".join(lines(connection, application_id, ids)).encode()


def lines(connection: Connection, application_id: int, ids: Sequence[int]) -> Iterator[str]:
    """The lines of one page.

    Where sessions have changed profiles, a session that is its profile's first need not have the lowest id of the
    profile's sessions. An import could not tell that from a mistake, and is told that firstSession stands.
    """
    page = [each.session for each in sessions(connection, application_id, ids)]
    profiles = {each.profile_id for each in page if each.profile_id is not None}
    names = {"application_id": application_id, "profile_ids": list(profiles)}
    lowest: dict[str, int] = dict(connection.execute(LOWEST, names).all())
    for each in page:
        shape = to_entity(each)
        if each.profile_id is not None and each.first_session != (lowest[each.profile_id] == each.id):
            shape[STANDS] = True
        yield json.dumps(shape) + "\n"
