"""Operations on the lines of a cart, and the merge of one session into another."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from db.domain import cart_changes
from db.domain.attributes import AttributeRules
from db.domain.commands import AddCartItems, MergeSessions, RemoveCartItems, UpdateCartItems
from db.domain.errors import InvalidInput, Refused
from db.domain.events import EventType
from db.domain.session import CustomerSession, check_version
from db.engine.statements import begin
from db.operations.idempotent import idempotent
from db.operations.outcome import Actor, Outcome
from db.operations.sessions import SessionChange, begin_change
from db.repository.applications import cached_rules, load_all_rules
from db.repository.line_ids import new_line_prefix
from db.repository.load import load_session, load_session_id


@idempotent(Outcome)
def add_cart_items(connection: Connection, actor: Actor, command: AddCartItems, now: datetime) -> Outcome:
    """Put lines into the cart. Raises Refused with SessionNotEditable unless the session is open."""
    change = begin_change(connection, actor, command, now)
    rules = attribute_rules(connection, command.application_id, any(line.attributes for line in command.items))
    after = cart_changes.add_items(change.before, command.items, rules, new_line_prefix())
    return save(change, after, "items")


@idempotent(Outcome)
def update_cart_items(connection: Connection, actor: Actor, command: UpdateCartItems, now: datetime) -> Outcome:
    """Change lines of the cart. Raises Refused as ``add_cart_items`` does, or with CartLineNotFound."""
    change = begin_change(connection, actor, command, now)
    rules = attribute_rules(connection, command.application_id, any(each.sets_attributes for each in command.items))
    return save(change, cart_changes.update_items(change.before, command.items, rules), "items")


@idempotent(Outcome)
def remove_cart_items(connection: Connection, actor: Actor, command: RemoveCartItems, now: datetime) -> Outcome:
    """Remove lines of the cart. Raises Refused as ``update_cart_items`` does."""
    change = begin_change(connection, actor, command, now)
    return save(change, cart_changes.remove_items(change.before, command.lines), "lines")


@idempotent(Outcome)
def merge_sessions(connection: Connection, actor: Actor, command: MergeSessions, now: datetime) -> Outcome:
    """Put the lines of one session into another and cancel the first, in one transaction.

    The version in the outcome is that of the session that receives the lines. Raises Refused as ``add_cart_items``
    does.
    """
    if command.from_integration_id == command.into_integration_id:
        problem = "A session cannot be merged into itself."
        raise Refused(InvalidInput(path=("intoIntegrationId",), problem=problem))
    begin(connection)  # so that both sessions stay locked
    source, target = lock_both(connection, command)
    check_version(target, command.expected_version)
    giving, receiving = (SessionChange(connection, actor, each, now) for each in (source, target))
    source_after, target_after = cart_changes.merge(source, target, new_line_prefix(), giving.time)
    outcome = save(receiving, target_after, "fromIntegrationId", source.integration_id)
    giving.save(EventType.CANCELLED, source_after, merged_with=target.integration_id)
    return outcome


def lock_both(connection: Connection, command: MergeSessions) -> tuple[CustomerSession, CustomerSession]:
    """Lock both sessions in order of their ids: in another order two merges could wait for each other."""
    names = {"fromIntegrationId": command.from_integration_id, "intoIntegrationId": command.into_integration_id}
    ids: dict[str, int] = {}
    for field, name in names.items():
        with path_from("integrationId", field):
            ids[field] = load_session_id(connection, command.application_id, name)
    locked = {
        field: load_session(connection, command.application_id, names[field])
        for field in sorted(names, key=ids.__getitem__)
    }
    return locked["fromIntegrationId"], locked["intoIntegrationId"]


def attribute_rules(connection: Connection, application_id: int, needed: bool) -> AttributeRules:
    """Return the rules of attributes. Definitions are read only if there are attributes to check."""
    load = load_all_rules if needed else cached_rules
    return load(connection, application_id).attributes


def save(change: SessionChange, after: CustomerSession, field: str, merged_with: str | None = None) -> Outcome:
    """Store a session with another cart. If it is too large, the path of the refusal is ``field`` of the input."""
    with path_from("cartItems", field):
        return change.save(EventType.UPDATED, after, merged_with=merged_with)


@contextmanager
def path_from(field: str, input_field: str) -> Iterator[None]:
    """Replace ``field`` at the beginning of the paths of refusals by ``input_field``."""
    try:
        yield
    except Refused as refused:
        raise Refused(
            *(
                replace(each, path=(input_field, *each.path[1:])) if each.path[:1] == (field,) else each
                for each in refused.refusals
            )
        ) from None
