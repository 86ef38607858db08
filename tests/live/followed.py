"""Subscriptions, and changes that they report."""

from typing import Any

from api_server import Api
from shop import line

SESSION = """
subscription($id: String!, $after: Int, $application: Int) {
  customerSessionChanged(integrationId: $id, afterVersion: $after, applicationId: $application) {
    __typename version changes session { integrationId version } ... on SessionUpdated { changedFields }
  }
}
"""
ALL = """
subscription($after: String, $application: Int) {
  sessionEvents(after: $after, applicationId: $application) { cursor node { version session { integrationId } } }
}
"""
CHANGE = "mutation($input: UpsertSessionInput!) { upsertSession(input: $input) { errors { message } } }"


def names(events: list[Any]) -> list[tuple[str, int]]:
    """Return the integration ID and the version of each event's session."""
    nodes = [event["sessionEvents"]["node"] for event in events]
    return [(node["session"]["integrationId"], node["version"]) for node in nodes]


def changes(api: Api) -> None:
    """Create three sessions with six events."""
    shop = api.shop
    shop.create("s1", cart_items=[line()])
    shop.update("s1", coupon="a")
    shop.create("s2")
    shop.update("s1", coupon="b")
    shop.close("s1")
    shop.create("s3")


async def post(api: Api, name: str, coupon: str | None = None) -> None:
    """Create or update a session over HTTP."""
    given = {"integrationId": name, **({"coupon": coupon} if coupon else {})}
    response = await api.post({"query": CHANGE, "variables": {"input": given}})
    assert response.json()["data"] == {"upsertSession": {"errors": []}}
