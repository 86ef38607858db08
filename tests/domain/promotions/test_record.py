"""The JSON of an evaluation."""

from campaigns import campaign, line, off, percent, rule, run

from db.domain.promotions.code import Code, CodeKind
from db.domain.promotions.record import evaluation_record, preview_record

CART = [line("10.00", 2, sku="mug"), line("30.00", sku="pen")]
AT = "2026-03-29T12:00:00.000Z"
PENS = {"skus": ["pen"]}
HELLO = Code(kind=CodeKind.COUPON, code="Hello", campaign_id=2)


def test_preview_has_all_results_and_the_shares_of_all_discounts() -> None:
    failing = campaign(rule(off("1.00"), "late", when={"total": {"min": "60.00"}}))
    code = campaign(rule(percent("10"), "pens", lines=PENS), requires="COUPON")
    talk = campaign(rule({"offer": {"sku": "cup"}}, "cup"), rule({"message": {"text": "Hi"}}, "greeting"))
    found = run(CART, failing, code, talk, manual={"m": "1.00"}, coupon=" hello", coupon_code=HELLO)
    nothing = {"amount": 0, "revision": 1, "path": [], "needed": None, "actual": None}
    assert preview_record(found, CART) == {
        "total": 500_000,
        "discount_total": 39_400,
        "net_total": 460_600,
        "discounts": [
            {
                "label": "m",
                "amount": 10_000,
                "source": "manual",
                "campaign_id": None,
                "revision": None,
                "shares": [(0, 4_000), (1, 6_000)],
            },
            {
                "label": "pens",
                "amount": 29_400,
                "source": "campaign",
                "campaign_id": 2,
                "revision": 1,
                "shares": [(1, 29_400)],
            },
        ],
        "cart_items": [
            {
                "position": 0,
                "sku": "mug",
                "quantity": 2,
                "price": 100_000,
                "total": 200_000,
                "discount_share": 4_000,
            },
            {
                "position": 1,
                "sku": "pen",
                "quantity": 1,
                "price": 300_000,
                "total": 300_000,
                "discount_share": 35_400,
            },
        ],
        "evaluation": {
            "at": AT,
            "coupon": {
                "code": " hello",
                "status": "accepted",
                "campaign_id": 2,
                "message": "The code is accepted.",
            },
            "referral": None,
            "campaigns": [
                {
                    **nothing,
                    "campaign_id": 1,
                    "label": "late",
                    "outcome": "condition_failed",
                    "message": "The session does not meet the condition. rules, 0, when, total, min: needs 60.00, has"
                    " 50.00.",
                    "path": ["rules", "0", "when", "total", "min"],
                    "needed": "60.00",
                    "actual": "50.00",
                },
                {
                    **nothing,
                    "campaign_id": 2,
                    "label": "pens",
                    "outcome": "applied",
                    "amount": 29_400,
                    "message": "The rule applies.",
                },
                *(
                    {
                        **nothing,
                        "campaign_id": 3,
                        "label": label,
                        "outcome": "applied",
                        "message": "The rule applies.",
                    }
                    for label in ("cup", "greeting")
                ),
            ],
            "offers": [{"campaign_id": 3, "label": "cup", "sku": "cup", "quantity": 1}],
            "messages": [{"campaign_id": 3, "label": "greeting", "text": "Hi"}],
        },
    }


def test_stored_evaluation_has_the_results_that_are_stored() -> None:
    failing = campaign(rule(off("1.00"), "late", when={"total": {"min": "60.00"}}))
    found = run(CART, failing, campaign(rule(off("1.00"), "now")))
    stored = evaluation_record(found, found.stored_results)
    assert [each["label"] for each in stored["campaigns"]] == ["now"]
    assert (stored["coupon"], stored["offers"], stored["messages"]) == (None, [], [])
