"""updateApplication: change an application's name, time zone or treatment of unknown attributes."""

from sqlalchemy import Connection, update

from db.domain.commands import UNSET, UpdateApplication
from db.domain.errors import Refusal, Refused
from db.operations.create_application import name_problems, time_zone_problems
from db.repository.applications import load_rules
from db.repository.core import APPLICATION


def update_application(connection: Connection, command: UpdateApplication) -> None:
    """Change settings. Raises Refused with NotFound, or with every rule that is broken."""
    load_rules(connection, command.application_id)
    given = {
        "name": command.name,
        "time_zone": command.time_zone,
        "unknown_attributes": command.unknown_attributes,
    }
    found: list[Refusal] = []
    if command.name is not UNSET:
        found.extend(name_problems(command.name))
    if command.time_zone is not UNSET:
        found.extend(time_zone_problems(command.time_zone))
    if found:
        raise Refused(*found)
    new = {name: value for name, value in given.items() if value is not UNSET}
    if new:
        connection.execute(update(APPLICATION).filter_by(application_id=command.application_id).values(new))
