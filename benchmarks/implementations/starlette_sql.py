"""A Starlette route without GraphQL: one handwritten SQL statement, which builds the JSON, for each operation name.

It is close to the limit of Starlette and SQLite on one core. SQLite runs in the event loop.
"""
# ruff: noqa: S608  # statements are built from constants

import os
import sqlite3

import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

MONEY = "printf('%d.%02d', {0} / 10000, {0} / 100 % 100)".format
NEWEST = "SELECT * FROM customer_session WHERE application_id = 1 AND {} ORDER BY created DESC, id DESC LIMIT {}".format
CREATED_BEFORE = "created < :to"
FOUND = "coupon = :coupons ->> 0 AND state IN (SELECT lower(value) FROM json_each(:states))"

CART = f"""json_object(
    'integrationId', s.integration_id,
    'profileId', s.profile_id,
    'state', upper(s.state),
    'total', {MONEY("s.total")},
    'created', s.created,
    'firstSession', json(iif(s.first_session, 'true', 'false')),
    'cartItems', (
        SELECT json_group_array(json_object(
            'position', position,
            'sku', sku,
            'name', name,
            'quantity', quantity,
            'price', {MONEY("price")},
            'total', {MONEY("price * quantity")}
        ))
        FROM (SELECT * FROM cart_item WHERE application_id = 1 AND session_id = s.id ORDER BY position)
    )
)"""
HISTORY = f"""json_object(
    'integrationId', s.integration_id,
    'state', upper(s.state),
    'total', {MONEY("s.total")},
    'netTotal', {MONEY("(s.total - s.discount_total - s.returned_total)")},
    'profile', (
        SELECT json_object('integrationId', integration_id, 'created', created)
        FROM customer_profile WHERE application_id = 1 AND integration_id = s.profile_id
    ),
    'discounts', (
        SELECT json_group_array(json_object('label', label, 'amount', {MONEY("amount")}))
        FROM (SELECT * FROM session_discount WHERE application_id = 1 AND session_id = s.id ORDER BY label)
    ),
    'returns', (
        SELECT json_group_array(json_object('created', created, 'amount', {MONEY("amount")}))
        FROM (SELECT * FROM session_return WHERE application_id = 1 AND session_id = s.id ORDER BY version)
    ),
    'events', json_object('nodes', (
        SELECT json_group_array(json_object(
            '__typename', CASE type
                WHEN 'created' THEN 'SessionCreated'
                WHEN 'updated' THEN 'SessionUpdated'
                WHEN 'closed' THEN 'SessionClosed'
                WHEN 'items_returned' THEN 'ItemsReturned'
                ELSE 'SessionCancelled'
            END,
            'version', version,
            'occurred', occurred,
            'actor', actor
        ))
        FROM (
            SELECT * FROM (
                SELECT * FROM session_event WHERE application_id = 1 AND session_id = s.id ORDER BY version DESC LIMIT 3
            )
            ORDER BY version
        )
    ))
)"""
SUMMARY = f"""json_object(
    'integrationId', integration_id,
    'profileId', profile_id,
    'state', upper(state),
    'coupon', coupon,
    'total', {MONEY("total")},
    'created', created
)"""
STATEMENTS = {
    "Session": f"""
        SELECT json_object('data', json_object('customerSession', {CART}))
        FROM customer_session AS s WHERE s.application_id = 1 AND s.integration_id = :integrationId
    """,
    "Page": f"""
        SELECT json_object('data', json_object('customerSessions', json_object('nodes', json_group_array({CART}))))
        FROM ({NEWEST(CREATED_BEFORE, 50)}) AS s
    """,
    "Histories": f"""
        SELECT json_object('data', json_object('customerSessions', json_object('nodes', json_group_array({HISTORY}))))
        FROM ({NEWEST(CREATED_BEFORE, 20)}) AS s
    """,
    "Filtered": f"""
        SELECT json_object('data', json_object('customerSessions', json_object(
            'totalCount', (SELECT count(*) FROM customer_session WHERE application_id = 1 AND {FOUND}),
            'nodes', (SELECT json_group_array({SUMMARY}) FROM ({NEWEST(FOUND, 20)}))
        )))
    """,
    "Counted": """
        SELECT json_object('data', json_object('customerSessions', json_object('totalCount', count(*))))
        FROM customer_session
        WHERE application_id = 1 AND state = lower(:states ->> 0)
            AND created >= :created ->> 'from' AND created < :created ->> 'to'
    """,
    "Aliases": f"""
        SELECT json_object('data', json_group_object('a' || substr(asked.key, 2), json_object(
            'integrationId', integration_id, 'state', upper(state), 'total', {MONEY("total")}
        )))
        FROM json_each(:all) AS asked
        JOIN customer_session ON application_id = 1 AND integration_id = asked.value
    """,
}
database = sqlite3.connect(os.environ["DATABASE"])
database.execute("PRAGMA cache_size = -16384")  # as in Cartograph's connections


async def answer(request: Request) -> Response:
    """Run the statement of the operation. Variables that are lists or objects are passed as JSON."""
    body = orjson.loads(await request.body())
    variables = {"all": orjson.dumps(body["variables"]).decode()}
    for name, value in body["variables"].items():
        variables[name] = value if isinstance(value, str) else orjson.dumps(value).decode()
    (text,) = database.execute(STATEMENTS[body["operationName"]], variables).fetchone()
    return Response(text, media_type="application/json")


app = Starlette(routes=[Route("/graphql", answer, methods=["POST"])])
