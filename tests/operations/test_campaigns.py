"""createCampaign and updateCampaign: revisions, states, labels and limits."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from promotion_commands import change_campaign, create_campaign, limit, percent_off, rows, run
from shop import Shop, refusals

from db.domain.attribute_definition import AttributeEntity
from db.domain.commands import UpdateApplication
from db.domain.errors import AlreadyExists, IdempotencyKeyReused, InvalidInput, NotFound, Refusal, RevisionConflict
from db.domain.promotions.campaign import Stacking
from db.domain.promotions.campaign_state import CampaignState
from db.domain.promotions.code import CampaignRequirement
from db.domain.promotions.commands import CreateCampaign, UpdateCampaign
from db.operations.applications import update_application
from db.repository.core import APPLICATION, CAMPAIGN, CAMPAIGN_LABEL, CAMPAIGN_LIMIT, CAMPAIGN_REVISION

STATES = [*CampaignState]


def version(shop: Shop) -> int:
    """The version of the application's campaigns."""
    (application,) = rows(shop, APPLICATION)
    found: int = application["campaigns_version"]
    return found


def labels(shop: Shop) -> dict[str, int]:
    """The reserved labels, and the campaigns that have them."""
    return {row["label"]: row["campaign_id"] for row in rows(shop, CAMPAIGN_LABEL)}


def limits(shop: Shop) -> list[tuple[int, str, int | None, Decimal]]:
    """The limits: ID, measure, position and maximum."""
    return [(row["id"], row["measure"], row["position"], row["max"]) for row in rows(shop, CAMPAIGN_LIMIT)]


def paths(found: tuple[Refusal, ...]) -> list[str]:
    """The paths of refusals."""
    return [".".join(each.path) for each in found]


def test_campaign_is_stored_with_its_content_and_its_defaults(shop: Shop) -> None:
    rule = percent_off("10", "ten", when={"total": {"min": "50.00"}})
    content: dict[str, Any] = {
        "rules": [rule],
        "name": "Spring",
        "notes": "From March on.",
        "starts": "2026-03-01T00:00:00.000Z",
        "ends": None,
        "stacking": "STOP",
        "bestOf": "season",
        "requires": "COUPON",
    }

    written = run(shop, CreateCampaign, content=content, state=CampaignState.ACTIVE)

    assert (written.application_id, written.id) == (shop.application_id, 1)
    assert [*map(dict, rows(shop, CAMPAIGN))] == [
        {
            "application_id": shop.application_id,
            "id": 1,
            "name": "Spring",
            "notes": "From March on.",
            "starts": datetime(2026, 3, 1, tzinfo=UTC),
            "ends": None,
            "rank": 100,
            "stacking": Stacking.STOP,
            "best_of": "season",
            "requires": CampaignRequirement.COUPON,
            "state": CampaignState.ACTIVE,
            "revision": 1,
            "created": shop.now,
            "updated": shop.now,
        }
    ]
    (revision,) = rows(shop, CAMPAIGN_REVISION)
    assert (revision["campaign_id"], revision["revision"], revision["created"]) == (1, 1, shop.now)
    stored = revision["content"]
    assert stored == {**{name: value for name, value in content.items() if value}, "rank": 100, "limits": []}
    assert list(stored) == ["name", "notes", "starts", "rank", "stacking", "bestOf", "requires", "rules", "limits"]
    assert list(stored["rules"][0]) == ["label", "when", "reward"]
    assert labels(shop) == {"ten": 1}


def test_changed_content_makes_a_revision_and_leaves_earlier_ones(shop: Shop) -> None:
    campaign = create_campaign(shop, percent_off("10"), notes="old", bestOf="season")

    change_campaign(shop, campaign, {"name": "Summer", "notes": None, "rank": 5, "bestOf": None, "rules": None})

    (row,) = rows(shop, CAMPAIGN)
    assert (row["name"], row["notes"], row["rank"], row["best_of"]) == ("Summer", None, 5, None)
    assert (row["revision"], row["updated"]) == (2, shop.now)
    first, second = (row["content"] for row in rows(shop, CAMPAIGN_REVISION))
    assert (first["name"], first["notes"], first["rank"]) == ("Spring", "old", 100)
    assert second == {name: value for name, value in first.items() if name not in ("notes", "bestOf")} | {
        "name": "Summer",
        "rank": 5,
    }


def test_same_content_makes_no_revision(shop: Shop) -> None:
    campaign = create_campaign(shop, percent_off("10"))
    before = shop.all_rows()

    change_campaign(shop, campaign, {"name": "Spring", "rules": [percent_off("10")], "notes": None})
    change_campaign(shop, campaign, state=CampaignState.ACTIVE)

    after = shop.all_rows()
    assert {name for name, found in after.items() if found != before[name]} == {"application"}


def test_change_of_state_makes_no_revision(shop: Shop) -> None:
    campaign = create_campaign(shop, percent_off("10"), state=CampaignState.DRAFT)

    change_campaign(shop, campaign, state=CampaignState.ACTIVE)

    (row,) = rows(shop, CAMPAIGN)
    assert (row["state"], row["revision"], row["updated"]) == (CampaignState.ACTIVE, 1, shop.now)
    assert len(rows(shop, CAMPAIGN_REVISION)) == 1


REACHABLE = {
    CampaignState.DRAFT: {CampaignState.DRAFT, CampaignState.ACTIVE, CampaignState.ARCHIVED},
    CampaignState.ACTIVE: {CampaignState.ACTIVE, CampaignState.PAUSED, CampaignState.ARCHIVED},
    CampaignState.PAUSED: {CampaignState.ACTIVE, CampaignState.PAUSED, CampaignState.ARCHIVED},
    CampaignState.ARCHIVED: {CampaignState.ARCHIVED},
}
ROAD = {
    CampaignState.DRAFT: (),
    CampaignState.ACTIVE: (CampaignState.ACTIVE,),
    CampaignState.PAUSED: (CampaignState.ACTIVE, CampaignState.PAUSED),
    CampaignState.ARCHIVED: (CampaignState.ARCHIVED,),
}


@pytest.mark.parametrize("state", STATES)
def test_states_change_by_the_table_and_reserve_labels_when_active_or_paused(shop: Shop, state: CampaignState) -> None:
    for target in STATES:
        name = f"to {target}"
        campaign = create_campaign(shop, percent_off("10", name), name=name, state=CampaignState.DRAFT)
        for step in ROAD[state]:
            change_campaign(shop, campaign, state=step)
        if target in REACHABLE[state]:
            change_campaign(shop, campaign, state=target)
            reserved = target in (CampaignState.ACTIVE, CampaignState.PAUSED)
        else:
            assert paths(refusals(change_campaign, shop, campaign, state=target)) == ["state"]
            reserved = state in (CampaignState.ACTIVE, CampaignState.PAUSED)
        assert (labels(shop).get(name) == campaign) is reserved


def test_archived_campaign_cannot_be_changed(shop: Shop) -> None:
    campaign = create_campaign(shop, percent_off("10"))
    change_campaign(shop, campaign, state=CampaignState.ARCHIVED)

    assert paths(refusals(change_campaign, shop, campaign, {"notes": "again"})) == ["id"]
    assert labels(shop) == {}


def test_revision_that_is_not_expected_is_refused(shop: Shop) -> None:
    campaign = create_campaign(shop, percent_off("10"))
    change_campaign(shop, campaign, {"rank": 1}, expected_revision=1)
    before = shop.all_rows()

    (refusal,) = refusals(change_campaign, shop, campaign, {"rank": 2}, expected_revision=1)

    assert refusal == RevisionConflict(expected_revision=1, actual_revision=2)
    assert refusal.message == "The campaign is at revision 2, not 1."
    assert shop.all_rows() == before


def test_labels_are_unique_among_active_and_paused_campaigns(shop: Shop) -> None:
    first = create_campaign(shop, percent_off("10", "ten"), name="First")
    change_campaign(shop, first, state=CampaignState.PAUSED)
    refused = refusals(create_campaign, shop, percent_off("5"), percent_off("20", "ten"), name="Second")
    assert refused == (
        InvalidInput(path=("rules", "1", "label"), problem='The campaign "First" has a rule with the label "ten".'),
    )
    draft = create_campaign(shop, percent_off("20", "ten"), name="Draft", state=CampaignState.DRAFT)
    assert paths(refusals(change_campaign, shop, draft, state=CampaignState.ACTIVE)) == ["state"]
    other = create_campaign(shop, percent_off("20", "other"), name="Other")
    rules = [percent_off("20", "ten")]
    assert paths(refusals(change_campaign, shop, other, {"rules": rules})) == ["rules.0.label"]

    change_campaign(shop, first, {"rules": [percent_off("10", "eleven")]})
    change_campaign(shop, draft, state=CampaignState.ACTIVE)

    assert labels(shop) == {"eleven": first, "other": other, "ten": draft}


def test_another_application_has_labels_and_names_of_its_own(shop: Shop) -> None:
    create_campaign(shop, percent_off("10", "ten"))
    another = shop.another("Other", "JPY")

    create_campaign(another, percent_off("10", "ten"))

    assert (len(labels(shop)), len(labels(another))) == (1, 1)
    assert version(shop) == version(another) == 1


def test_name_of_another_campaign_is_refused(shop: Shop) -> None:
    create_campaign(shop, name="Spring")
    summer = create_campaign(shop, name="Summer")
    taken = (AlreadyExists(path=("name",), what='a campaign "Spring"'),)

    assert refusals(create_campaign, shop, name="Spring") == taken
    assert refusals(change_campaign, shop, summer, {"name": "Spring"}) == taken
    change_campaign(shop, summer, {"name": "Summer", "rank": 1})


def test_limit_keeps_its_row_over_all_revisions(shop: Shop) -> None:
    uses, discount = limit("USES", "PROFILE", "1"), limit("DISCOUNT", "CAMPAIGN", "100.50", period="DAY")
    campaign = create_campaign(shop, limits=[uses, discount])
    assert limits(shop) == [(1, "uses", 0, Decimal(1)), (2, "discount", 1, Decimal("100.5"))]

    change_campaign(shop, campaign, {"limits": [{**discount, "max": "50.00", "whenShort": "CUT"}]})
    assert limits(shop) == [(1, "uses", None, Decimal(1)), (2, "discount", 0, Decimal(50))]

    change_campaign(shop, campaign, {"limits": [limit("USES", "CAMPAIGN", "9"), {**uses, "max": "3"}]})
    assert limits(shop) == [(1, "uses", 1, Decimal(3)), (2, "discount", None, Decimal(50)), (3, "uses", 0, Decimal(9))]


def test_broken_content_is_refused_with_every_path_and_changes_nothing(shop: Shop) -> None:
    campaign = create_campaign(shop, percent_off("10"))
    before = shop.all_rows()
    broken = {
        "rules": [
            percent_off("101"),
            percent_off("10.005", "two"),
            percent_off("1", "one", when={"total": {"min": "-1"}}),
        ],
        "starts": "2026-03-02T00:00:00Z",
        "ends": "2026-03-01T00:00:00Z",
        "limits": [limit("USES", "CAMPAIGN", "1", whenShort="CUT"), limit("USES", "CAMPAIGN", "2")],
    }
    expected = [
        "ends",
        "rules.0.reward.percentOff.percent",
        "rules.1.reward.percentOff.percent",
        "rules.2.when.total.min",
        "limits.0.whenShort",
        "limits.1",
    ]

    assert paths(refusals(change_campaign, shop, campaign, broken)) == expected
    assert paths(refusals(create_campaign, shop, **{"name": "Summer", **broken})) == expected
    assert shop.all_rows() == before


def test_condition_may_test_defined_attributes_alone(shop: Shop) -> None:
    shop.define(AttributeEntity.CUSTOMER_SESSION, "channel")
    when = {"attributes": [{"name": "channel", "test": {"values": ["web"]}}]}
    create_campaign(shop, percent_off("10", when=when))

    unknown = {"attributes": [{"name": "chanel", "test": {"values": ["web"]}}]}
    refused = refusals(create_campaign, shop, percent_off("10", "b", when=unknown), name="Summer")

    assert paths(refused) == ["rules.0.when.attributes.0.name"]


def test_unknown_campaign_or_application_is_refused(shop: Shop) -> None:
    assert refusals(change_campaign, shop, 7) == (NotFound(path=("id",), what="campaign with this ID"),)
    nowhere = Shop(shop.runner, shop.database, 99)
    missing = (NotFound(path=("applicationId",), what="application 99"),)
    assert refusals(create_campaign, nowhere) == missing
    assert refusals(change_campaign, nowhere, 1) == missing


def test_repeat_with_the_idempotency_key_changes_nothing(shop: Shop) -> None:
    content = {"name": "Spring", "rules": [percent_off("10")]}
    first = run(shop, CreateCampaign, "key", content=content)
    before = shop.all_rows()

    assert run(shop, CreateCampaign, "key", content=content) == replace(first, replayed=True)
    assert refusals(run, shop, CreateCampaign, "key", content={**content, "rank": 1}) == (IdempotencyKeyReused(),)
    assert shop.all_rows() == before

    for _ in range(2):
        run(shop, UpdateCampaign, "other key", campaign_id=first.id, changes={"rank": 2})
    assert rows(shop, CAMPAIGN)[0]["revision"] == 2


def test_version_of_the_campaigns_rises_with_each_change(shop: Shop) -> None:
    def set_time_zone() -> None:
        shop.write(update_application, UpdateApplication(application_id=shop.application_id, time_zone="Asia/Tokyo"))

    set_time_zone()
    assert version(shop) == 0
    campaign = create_campaign(shop, percent_off("10"))
    change_campaign(shop, campaign, {"rank": 1})
    change_campaign(shop, campaign, state=CampaignState.PAUSED)
    set_time_zone()
    assert version(shop) == 4
