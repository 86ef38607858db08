"""sessionStatistics: sums that equal those worked out from the sessions, in every group and time zone."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from api_server import Api
from shop import units
from transfer import file, import_into, record

SUMS = "sessions units total discountTotal returnedTotal netTotal"
SESSION = """nodes {
    integrationId state created closed coupon profileId total discountTotal returnedTotal netTotal
    cartItems { position sku category quantity total discountShare } returns { items { position amount } }
} pageInfo { endCursor hasNextPage }"""
NEAR = ["2011-12-30T10:00", "2012-01-01T00:00", "2026-03-29T01:00", "2026-10-25T01:00", "2026-03-01T00:00"]
ZONES = ["Europe/Lisbon", "Asia/Kolkata", "Pacific/Apia"]


def statistics(api: Api, group: str, arguments: str = "first: 1000") -> Any:
    return api.data(f"{{ sessionStatistics(groupBy: {group}, {arguments}) {{ key {SUMS} }} }}")["sessionStatistics"]


def moment(random: Random) -> str:
    """Return a time of which many lie within hours of a new day, month, or change of the clocks."""
    near = random.choice(
        [
            "2011-12-30T10:00:00",
            "2012-01-01T00:00:00",
            "2026-03-29T01:00:00",
            "2026-10-25T01:00:00",
            "2026-03-01T00:00:00",
        ]
    )
    time = datetime.fromisoformat(near) + timedelta(minutes=random.randrange(-2000, 2000))
    return f"{time.isoformat(timespec='milliseconds')}Z"


def random_record(random: Random, number: int) -> dict[str, Any]:
    lines: list[dict[str, Any]] = [
        {
            "sku": random.choice("abc"),
            "quantity": random.randint(1, 4),
            "price": random.choice([0, 1.25, 3.1, 0.0125, 99999999999]),
            **random.choice([{}, {"category": "fruit"}, {"category": "toys"}]),
        }
        for _ in range(random.randint(0, 4))
    ]
    total = sum((Decimal(str(line["price"])) * line["quantity"] for line in lines), Decimal(0))
    time = moment(random)
    return record(
        f"s{number}",
        created=time,
        updated=time,
        state=random.choice(["open", "closed", "closed", "cancelled"]),
        coupon=random.choice(["", "HELLO", "hello"]),
        profileId=(profile := ("ada", "bob")[number] if number < 2 else random.choice(["", "ada", "bob"])),
        firstSession=not profile or number < 2,
        cartItems=lines,
        total=float(total),
        discounts={"spring": 1} if total >= 1 and random.random() < 0.4 else {},
    )


@pytest.fixture(scope="module")
def api(shared_api: Api) -> Api:
    """A shop with 150 sessions of all states."""
    random = Random(1)  # noqa: S311  # the same data each time
    report = import_into(shared_api.shop, file(*(random_record(random, number) for number in range(150))))
    assert report.created == 150, report.problems
    for session in list(all_sessions(shared_api)):
        if session["state"] == "CLOSED" and session["cartItems"] and random.random() < 0.3:
            shared_api.shop.return_items(units(0, 1), integration_id=session["integrationId"])
    return shared_api


def all_sessions(api: Api) -> Iterator[Mapping[str, Any]]:
    after = "null"
    while True:
        page = api.data(f"{{ customerSessions(first: 50, after: {after}) {{ {SESSION} }} }}")["customerSessions"]
        yield from page["nodes"]
        if not page["pageInfo"]["hasNextPage"]:
            return
        after = f'"{page["pageInfo"]["endCursor"]}"'


Keyed = Callable[[Mapping[str, Any]], str | None]


def expected(api: Api, key: Keyed) -> dict[str | None, list[Any]]:
    """Return the sums of all sessions by a key of each."""
    found: dict[str | None, list[Any]] = defaultdict(lambda: [0, 0, *[Decimal(0)] * 4])
    for session in all_sessions(api):
        sums = found[key(session)]
        sums[0] += 1
        sums[1] += sum(line["quantity"] for line in session["cartItems"])
        for index, name in enumerate(("total", "discountTotal", "returnedTotal", "netTotal"), 2):
            sums[index] += Decimal(session[name])
    return found


def answered(rows: Any) -> dict[str | None, list[Any]]:
    amounts = ("total", "discountTotal", "returnedTotal", "netTotal")
    return {row["key"]: [row["sessions"], row["units"], *(Decimal(row[name]) for name in amounts)] for row in rows}


def beginning(zone: str, group: str) -> Keyed:
    def key(session: Mapping[str, Any]) -> str:
        local = datetime.fromisoformat(session["closed"] or session["created"]).astimezone(ZoneInfo(zone)).date()
        match group:
            case "WEEK":
                local -= timedelta(days=local.weekday())
            case "MONTH":
                local = local.replace(day=1)
            case "YEAR":
                local = local.replace(month=1, day=1)
        return local.isoformat()

    return key


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("group", ["DAY", "WEEK", "MONTH", "YEAR"])
def test_groups_of_time_are_those_of_the_time_zone(api: Api, zone: str, group: str) -> None:
    update = (
        f'mutation {{ updateApplication(input: {{applicationId: 1, timeZone: "{zone}"}}) {{ errors {{ code }} }} }}'
    )
    assert api.data(update, key="admin")["updateApplication"]["errors"] == []

    rows = statistics(api, group)

    assert answered(rows) == expected(api, beginning(zone, group))
    assert [row["key"] for row in rows] == sorted((row["key"] for row in rows), reverse=True)


@pytest.mark.parametrize(("group", "field"), [("STATE", "state"), ("COUPON", "coupon"), ("PROFILE", "profileId")])
def test_groups_of_a_column(api: Api, group: str, field: str) -> None:
    rows = statistics(api, group)

    assert answered(rows) == expected(api, lambda session: session[field])
    totals = [(-Decimal(row["total"]), row["key"] is None, row["key"]) for row in rows]
    assert totals == sorted(totals)


@pytest.mark.parametrize(("group", "field"), [("SKU", "sku"), ("CATEGORY", "category")])
def test_groups_of_lines_have_the_amounts_of_the_lines(api: Api, group: str, field: str) -> None:
    found: dict[str | None, list[Any]] = defaultdict(lambda: [set(), 0, *[Decimal(0)] * 4])
    for number, session in enumerate(all_sessions(api)):
        for line in session["cartItems"]:
            sums = found[line[field]]
            sums[0].add(number)
            sums[1] += line["quantity"]
            total, share = Decimal(line["total"]), Decimal(line["discountShare"])
            returned = sum(
                Decimal(item["amount"])
                for made in session["returns"]
                for item in made["items"]
                if item["position"] == line["position"]
            )
            for index, amount in enumerate((total, share, returned, total - share - returned), 2):
                sums[index] += amount

    assert answered(statistics(api, group)) == {key: [len(sums[0]), *sums[1:]] for key, sums in found.items()}


def test_nothing_is_one_group(api: Api) -> None:
    assert answered(statistics(api, "NOTHING")) == expected(api, lambda session: None)


def test_no_session_is_one_group_of_zero(api: Api) -> None:
    (row,) = statistics(api, "NOTHING", 'filter: {coupons: ["none"]}')
    assert row == {
        "key": None, "sessions": 0, "units": 0,
        "total": "0.00", "discountTotal": "0.00", "returnedTotal": "0.00", "netTotal": "0.00",
    }  # fmt: skip
    assert statistics(api, "MONTH", 'filter: {coupons: ["none"]}') == []


def test_a_filter_chooses_the_sessions(api: Api) -> None:
    rows = statistics(api, "STATE", 'filter: {coupons: ["HELLO"], skus: ["a", "b"], states: [CLOSED]}')
    count = '{ customerSessions(filter: {coupons: ["HELLO"], skus: ["a", "b"], states: [CLOSED]}) { totalCount } }'
    assert [row["sessions"] for row in rows] == [api.data(count)["customerSessions"]["totalCount"]]


def test_first_limits_the_groups(api: Api) -> None:
    assert statistics(api, "DAY", "first: 3") == statistics(api, "DAY")[:3]
    assert statistics(api, "DAY", "first: 0") == []
    assert api.codes("{ sessionStatistics(groupBy: DAY, first: 1001) { key } }") == ["BAD_USER_INPUT"]
    assert api.codes("{ sessionStatistics(groupBy: DAY, first: -1) { key } }") == ["BAD_USER_INPUT"]


def test_only_keys_are_grouped_where_only_they_are_selected(api: Api) -> None:
    keys = api.data("{ sessionStatistics(groupBy: STATE) { key } }")["sessionStatistics"]
    assert keys == [{"key": row["key"]} for row in statistics(api, "STATE")]
    counted = api.data("{ sessionStatistics { __typename } }")["sessionStatistics"]
    assert counted == [{"__typename": "SessionStatistics"}]


def test_statistics_are_of_one_application(api: Api) -> None:
    other = "{ sessionStatistics { sessions } }"
    assert api.data(other, key="other reader")["sessionStatistics"] == [{"sessions": 0}]
    assert api.codes("{ sessionStatistics(applicationId: 1) { sessions } }", key="other reader") == ["FORBIDDEN"]
    assert api.codes("{ sessionStatistics { sessions } }", key="admin") == ["BAD_USER_INPUT"]


def test_the_cost_is_a_hundred_and_one_for_each_group(api: Api) -> None:
    costs = {
        arguments: api.query(f"{{ sessionStatistics{arguments} {{ sessions }} }}")["extensions"]["cost"]["requested"]
        for arguments in ("", "(groupBy: DAY)", "(groupBy: DAY, first: 7)")
    }
    assert costs == {"": 101, "(groupBy: DAY)": 200, "(groupBy: DAY, first: 7)": 107}


CAMPAIGN = """mutation($name: String!, $percent: Decimal!) {
  createCampaign(input: {
    name: $name, state: ACTIVE, rules: [
      {label: $name, reward: {percentOff: {percent: $percent}}}
      {label: "more", reward: {amountOff: {amount: "1.00"}}, when: {profileIds: ["eve"]}}
    ]
  }) { campaign { id } errors { message } }
}"""
CREATE = """mutation($input: CreateSessionInput!) { createSession(input: $input) { errors { message } } }"""


def test_groups_by_campaign_have_the_discounts_of_the_campaign(serve: Callable[..., Api]) -> None:
    api = serve()
    ids = []
    for name, percent in (("ten", "10"), ("five", "5")):
        made = api.data(CAMPAIGN.replace('"more"', f'"{name} more"'), {"name": name, "percent": percent})
        assert made["createCampaign"]["errors"] == []
        ids.append(made["createCampaign"]["campaign"]["id"])
        for profile in ("eve", "bob"):
            given: dict[str, Any] = {"integrationId": f"{name} {profile}", "profileId": profile}
            given |= {"cartItems": [{"sku": "a", "quantity": 2, "price": "50.00"}]}
            assert api.data(CREATE, {"input": given})["createSession"]["errors"] == []

    rows = {row["key"]: row for row in statistics(api, "CAMPAIGN")}

    ten, five = ids
    assert set(rows) == {ten, five}
    assert [rows[ten][name] for name in ("sessions", "units", "total")] == [4, 8, "400.00"]
    # 10 % of 100.00 four times, and 1.00 more for each of eve's two sessions.
    assert rows[ten]["discountTotal"] == "42.00"
    # 5 % of what is left in the two newer sessions: of 89.00 and of 90.00. And 1.00 for eve's.
    assert rows[five]["discountTotal"] == "9.95"
    assert [rows[five][name] for name in ("sessions", "units", "total")] == [2, 4, "200.00"]
    for key, row in rows.items():
        assert api.data(f'{{ node(id: "{key}") {{ ... on Campaign {{ name }} }} }}')["node"] is not None, row
