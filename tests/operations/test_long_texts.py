"""Integration IDs, profile IDs and SKUs of the greatest length are stored whole, distinguished and found."""

from long_texts import LONGEST, SIMILAR
from shop import Shop, line, refusals

from db.domain.commands import UpdateProfile
from db.domain.errors import SessionAlreadyExists
from db.events.history import SessionHistory
from db.operations.profiles import update_profile
from db.repository.load import find_session


def test_sessions_are_distinguished_by_the_last_character_of_their_integration_ids(shop: Shop) -> None:
    made = {name: shop.create(name).session_id for name in SIMILAR}

    assert {name: shop.session(name).id for name in SIMILAR} == made
    assert [shop.session(name).integration_id for name in SIMILAR] == [*SIMILAR]
    assert shop.write(find_session, shop.application_id, LONGEST[:-1] + "y") is None
    for name in SIMILAR:
        (refusal,) = refusals(shop.create, name)
        assert isinstance(refusal, SessionAlreadyExists)
        assert refusal.session_id == made[name]


def test_a_session_with_the_longest_texts_goes_through_its_whole_lifecycle(shop: Shop) -> None:
    shop.upsert(LONGEST, key="1", profile_id=LONGEST, cart_items=[line(LONGEST), line(LONGEST[:999])])
    assert shop.upsert(LONGEST, key="1", profile_id=LONGEST, cart_items=[line(LONGEST), line(LONGEST[:999])]).replayed
    assert not shop.upsert(LONGEST, coupon="SPRING").created
    shop.close(LONGEST)
    shop.cancel(LONGEST)

    assert [item.sku for item in shop.session(LONGEST).cart] == [LONGEST, LONGEST[:999]]
    followed = SessionHistory(shop.application_id, LONGEST)
    events = shop.query(followed.events_after, 0, 10**6, 10)
    assert [(event.integration_id, event.version) for event in events] == [
        (LONGEST, version) for version in range(1, 5)
    ]
    assert not shop.query(SessionHistory(shop.application_id, LONGEST[:999]).events_after, 0, 10**6, 10)


def test_each_profile_has_its_own_first_session(shop: Shop) -> None:
    for number, profile_id in enumerate((*SIMILAR, *SIMILAR)):
        shop.create(f"s{number}", profile_id=profile_id)

    firsts = [shop.session(f"s{number}").first_session for number in range(2 * len(SIMILAR))]
    assert firsts == [True] * len(SIMILAR) + [False] * len(SIMILAR)


def test_an_update_creates_the_profile_with_exactly_that_integration_id(shop: Shop) -> None:
    for name in SIMILAR:
        command = UpdateProfile(application_id=shop.application_id, integration_id=name, attributes={})
        shop.write(update_profile, shop.till, command, shop.tick())

    assert [shop.profile(name).integration_id for name in SIMILAR] == [*SIMILAR]
    assert len({shop.profile(name).updated for name in SIMILAR}) == len(SIMILAR)
