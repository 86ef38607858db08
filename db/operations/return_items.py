"""returnItems: return units of cart lines."""

from datetime import datetime

from sqlalchemy import Connection

from db.domain import session
from db.domain.commands import ReturnItems
from db.domain.events import EventType
from db.operations.change import begin_change
from db.operations.idempotent import idempotent
from db.operations.outcome import Actor, Outcome
from db.repository.applications import cached_rules


@idempotent(Outcome)
def return_items(connection: Connection, actor: Actor, command: ReturnItems, now: datetime) -> Outcome:
    """Return units. The version in the outcome also identifies the new return."""
    change = begin_change(connection, actor, command, now)
    rounding = cached_rules(connection, command.application_id).rounding
    after = session.return_items(change.before, command.items, rounding, change.time)
    return change.save(EventType.ITEMS_RETURNED, after)
