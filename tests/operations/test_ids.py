"""IDs: each row of an application's table has one that no other row ever had."""

from shop import Shop, remove_newest
from sqlalchemy import Connection, func, select

from db.repository.core import EVENT, SESSION
from db.repository.ids import next_ids


def newest_event(connection: Connection, application_id: int) -> int:
    newest: int = connection.execute(
        select(func.max(EVENT.c.id)).where(EVENT.c.application_id == application_id)
    ).scalar_one()
    return newest


def test_ids_of_removed_rows_are_not_reused(shop: Shop) -> None:
    shop.create("s1")
    shop.create("s2")
    session_id, event_id = shop.write(remove_newest, shop.application_id)

    assert shop.create("s3").session_id > session_id
    assert shop.query(newest_event, shop.application_id) > event_id


def test_ids_of_many_rows_follow_those_of_removed_ones(shop: Shop) -> None:
    shop.create("s1")
    session_id, _ = shop.write(remove_newest, shop.application_id)

    given = shop.write(next_ids, SESSION, shop.application_id, 3)

    assert given[0] > session_id
    assert shop.create("s2").session_id > given[-1]


def test_removal_of_older_rows_leaves_the_next_id(shop_in_a_file: Shop) -> None:
    shop_in_a_file.create("s1")
    first, _ = shop_in_a_file.write(remove_newest, shop_in_a_file.application_id)
    shop_in_a_file.create("s2")
    second, _ = shop_in_a_file.write(remove_newest, shop_in_a_file.application_id)

    assert [second, shop_in_a_file.create("s3").session_id] == [first + 1, first + 2]


def test_each_application_on_sqlite_counts_by_itself(shop_in_a_file: Shop) -> None:
    shop_in_a_file.create("s1")

    assert shop_in_a_file.another("Other", "EUR").create("s1").session_id == 1
