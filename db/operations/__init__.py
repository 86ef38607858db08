"""Operations, one verb a file: functions that change the database over a connection, in the caller's transaction."""

from db.operations.cancel_session import cancel_session
from db.operations.close_session import close_session
from db.operations.create_application import create_application
from db.operations.create_attribute_definition import DefinitionKey, create_attribute_definition
from db.operations.create_key import CreatedKey, create_key
from db.operations.create_session import create_session
from db.operations.create_session_token import SessionToken, create_session_token
from db.operations.find_keys import Key, KeyName, find_keys
from db.operations.outcome import Actor, Outcome, ProfileOutcome
from db.operations.return_items import return_items
from db.operations.revoke_key import revoke_key
from db.operations.update_application import update_application
from db.operations.update_attribute_definition import update_attribute_definition
from db.operations.update_own_session import update_own_session
from db.operations.update_profile import update_profile
from db.operations.update_session import update_session
from db.operations.upsert_session import upsert_session
from db.operations.use_key import use_key

__all__ = [
    "Actor",
    "CreatedKey",
    "DefinitionKey",
    "Key",
    "KeyName",
    "Outcome",
    "ProfileOutcome",
    "SessionToken",
    "cancel_session",
    "close_session",
    "create_application",
    "create_attribute_definition",
    "create_key",
    "create_session",
    "create_session_token",
    "find_keys",
    "return_items",
    "revoke_key",
    "update_application",
    "update_attribute_definition",
    "update_own_session",
    "update_profile",
    "update_session",
    "upsert_session",
    "use_key",
]
