"""IDs: each row of an application's table has one that no other row ever had."""

from shop import Shop
from sqlalchemy import Connection, delete, func, select

from db.repository.core import CART_ITEM, EVENT, SESSION
from db.repository.ids import next_ids


def remove_newest(connection: Connection, application_id: int) -> tuple[int, int]:
    """Remove the newest session with its events. Returns its ID and that of its last event."""
    of_application = SESSION.c.application_id == application_id
    session_id = connection.execute(select(func.max(SESSION.c.id)).where(of_application)).scalar_one()
    key = {"application_id": application_id, "session_id": session_id}
    event_id = connection.execute(select(func.max(EVENT.c.id)).filter_by(**key)).scalar_one()
    for table in (CART_ITEM, EVENT):
        connection.execute(delete(table).filter_by(**key))
    connection.execute(delete(SESSION).filter_by(application_id=application_id, id=session_id))
    return session_id, event_id


def newest_event(connection: Connection, application_id: int) -> int:
    newest: int = connection.execute(
        select(func.max(EVENT.c.id)).where(EVENT.c.application_id == application_id)
    ).scalar_one()
    return newest


def test_ids_of_removed_rows_are_not_given_again(shop: Shop) -> None:
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


def test_each_application_on_sqlite_counts_by_itself(shop_in_a_file: Shop) -> None:
    shop_in_a_file.create("s1")

    assert shop_in_a_file.another("Other", "EUR").create("s1").session_id == 1
