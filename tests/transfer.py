"""Import files into a shop, export them from it, and build their records."""

import json
from decimal import Decimal
from io import BytesIO
from typing import Any

from shop import Shop

from db.import_export.checking import check_sessions
from db.import_export.exporting import export_sessions
from db.import_export.importing import ImportSessions, Report, import_sessions


def record(integration_id: str = "s1", **fields: Any) -> dict[str, Any]:
    """Return a record of an anonymous purchase of two apples for 2.50."""
    return {
        "integrationId": integration_id,
        "created": "2026-03-01T10:00:00.000Z",
        "applicationId": 1,
        "profileId": "",
        "coupon": "",
        "referral": "",
        "state": "closed",
        "cartItems": [{"sku": "apple", "quantity": 2, "price": 1.25}],
        "identifiers": [],
        "total": 2.5,
        "attributes": {},
        "firstSession": True,
        "discounts": {},
        "updated": "2026-03-01T10:00:00.000Z",
        **fields,
    }


def file(*records: dict[str, Any]) -> bytes:
    return "".join(f"{json.dumps(each)}\n" for each in records).encode()


def import_into(shop: Shop, content: bytes, **options: Any) -> Report:
    """Import a file and return the sum of its reports."""

    async def run() -> Report:
        command = ImportSessions(application_id=shop.application_id, **options)
        whole = Report()
        async for report in import_sessions(shop.database, command, BytesIO(content)):
            for name in ("size", "created", "unchanged", "failed"):
                setattr(whole, name, getattr(whole, name) + getattr(report, name))
            whole.problems += report.problems
            whole.corrected += report.corrected
        return whole

    return shop.runner.run(run())


def messages(report: Report) -> list[str]:
    """Return the problems as they are printed."""
    return [str(each) for each in report.problems]


def export_from(shop: Shop) -> bytes:
    return shop.query(lambda connection: b"".join(export_sessions(connection, shop.application_id)))


def disagreements(shop: Shop) -> list[str]:
    """Return the disagreements that the check finds, without the name of the session."""
    found = shop.query(lambda connection: list(check_sessions(connection, shop.application_id)))
    return [str(each).split(": ", 1)[1] for page in found for each in page.disagreements]


def records_of(content: bytes) -> list[dict[str, Any]]:
    return [json.loads(line, parse_float=Decimal) for line in content.splitlines()]
