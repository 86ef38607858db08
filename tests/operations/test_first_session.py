"""firstSession: true for the first session of a profile, decided when the profile is set."""

from shop import Shop


def test_an_anonymous_session_is_always_first(shop: Shop) -> None:
    for name in ("s1", "s2"):
        shop.create(name, profile_id="")

        assert shop.session(name).first_session
        assert shop.session(name).profile_id is None


def test_the_first_session_of_a_profile_is_first_and_no_later_one(shop: Shop) -> None:
    for name in ("s1", "s2", "s3"):
        shop.create(name, profile_id="ada")

    assert [shop.session(name).first_session for name in ("s1", "s2", "s3")] == [True, False, False]


def test_a_session_counts_whatever_became_of_it(shop: Shop) -> None:
    shop.create("s1", profile_id="ada")
    shop.cancel("s1")

    shop.create("s2", profile_id="ada")

    assert not shop.session("s2").first_session


def test_another_application_has_profiles_of_its_own(shop: Shop) -> None:
    other = shop.another("Other", "EUR")
    shop.create(profile_id="ada")

    other.create(profile_id="ada")

    assert other.session().first_session


def test_it_is_decided_anew_when_the_profile_changes(shop: Shop) -> None:
    shop.create("s1", profile_id="ada")
    shop.create("s2", profile_id="grace")

    shop.update("s2", profile_id="ada")
    assert not shop.session("s2").first_session
    assert shop.history("s2")[-1]["changes"]["firstSession"] is False

    shop.update("s2", profile_id=None)
    assert shop.session("s2").first_session

    shop.update("s2", profile_id="grace")
    assert shop.session("s2").first_session


def test_it_stays_as_it_was_when_another_session_leaves_the_profile(shop: Shop) -> None:
    shop.create("s1", profile_id="ada")
    shop.create("s2", profile_id="ada")

    shop.update("s1", profile_id=None)
    shop.update("s2", profile_id="ada", coupon="SPRING")

    assert not shop.session("s2").first_session


def test_a_profile_that_is_not_known_is_made_empty_and_a_known_one_is_left_alone(shop: Shop) -> None:
    shop.create("s1", profile_id="ada")
    ada = shop.profile("ada")
    assert (ada["attributes"], ada["created"], ada["updated"]) == ({}, shop.now, shop.now)

    shop.create("s2", profile_id="ada")

    assert shop.profile("ada") == ada
