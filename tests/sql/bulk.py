"""Thousands of sessions, inserted by SQL, with frequent and rare values for every filter."""

from sqlalchemy import Connection, text

OPENED = 1_767_225_600  # 2026-01-01; the sessions are a second apart
MOMENT = "strftime('%Y-%m-%dT%H:%M:%S.000Z', {}, 'unixepoch')"
NUMBERS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :size)"

PROFILES = f"""INSERT INTO customer_profile (application_id, integration_id, created, updated, attributes,
        closed_sessions, sales_whole, sales_fraction)
{NUMBERS} SELECT 1, 'customer-' || i, {MOMENT.format(f"{OPENED} + i")}, {MOMENT.format(f"{OPENED} + i")}, '{{}}',
    0, 0, 0 FROM n WHERE i <= :size / 10"""  # noqa: S608 (the parts are our own)

SESSIONS = f"""INSERT INTO customer_session (application_id, id, integration_id, profile_id, state, version,
    first_session, minor_digits, total, discount_total, returned_total, created, updated, closed, cancelled, coupon,
    referral, attributes)
{NUMBERS} SELECT 1, i, 'session-' || i, 'customer-' || (i % (:size / 10) + 1),
    CASE WHEN i % 1000 = 0 THEN 'cancelled' WHEN i % 3 = 0 THEN 'closed' ELSE 'open' END,
    1, i % 10 = 0, 2, i * 7919 % 1000003 * 100, 0, 0,
    {MOMENT.format(f"{OPENED} + i")}, {MOMENT.format(f"{OPENED} + i + i * 7919 % 1000")},
    CASE WHEN i % 1000 <> 0 AND i % 3 = 0 THEN {MOMENT.format(f"{OPENED} + i + 60")} END,
    CASE WHEN i % 1000 = 0 THEN :opened END,
    CASE WHEN i % 2 = 0 THEN 'SPRING' WHEN i % 1001 = 0 THEN 'RARE' END,
    CASE WHEN i % 2 = 1 THEN 'AUTUMN' WHEN i % 1001 = 0 THEN 'RARE' END, '{{}}' FROM n"""  # noqa: S608 (the parts are our own)

LINES = f"""INSERT INTO cart_item (application_id, session_id, position, id, sku, quantity, returned_quantity, price,
    discount_share, returned_total, attributes)
{NUMBERS}, line(place) AS (VALUES (0), (1), (2), (3), (4))
SELECT 1, i, place, 'line-' || i || '-' || place,
    CASE WHEN place = 4 THEN 'rare-' || (i % (:size / 5)) ELSE 'sku-' || ((i + place) % 10) END,
    1, 0, 10000, 0, 0, '{{}}' FROM n, line"""  # noqa: S608 (the parts are our own)

IDENTIFIERS = f"""INSERT INTO session_identifier (application_id, session_id, position, identifier)
{NUMBERS} SELECT 1, i, 0, CASE WHEN i % 2 THEN 'web' ELSE 'order-' || i END FROM n"""  # noqa: S608 (the parts are our own)

LAST_ID = "INSERT INTO last_id VALUES (1, 'customer_session', :size)"

CAMPAIGNS = f"""INSERT INTO campaign (application_id, id, name, rank, stacking, requires, state, revision, created,
    updated)
{NUMBERS} SELECT 1, i, 'campaign-' || i, i % 7, 'stack', 'coupon', CASE WHEN i % 5 THEN 'active' ELSE 'archived' END,
    1, :opened, :opened FROM n WHERE i <= :size / 10"""  # noqa: S608 (the parts are our own)

CODES = f"""INSERT INTO code (application_id, id, kind, code, normalized, campaign_id, recipient_id, advocate_id, used,
    batch, created)
{NUMBERS} SELECT 1, i, CASE WHEN i % 9 THEN 'coupon' ELSE 'referral' END, 'code-' || i, 'CODE-' || i,
    CASE WHEN i % 2 THEN 1 ELSE i % (:size / 10) + 1 END,
    CASE WHEN i % 9 AND i % 100 = 1 THEN 'customer-' || i END, CASE WHEN i % 9 = 0 THEN 'customer-1' END, i % 3 = 0,
    CASE WHEN i % 9 THEN CASE WHEN i % 500 = 0 THEN 'rare' WHEN i % 2 THEN 'summer' END END,
    :opened FROM n"""  # noqa: S608 (the parts are our own)

REVISIONS = """INSERT INTO campaign_revision (application_id, campaign_id, revision, content, created)
    SELECT application_id, id, 1, '{"rules": []}', created FROM campaign"""

REDEMPTIONS = f"""INSERT INTO redemption (application_id, session_id, campaign_id, revision, code_id, amount,
    returned_amount, shares, created)
{NUMBERS} SELECT 1, i, 1, 1, CASE WHEN i % 2 THEN 1 ELSE i END, 100, 0, '[]', {MOMENT.format(f"{OPENED} + i")} FROM n"""  # noqa: S608 (the parts are our own)


def fill(connection: Connection, size: int) -> None:
    """Insert sessions of five lines, and campaigns with coupons, for application 1, which exists."""
    for statement in (PROFILES, SESSIONS, LINES, IDENTIFIERS, LAST_ID, CAMPAIGNS, REVISIONS, CODES, REDEMPTIONS):
        connection.execute(text(statement), {"size": size, "opened": "2026-01-01T00:00:00.000Z"})
