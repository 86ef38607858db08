"""Operations on sessions. Each locks the session, checks its version, and stores the new version with its event."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection

from db.domain import money, session
from db.domain.commands import (
    AddCartItems,
    CancelSession,
    CloseSession,
    CreateSession,
    RemoveCartItems,
    ReturnItems,
    SessionCommand,
    SessionContent,
    UpdateCartItems,
    UpdateSession,
    UpsertSession,
)
from db.domain.errors import Refused, SessionAlreadyExists, SessionNotFound
from db.domain.events import EventType, make_event
from db.domain.lifecycle import SessionState
from db.domain.promotions.session_evaluation import same_discounts
from db.domain.session import CustomerSession, check_version
from db.domain.times import truncate_to_millisecond
from db.operations.idempotent import idempotent
from db.operations.outcome import Actor, Outcome
from db.operations.promotions import (
    UNCONDITIONAL,
    CloseConditions,
    promote,
    promote_new,
    reserve_labels,
    reverse_return,
    reverse_sale,
)
from db.repository.active_campaigns import noted_version, version_for_new
from db.repository.applications import cached_rules, rules_for
from db.repository.line_ids import new_line_prefix
from db.repository.load import find_integration_id, find_session, load_session, lock_session
from db.repository.profiles import is_first_session
from db.repository.save import insert_session, save_session


@dataclass(frozen=True, slots=True)
class SessionChange:
    """A change in progress at the time ``now``. ``before`` is the locked session."""

    connection: Connection
    actor: Actor
    before: CustomerSession
    now: datetime

    @property
    def time(self) -> datetime:
        """The time of the change, which is never earlier than the session's latest event."""
        return max(truncate_to_millisecond(self.now), self.before.updated)

    def save(
        self,
        type_: EventType,
        after: CustomerSession,
        reason: str | None = None,
        conditions: CloseConditions = UNCONDITIONAL,
        merged_with: str | None = None,
    ) -> Outcome:
        """Evaluate ``after`` and store it as the next version, with its event. If nothing has changed, store nothing.

        ``merged_with`` is the integration ID of the other session of a merge. Raises Refused if a close
        does not meet the conditions.
        """
        before = self.before
        after = replace(after, version=before.version + 1, updated=self.time)
        session.check_size(before, after, self.actor.max_session_bytes)
        promoted = promote(self.connection, before, after, self.time, conditions)
        after = promoted.session
        event = make_event(type_, before, after, self.actor.name, reason, merged_with)
        if event.changes.keys() <= {"updated"} and same_discounts(before, after):
            return Outcome(before.application_id, before.id, before.version)
        promoted.post(self.connection)
        save_session(self.connection, before, after, event, promoted.campaigns_version)
        promoted.record(self.connection, after.id)
        return Outcome(after.application_id, after.id, after.version, failed_codes=promoted.failed_codes(before))


def begin_change(
    connection: Connection,
    actor: Actor,
    command: UpdateSession
    | AddCartItems
    | UpdateCartItems
    | RemoveCartItems
    | CloseSession
    | ReturnItems
    | CancelSession,
    now: datetime,
) -> SessionChange:
    """Lock the command's session. Raises Refused with SessionNotFound or VersionConflict."""
    before = load_session(connection, command.application_id, command.integration_id)
    check_version(before, command.expected_version)
    return SessionChange(connection, actor, before, now)


@idempotent(Outcome)
def create_session(connection: Connection, actor: Actor, command: CreateSession, now: datetime) -> Outcome:
    """Create a session. Raises Refused with SessionAlreadyExists if the integration ID is taken."""
    outcome = create(connection, actor, command, now)
    if outcome is None:
        existing = load_session(connection, command.application_id, command.integration_id)
        raise Refused(
            SessionAlreadyExists(
                integration_id=existing.integration_id,
                application_id=existing.application_id,
                session_id=existing.id,
            )
        )
    return outcome


def create(connection: Connection, actor: Actor, command: CreateSession, now: datetime) -> Outcome | None:
    """Create a session, or return None if its integration ID is taken."""
    rules = rules_for(connection, command.application_id, command.content)
    version = version_for_new(connection, command.application_id, closed=command.state is SessionState.CLOSED)
    rules = reserve_labels(connection, command.application_id, command.content, rules, version)
    new = session.create(command, rules, truncate_to_millisecond(now), new_line_prefix())
    session.check_size(None, new, actor.max_session_bytes)
    promoted = promote_new(connection, new, version, conditions_of(command))
    promoted.post(connection)
    session_id = insert_session(connection, promoted.session, actor.name, promoted.campaigns_version)
    if session_id is None:
        return None
    promoted.record(connection, session_id)
    return Outcome(new.application_id, session_id, new.version, created=True)


@idempotent(Outcome)
def update_session(connection: Connection, actor: Actor, command: UpdateSession, now: datetime) -> Outcome:
    """Update the session. Raises Refused with SessionNotEditable if it is no longer open."""
    return update(begin_change(connection, actor, command, now), command.content)


def update(change: SessionChange, content: SessionContent) -> Outcome:
    """Apply the content and decide ``first_session`` if the profile changes."""
    before = change.before
    rules = rules_for(change.connection, before.application_id, content, before.cart)
    version = noted_version(change.connection, before.application_id)
    rules = reserve_labels(change.connection, before.application_id, content, rules, version, before.discounts)
    after = session.update(before, content, rules, new_line_prefix())
    if after.profile_id != before.profile_id:
        lock_session(change.connection, before)
        after = replace(after, first_session=is_first_session(change.connection, after, change.time))
    return change.save(EventType.UPDATED, after)


def change_own_session(
    connection: Connection,
    actor: Actor,
    command: SessionCommand,
    now: datetime,
    *,
    operation: Callable[..., Outcome],
    session_id: int,
) -> Outcome:
    """Change the token's session. Raises Refused with SessionNotFound for any other, whether it exists or not."""
    if command.integration_id != find_integration_id(connection, command.application_id, session_id):
        raise Refused(SessionNotFound(integration_id=command.integration_id))
    return operation(connection, actor, command, now)


@idempotent(Outcome)
def upsert_session(connection: Connection, actor: Actor, command: UpsertSession, now: datetime) -> Outcome:
    """Update or create the session. ``created`` is set in the outcome of a creation."""
    before = find_session(connection, command.application_id, command.integration_id)
    if before is None:
        new = CreateSession(
            application_id=command.application_id, integration_id=command.integration_id, content=command.content
        )
        outcome = create(connection, actor, new, now)
        if outcome is not None:
            return outcome
        # A concurrent transaction has created it. This happens on PostgreSQL only: SQLite has one writer at a time.
        before = load_session(connection, command.application_id, command.integration_id)
    return update(SessionChange(connection, actor, before, now), command.content)


@idempotent(Outcome)
def close_session(connection: Connection, actor: Actor, command: CloseSession, now: datetime) -> Outcome:
    """Close the session. Raises Refused with TotalChanged or NetTotalChanged if the caller expects other amounts."""
    change = begin_change(connection, actor, command, now)
    after = session.close(change.before, change.time, command.expected_total)
    return change.save(EventType.CLOSED, after, conditions=conditions_of(command))


def conditions_of(command: CreateSession | CloseSession) -> CloseConditions:
    """Return what a command expects of a close. Raises Refused with InvalidInput."""
    money.check_amount(command.expected_net_total, "expectedNetTotal")
    return CloseConditions(net_total=command.expected_net_total, coupon=command.require_coupon)


@idempotent(Outcome)
def return_items(connection: Connection, actor: Actor, command: ReturnItems, now: datetime) -> Outcome:
    """Return units. The version in the outcome also identifies the new return."""
    change = begin_change(connection, actor, command, now)
    rounding = cached_rules(connection, command.application_id).rounding
    after = session.return_items(change.before, command.items, rounding, change.time)
    reverse_return(connection, change.before, after, rounding)
    return change.save(EventType.ITEMS_RETURNED, after)


@idempotent(Outcome)
def cancel_session(connection: Connection, actor: Actor, command: CancelSession, now: datetime) -> Outcome:
    """Cancel the session. The event stores the reason."""
    change = begin_change(connection, actor, command, now)
    after = session.cancel(change.before, command.reason, change.time)
    reverse_sale(connection, change.before, change.time)
    return change.save(EventType.CANCELLED, after, command.reason)
