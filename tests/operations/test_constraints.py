"""Constraints of the tables."""

import pytest
from promotion_shop import add_campaign, add_code, limit, percent
from shop import Shop, line, units
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from db.domain.lifecycle import SessionState
from db.domain.promotions.code import CodeKind
from db.domain.webhook import CreateWebhook
from db.operations.webhooks import create_webhook

BROKEN = {
    "a state that is none": "UPDATE customer_session SET state = 'lost'",
    "the name of a state instead of its value": "UPDATE customer_session SET state = 'CLOSED'",
    "version 0": "UPDATE customer_session SET version = 0",
    "a negative total": "UPDATE customer_session SET total = -1",
    "discounts above the total": "UPDATE customer_session SET discount_total = total + 1",
    "more given back than was paid": "UPDATE customer_session SET returned_total = total + 1",
    "an update before the creation": "UPDATE customer_session SET updated = '2000-01-01T00:00:00.000Z'",
    "a closed session without a time": "UPDATE customer_session SET closed = NULL",
    "an open session with a time of cancellation": "UPDATE customer_session SET cancelled = updated",
    "a negative price": "UPDATE cart_item SET price = -1",
    "quantity 0": "UPDATE cart_item SET quantity = 0, returned_quantity = 0",
    "more units returned than bought": "UPDATE cart_item SET returned_quantity = quantity + 1",
    "a negative position": "UPDATE cart_item SET position = -1",
    "a profile that is not there": "UPDATE customer_session SET profile_id = 'nobody'",
    "a line of no session": "UPDATE cart_item SET session_id = 99",
    "a line gone from under its return": "DELETE FROM cart_item",
    "an event of version 0": "UPDATE session_event SET version = 0 WHERE version = 1",
    "two events of one number": "UPDATE session_event SET id = 1",
    "a second session of one integration ID": (
        "UPDATE customer_session SET integration_id = (SELECT min(integration_id) FROM customer_session)"
    ),
    "a session gone from under its history": "DELETE FROM customer_session",
    "a return of 0 units": "UPDATE returned_item SET quantity = 0",
    "a currency with more minor digits than amounts have": "UPDATE application SET minor_digits = 5",
}
BROKEN_PROMOTION = {
    "two campaigns of one name": "UPDATE campaign SET name = 'Spring'",
    "a campaign of revision 0": "UPDATE campaign SET revision = 0",
    "a campaign that ends as it starts": "UPDATE campaign SET starts = created, ends = created",
    "a campaign updated before its creation": "UPDATE campaign SET updated = '2000-01-01T00:00:00.000Z'",
    "a campaign in no state": "UPDATE campaign SET state = 'lost'",
    "a revision 0": "UPDATE campaign_revision SET revision = 0 WHERE campaign_id = 2",
    "a revision of no campaign": "UPDATE campaign_revision SET campaign_id = 99 WHERE campaign_id = 2",
    "a revision gone from under its redemption": "DELETE FROM campaign_revision",
    "a label of two campaigns": "UPDATE campaign_label SET label = 'rule'",
    "a label of no campaign": "UPDATE campaign_label SET campaign_id = 99",
    "a negative maximum": "UPDATE campaign_limit SET max = -1",
    "a limit at a negative position": "UPDATE campaign_limit SET position = -1",
    "a number of uses that is cut": "UPDATE campaign_limit SET when_short = 'cut' WHERE measure = 'uses'",
    "two limits of one identity": "UPDATE campaign_limit SET measure = 'uses', when_short = 'skip'",
    "a negative counter": "UPDATE limit_counter SET used = -1",
    "a counter of no limit": "UPDATE limit_counter SET limit_id = 99",
    "a counter gone from under its posting": "DELETE FROM limit_counter",
    "two codes of one text": "UPDATE code SET kind = 'coupon', advocate_id = NULL, normalized = 'HELLO'",
    "a code used less than never": "UPDATE code SET used = -1",
    "a code for 0 uses": "UPDATE code SET usage_limit = 0",
    "a code that ends as it starts": "UPDATE code SET starts = created, ends = created",
    "a coupon with an advocate": "UPDATE code SET advocate_id = 'ada' WHERE kind = 'coupon'",
    "a referral without an advocate": "UPDATE code SET advocate_id = NULL WHERE kind = 'referral'",
    "a coupon for a friend": "UPDATE code SET friend_id = 'ada' WHERE kind = 'coupon'",
    "a referral with a recipient": "UPDATE code SET recipient_id = 'ada' WHERE kind = 'referral'",
    "a referral in a batch": "UPDATE code SET batch = 'summer' WHERE kind = 'referral'",
    "a code of no campaign": "UPDATE code SET campaign_id = 99 WHERE kind = 'referral'",
    "a code gone from under its redemption": "DELETE FROM code WHERE kind = 'coupon'",
    "a redemption of nothing": "UPDATE redemption SET amount = 0, returned_amount = 0",
    "more returned than was given": "UPDATE redemption SET returned_amount = amount + 1",
    "a redemption of a revision that is not there": "UPDATE redemption SET revision = 99",
    "a negative posting": "UPDATE posting SET amount = -1",
    "a posting of no redemption": "UPDATE posting SET session_id = 99",
    "a webhook before the first event": "UPDATE webhook SET after_id = -1",
    "a webhook with failures below 0": "UPDATE webhook SET failures = -1",
    "a webhook in no state": "UPDATE webhook SET state = 'lost'",
    "a webhook of no application": "UPDATE webhook SET application_id = 99",
}


@pytest.mark.parametrize("statement", BROKEN.values(), ids=BROKEN)
def test_constraint_refuses_invalid_rows(shop: Shop, statement: str) -> None:
    for name in ("s1", "s2"):
        shop.create(name, SessionState.CLOSED, profile_id="ada", cart_items=[line(quantity=2)])
        shop.return_items(units(0, 1), integration_id=name)
    before = shop.all_rows()

    def break_it(connection: Connection) -> None:
        connection.exec_driver_sql(statement)

    with pytest.raises(IntegrityError):
        shop.write(break_it)

    assert shop.all_rows() == before


def test_constraints_refuse_invalid_rows_of_promotions_and_webhooks(shop: Shop) -> None:
    limits = [limit("USES", "CAMPAIGN", "5"), limit("DISCOUNT", "CAMPAIGN", "5.00")]
    spring = add_campaign(shop, percent("10"), requires="COUPON", limits=limits)
    friends = add_campaign(shop, percent("10", "friends"), name="Friends", requires="REFERRAL")
    add_code(shop, spring, "HELLO", usage_limit=3)
    add_code(shop, friends, "ANNA", CodeKind.REFERRAL, advocate_id="anna")
    shop.create(state=SessionState.CLOSED, coupon="hello", cart_items=[line(price="10.00")])
    command = CreateWebhook(application_id=shop.application_id, url="https://shop.example/", document="")
    shop.write(create_webhook, shop.till, command, shop.tick(), settled_id=0)
    before = shop.all_rows()

    accepted = [name for name, statement in BROKEN_PROMOTION.items() if not is_refused(shop, statement)]

    assert accepted == []
    assert shop.all_rows() == before


def is_refused(shop: Shop, statement: str) -> bool:
    """Return whether a constraint refuses a statement."""

    def break_it(connection: Connection) -> None:
        connection.exec_driver_sql(statement)

    try:
        shop.write(break_it)
    except IntegrityError:
        return True
    return False
