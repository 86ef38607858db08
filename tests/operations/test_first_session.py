"""firstSession is true for the first session of a profile, and decided when the profile is set."""

from shop import Shop


def test_anonymous_session_is_always_first(shop: Shop) -> None:
    for name in ("s1", "s2"):
        shop.create(name, profile_id="")

        assert shop.session(name).first_session
        assert shop.session(name).profile_id is None


def test_only_the_first_session_of_a_profile_is_first(shop: Shop) -> None:
    for name in ("s1", "s2", "s3"):
        shop.create(name, profile_id="ada")

    assert [shop.session(name).first_session for name in ("s1", "s2", "s3")] == [True, False, False]


def test_cancelled_session_counts_as_the_first(shop: Shop) -> None:
    shop.create("s1", profile_id="ada")
    shop.cancel("s1")

    shop.create("s2", profile_id="ada")

    assert not shop.session("s2").first_session


def test_each_application_has_its_own_profiles(shop: Shop) -> None:
    other = shop.another("Other", "EUR")
    shop.create(profile_id="ada")

    other.create(profile_id="ada")

    assert other.session().first_session


def test_first_session_is_decided_again_when_the_profile_changes(shop: Shop) -> None:
    shop.create("s1", profile_id="ada")
    shop.create("s2", profile_id="grace")

    shop.update("s2", profile_id="ada")
    assert not shop.session("s2").first_session
    assert shop.history("s2")[-1]["changes"]["firstSession"] is False

    shop.update("s2", profile_id=None)
    assert shop.session("s2").first_session

    shop.update("s2", profile_id="grace")
    assert shop.session("s2").first_session


def test_first_session_is_unchanged_when_another_session_leaves_the_profile(shop: Shop) -> None:
    shop.create("s1", profile_id="ada")
    shop.create("s2", profile_id="ada")

    shop.update("s1", profile_id=None)
    shop.update("s2", profile_id="ada", coupon="SPRING")

    assert not shop.session("s2").first_session


def test_missing_profile_is_created_and_existing_one_is_unchanged(shop: Shop) -> None:
    shop.create("s1", profile_id="ada")
    ada = shop.profile("ada")
    assert (ada["attributes"], ada["created"], ada["updated"]) == ({}, shop.now, shop.now)

    shop.create("s2", profile_id="ada")

    assert shop.profile("ada") == ada
