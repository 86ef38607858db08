"""Operations on profiles."""

from datetime import datetime

from sqlalchemy import Connection, select, update

from db.domain import text
from db.domain.attribute_definition import AttributeEntity
from db.domain.commands import UpdateProfile
from db.domain.errors import InvalidInput, Refusal, Refused
from db.domain.size import json_size
from db.domain.times import truncate_to_millisecond
from db.operations.idempotent import idempotent
from db.operations.outcome import Actor, ProfileOutcome
from db.repository.applications import load_all_rules
from db.repository.core import PROFILE
from db.repository.profiles import lock_profile


@idempotent(ProfileOutcome)
def update_profile(connection: Connection, actor: Actor, command: UpdateProfile, now: datetime) -> ProfileOutcome:
    """Merge attributes by name; null removes one. The profile is created if it does not exist.

    ``updated`` changes only if an attribute does.
    """
    application_id, integration_id = command.application_id, command.integration_id
    rules = load_all_rules(connection, application_id).attributes
    found: list[Refusal] = [*text.key_problems(integration_id, ("integrationId",))]
    if found:
        raise Refused(*found)
    at = truncate_to_millisecond(now)
    lock_profile(connection, application_id, integration_id, at)
    row = PROFILE.c.application_id == application_id, PROFILE.c.integration_id == integration_id
    stored = connection.execute(select(PROFILE.c.attributes, PROFILE.c.updated).where(*row)).one()
    attributes = rules.merge(
        AttributeEntity.CUSTOMER_PROFILE, stored.attributes, command.attributes, ("attributes",), found
    )
    size, max_bytes = json_size(attributes), actor.max_session_bytes
    if not found and size > max(max_bytes, json_size(stored.attributes)):
        problem = f"The attributes would hold {size} bytes; the limit is {max_bytes}."
        found.append(InvalidInput(path=("attributes",), problem=problem))
    if found:
        raise Refused(*found)
    if attributes != stored.attributes:
        new = {"attributes": attributes, "updated": max(at, stored.updated)}
        connection.execute(update(PROFILE).where(*row).values(new))
    return ProfileOutcome(application_id, integration_id)
