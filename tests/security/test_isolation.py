"""Isolation: a key sees no other application, and does no more than its role permits."""

import pytest
from api_server import Api
from sample_promotions import SamplePromotions
from shop import Shop, line, units
from sqlalchemy import Connection, select

from db.domain.attribute_definition import AttributeEntity
from db.domain.lifecycle import SessionState
from db.repository.core import SESSION
from graphql_api.schema import schema


@pytest.fixture(scope="module")
def shops(shared_api: Api) -> Api:
    """Two applications that have the same: a session with a return, a profile, an attribute."""
    for application_id in (1, 2):
        shop = Shop(shared_api.runner, shared_api.database, application_id)
        shop.define(AttributeEntity.CUSTOMER_SESSION, "channel")
        shop.create("s1", SessionState.CLOSED, profile_id="ada", cart_items=[line(quantity=2)])
        shop.return_items(units(0, 1))
        shop.write(add_promotions, application_id)
    return shared_api


def add_promotions(connection: Connection, application_id: int) -> None:
    """Insert campaigns with codes and limits, and a redemption of the session."""
    promotions = SamplePromotions(connection, application_id, Shop.OPENED)
    promotions.fill()
    (session_id,) = connection.execute(select(SESSION.c.id).where(SESSION.c.application_id == application_id)).scalars()
    promotions.add_redemption(session_id, 1, Shop.OPENED)


ATTRIBUTE = "attribute-{0}-customer_session-6368616e6e656c"
IDS = ["session-{0}-{1}", "profile-{0}-616461", "event-{0}-{1}-1", "return-{0}-{1}-2", "application-{0}", ATTRIBUTE]
IDS += ["campaign-{0}-1", "limit-{0}-1", "coupon-{0}-1", "referral-{0}-9", "redemption-{0}-{1}-1"]


def id_in(shops: Api, application_id: int, form: str) -> str:
    """An id in one of the applications, whatever the number of its session."""
    document = 'query($a: Int!) { customerSession(integrationId: "s1", applicationId: $a) { id } }'
    session = shops.data(document, {"a": application_id}, "admin")["customerSession"]["id"]
    return form.format(application_id, session.rpartition("-")[2])


@pytest.mark.parametrize("key", ["reader", "writer"])
@pytest.mark.parametrize("id_", IDS)
def test_an_id_of_another_application_is_an_id_of_nothing(shops: Api, key: str, id_: str) -> None:
    document = "query($own: ID!, $other: ID!) { node(id: $other) { id } nodes(ids: [$other, $own]) { id } }"
    own, other = (id_in(shops, application_id, id_) for application_id in (1, 2))
    found = shops.data(document, {"own": own, "other": other}, key)
    assert found == {"node": None, "nodes": [None, {"id": own}]}
    assert shops.data(document, {"own": own, "other": other}, "admin")["node"] == {"id": other}


@pytest.mark.parametrize("id_", ["referral-1-1", "coupon-1-9"])
def test_id_of_a_code_of_the_other_kind_is_unknown(shops: Api, id_: str) -> None:
    assert shops.data("query($id: ID!) { node(id: $id) { id } }", {"id": id_}) == {"node": None}


READS = [
    "application(applicationId: %s) { id }",
    'customerSession(integrationId: "s1", applicationId: %s) { id }',
    'customerProfile(integrationId: "ada", applicationId: %s) { id }',
    "customerSessions(applicationId: %s) { nodes { id } }",
    "customerProfiles(applicationId: %s) { nodes { id } }",
    "attributeDefinitions(applicationId: %s) { id }",
    "campaigns(applicationId: %s) { nodes { id } }",
    "sessionStatistics(applicationId: %s) { sessions }",
    'campaign(name: "Hello", applicationId: %s) { id }',
    "coupons(applicationId: %s) { nodes { id } }",
    'coupon(code: "hello1", applicationId: %s) { id }',
    'referral(code: "hello2", applicationId: %s) { id }',
    "webhooks(applicationId: %s) { id }",
]


@pytest.mark.parametrize("field", READS)
def test_to_name_another_application_is_forbidden(shops: Api, field: str) -> None:
    assert shops.codes(f"{{ {field % 2} }}", key="reader") == ["FORBIDDEN"]
    assert shops.codes(f"{{ {field % 1} }}", key="reader") == []
    assert shops.codes(f"{{ {field % 'null'} }}", key="reader") == []


@pytest.mark.parametrize("field", READS)
def test_an_admin_key_has_to_name_the_application(shops: Api, field: str) -> None:
    assert shops.codes(f"{{ {field % 'null'} }}", key="admin") == ["BAD_USER_INPUT"]
    assert shops.codes(f"{{ {field % 2} }}", key="admin") == []
    assert shops.codes(f"{{ {field % 99} }}", key="admin") == []


def test_lists_hold_rows_of_one_application(shops: Api) -> None:
    document = """{ applications { totalCount nodes { applicationId } } customerSessions { totalCount nodes { id } }
      customerProfiles { totalCount nodes { id } } attributeDefinitions { id } viewer { application { id } }
      campaigns { totalCount } coupons { totalCount } coupon(code: "HELLO1") { id } referral(code: "HELLO2") { id }
      campaign(name: "Hello") { id redemptionHistory { nodes { id } } } }"""
    for application_id, key in ((1, "reader"), (2, "other reader")):
        assert shops.data(document, key=key) == {
            "applications": {"totalCount": 1, "nodes": [{"applicationId": application_id}]},
            "customerSessions": {"totalCount": 1, "nodes": [{"id": id_in(shops, application_id, "session-{0}-{1}")}]},
            "customerProfiles": {"totalCount": 1, "nodes": [{"id": f"profile-{application_id}-616461"}]},
            "attributeDefinitions": [{"id": ATTRIBUTE.format(application_id)}],
            "viewer": {"application": {"id": f"application-{application_id}"}},
            "campaigns": {"totalCount": 8},
            "coupons": {"totalCount": 24},
            "coupon": {"id": f"coupon-{application_id}-1"},
            "referral": {"id": f"referral-{application_id}-9"},
            "campaign": {
                "id": f"campaign-{application_id}-1",
                "redemptionHistory": {"nodes": [{"id": id_in(shops, application_id, "redemption-{0}-{1}-1")}]},
            },
        }
    everywhere = "{ applications { nodes { applicationId } } viewer { role application { id } } }"
    assert shops.data(everywhere, key="admin") == {
        "applications": {"nodes": [{"applicationId": 1}, {"applicationId": 2}]},
        "viewer": {"role": "ADMIN", "application": None},
    }


@pytest.mark.parametrize(
    ("field", "cursor"),
    [
        ('customerSession(integrationId: "s1") { events(after: $c) { nodes { id } } }', '["version",2,1]'),
        ('customerProfile(integrationId: "ada") { sessions(after: $c) { nodes { id } } }', ""),
        ("customerSessions(after: $c) { nodes { id } }", ""),
        ("customerProfiles(after: $c) { nodes { id } }", '["profile.integration_id",2,"a"]'),
        ("applications(after: $c) { nodes { id } }", '["application",2,2]'),
        ("campaigns(after: $c) { nodes { id } }", '["campaign",2,100,1]'),
        ("coupons(after: $c) { nodes { id } }", '["coupon",2,"HELLO1"]'),
        ('campaign(name: "Hello") { referrals(after: $c) { nodes { id } } }', '["referral",2,"HELLO2"]'),
    ],
)
def test_a_cursor_of_another_application_is_refused(shops: Api, field: str, cursor: str) -> None:
    text = cursor or '["-session.created",2,"2026-03-01T10:00:00.000Z",1]'
    document = f"query($c: String) {{ {field} }}"
    answer = shops.query(document, {"c": text.encode().hex()}, "reader")
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["BAD_USER_INPUT"]
    assert "another application" in answer["errors"][0]["message"]


CHANGES: dict[str, str] = {
    "createSession": '{integrationId: "new", applicationId: 2}',
    "updateSession": '{integrationId: "s1", applicationId: 2, coupon: "X"}',
    "upsertSession": '{integrationId: "s1", applicationId: 2, coupon: "X"}',
    "addCartItems": '{integrationId: "s1", applicationId: 2, items: [{sku: "x", quantity: 1, price: 1}]}',
    "updateCartItems": '{integrationId: "s1", applicationId: 2, items: [{line: {position: 0}, quantity: 7}]}',
    "removeCartItems": '{integrationId: "s1", applicationId: 2, lines: [{position: 0}]}',
    "mergeSessions": '{fromIntegrationId: "s1", intoIntegrationId: "s2", applicationId: 2}',
    "closeSession": '{integrationId: "s1", applicationId: 2}',
    "cancelSession": '{integrationId: "s1", applicationId: 2}',
    "returnItems": '{integrationId: "s1", applicationId: 2, items: [{line: {position: 0}}]}',
    "createSessionToken": '{integrationId: "s1", applicationId: 2, expiresIn: 60}',
    "updateProfile": '{integrationId: "ada", applicationId: 2, attributes: {}}',
    "createAttributeDefinition": '{applicationId: 2, entity: CART_ITEM, name: "size", type: STRING}',
    "createWebhook": '{applicationId: 2, url: "https://shop.example"}',
    "updateWebhook": '{id: "webhook-2-1", state: PAUSED}',
    "deleteWebhook": '{id: "webhook-2-1"}',
    "rotateWebhookSecret": '{id: "webhook-2-1"}',
    "updateAttributeDefinition": f'{{id: "{ATTRIBUTE.format(2)}", description: "X"}}',
    "createCampaign": '{applicationId: 2, name: "X", rules: []}',
    "updateCampaign": '{id: "campaign-2-1", notes: "X"}',
    "createCoupon": '{campaignId: "campaign-2-1", code: "X"}',
    "updateCoupon": '{id: "coupon-2-1", usageLimit: 1}',
    "generateCoupons": '{campaignId: "campaign-2-1", count: 1, batch: "X"}',
    "importCoupons": '{campaignId: "campaign-2-1", codes: ["X"], batch: "X"}',
    "endCoupons": '{campaignId: "campaign-2-1", batch: "X"}',
    "createReferral": '{campaignId: "campaign-2-1", advocateProfileId: "ada"}',
    "updateReferral": '{id: "referral-2-9", usageLimit: 1}',
}
ADMINISTERING: dict[str, str] = {
    "createApplication": '{name: "Third", currency: "EUR"}',
    "updateApplication": '{applicationId: 1, name: "X"}',
    "createKey": '{applicationId: 1, name: "X", role: ADMIN}',
    "revokeKey": '{id: "key-1-616263"}',
}


def test_no_mutation_and_no_field_that_takes_an_application_is_left_out_here() -> None:
    root = schema._schema
    assert root.query_type
    assert root.mutation_type
    assert set(root.mutation_type.fields) == {*CHANGES, *ADMINISTERING}
    takers = {name for name, field in root.query_type.fields.items() if "applicationId" in field.args}
    assert takers == {field.split("(")[0] for field in READS}


@pytest.mark.parametrize("name", CHANGES)
def test_another_application_cannot_be_changed(shops: Api, name: str) -> None:
    before = shops.all_rows()
    document = f"mutation {{ {name}(input: {CHANGES[name]}) {{ errors {{ message }} }} }}"
    assert shops.codes(document) == ["FORBIDDEN"]
    assert shops.all_rows() == before


@pytest.mark.parametrize("name", CHANGES)
def test_a_reader_changes_nothing(shops: Api, name: str) -> None:
    before = shops.all_rows()
    document = f"mutation {{ {name}(input: {CHANGES[name]}) {{ errors {{ message }} }} }}"
    assert shops.codes(document, key="other reader") == ["FORBIDDEN"]
    assert shops.all_rows() == before


@pytest.mark.parametrize("key", ["reader", "writer"])
@pytest.mark.parametrize("name", ADMINISTERING)
def test_only_an_admin_administers(shops: Api, name: str, key: str) -> None:
    before = shops.all_rows()
    document = f"mutation {{ {name}(input: {ADMINISTERING[name]}) {{ errors {{ message }} }} }}"
    assert shops.codes(document, key=key) == ["FORBIDDEN"]
    assert shops.all_rows() == before


@pytest.mark.parametrize("name", [name for name, input_ in CHANGES.items() if "applicationId" in input_])
def test_an_admin_key_has_to_name_the_application_it_changes(shops: Api, name: str) -> None:
    before = shops.all_rows()
    input_ = CHANGES[name].replace("applicationId: 2", "applicationId: null")
    document = f"mutation {{ {name}(input: {input_}) {{ errors {{ message }} }} }}"
    assert shops.codes(document, key="admin") == ["BAD_USER_INPUT"]
    assert shops.all_rows() == before


@pytest.mark.parametrize("id_", ["session-1-1", "application-1", "", "key-1-zz"])
def test_an_id_of_another_type_names_nothing_to_change(shops: Api, id_: str) -> None:
    revoke = "mutation($id: ID!) { revokeKey(input: {id: $id}) { errors { message } } }"
    define = "mutation($id: ID!) { updateAttributeDefinition(input: {id: $id}) { errors { message } } }"
    assert shops.codes(revoke, {"id": id_}, "admin") == ["BAD_USER_INPUT"]
    assert shops.codes(define, {"id": id_}, "writer") == ["BAD_USER_INPUT"]


def test_one_mutation_that_is_forbidden_leaves_those_before_it_done(api: Api) -> None:
    document = """mutation { a: upsertSession(input: {integrationId: "a"}) { created }
      b: upsertSession(input: {integrationId: "b", applicationId: 2}) { created } }"""
    answer = api.query(document)
    assert (answer["data"], [error["path"] for error in answer["errors"]]) == (None, [["b"]])
    assert api.data('{ customerSession(integrationId: "a") { version } }') == {"customerSession": {"version": 1}}
