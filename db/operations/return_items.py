"""returnItems: units come back."""

from datetime import datetime

from sqlalchemy import Connection

from db.domain import session
from db.domain.commands import ReturnItems
from db.domain.events import EventType
from db.operations.change import begin
from db.operations.idempotent import once
from db.operations.outcome import Actor, Outcome
from db.repository.applications import fixed


@once(Outcome)
def return_items(connection: Connection, actor: Actor, command: ReturnItems, now: datetime) -> Outcome:
    """The version of the outcome is also the key of the return that was made."""
    change = begin(connection, actor, command, now)
    rounding = fixed(connection, command.application_id).rounding
    after = session.return_items(change.before, command.items, rounding, change.at)
    return change.accept(EventType.ITEMS_RETURNED, after)
