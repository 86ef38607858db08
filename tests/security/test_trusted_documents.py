"""Trusted documents: formats of manifests, and requests by ID or hash."""

import json
from collections.abc import Callable
from hashlib import md5, sha256
from pathlib import Path
from typing import Any

import httpx
import pytest
from api_server import Api
from hypothesis import given
from hypothesis import strategies as st

from graphql_api.cli import main
from graphql_api.security.document_manifest import BadManifest, read_manifest

WHO = "query Who { viewer { keyName } }"
ONE = "query One($id: String!) { customerSession(integrationId: $id) { state } }"
CREATE = "mutation Create($id: String!) { createSession(input: {integrationId: $id}) { session { state } } }"
ANSWER = "application/graphql-response+json"
WHO_ANSWER = {"viewer": {"keyName": "Writer"}}


def hash_of(document: str) -> str:
    return sha256(document.encode()).hexdigest()


def relay_id(document: str) -> str:
    return md5(document.encode(), usedforsecurity=False).hexdigest()


CODEGEN = {hash_of(each): each for each in (WHO, ONE, CREATE)}
RELAY = {relay_id(each): each for each in (WHO, ONE, CREATE)}
APOLLO = {
    "format": "apollo-persisted-query-manifest",
    "version": 1,
    "operations": [
        {"id": f"op-{number}", "name": "Any", "type": "query", "body": each}
        for number, each in enumerate((WHO, ONE, CREATE))
    ],
}

Trusting = Callable[..., Api]


@pytest.fixture
def trusting(serve: Callable[..., Api], tmp_path: Path) -> Trusting:
    """Serve the API with a manifest."""

    def served(content: object = CODEGEN, **settings: Any) -> Api:
        path = tmp_path / "manifest.json"
        path.write_text(json.dumps(content), encoding="utf-8")
        return serve(trusted_documents=path, **settings)

    return served


def post(api: Api, body: dict[str, Any]) -> httpx.Response:
    """Send a POST; the Accept header asks for status 4xx where the request is refused."""
    headers = {"Authorization": f"Bearer {api.keys['writer']}", "Accept": ANSWER}
    return api.request("POST", json=body, headers=headers)


def get(api: Api, **parameters: str) -> httpx.Response:
    """Send a GET likewise."""
    headers = {"Authorization": f"Bearer {api.keys['writer']}", "Accept": ANSWER}
    return api.request("GET", params=parameters, headers=headers)


def apollo(identifier: str) -> dict[str, Any]:
    return {"persistedQuery": {"version": 1, "sha256Hash": identifier}}


def refusal(response: httpx.Response) -> tuple[int, str]:
    """Return the status and the code of an answer with one error."""
    (error,) = response.json()["errors"]
    return response.status_code, error["extensions"]["code"]


@pytest.mark.parametrize(("content", "identifier"), [(CODEGEN, hash_of(WHO)), (RELAY, relay_id(WHO)), (APOLLO, "op-0")])
def test_document_runs_by_manifest_id_and_by_hash(trusting: Trusting, content: object, identifier: str) -> None:
    api = trusting(content)
    for name in (identifier, hash_of(WHO), f"sha256:{hash_of(WHO)}"):
        assert post(api, {"documentId": name}).json()["data"] == WHO_ANSWER
        assert get(api, documentId=name).json()["data"] == WHO_ANSWER


@pytest.mark.parametrize(("content", "identifier"), [(CODEGEN, hash_of(WHO)), (APOLLO, "op-0")])
def test_persisted_query_extension_names_a_document(trusting: Trusting, content: object, identifier: str) -> None:
    api = trusting(content)
    assert post(api, {"operationName": "Who", "extensions": apollo(identifier)}).json()["data"] == WHO_ANSWER
    assert get(api, extensions=json.dumps(apollo(identifier))).json()["data"] == WHO_ANSWER


def test_document_id_takes_variables_and_operation_name(trusting: Trusting) -> None:
    api = trusting()
    api.shop.create("s1")
    body = {"documentId": hash_of(ONE), "variables": {"id": "s1"}, "operationName": "One"}
    assert post(api, body).json()["data"] == {"customerSession": {"state": "OPEN"}}
    assert refusal(post(api, {**body, "operationName": "Two"})) == (400, "BAD_USER_INPUT")


def test_get_does_not_run_a_trusted_mutation(trusting: Trusting) -> None:
    api = trusting()
    response = get(api, documentId=hash_of(CREATE), variables='{"id": "s1"}')
    assert (response.status_code, response.headers["allow"]) == (405, "POST")
    assert post(api, {"documentId": hash_of(CREATE), "variables": {"id": "s1"}}).json()["data"] == {
        "createSession": {"session": {"state": "OPEN"}}
    }


@pytest.mark.parametrize(
    "identifier", ["", "nothing", "sha256:", f"sha256:{hash_of('{ viewer { role } }')}", "x" * 9_999]
)
def test_unknown_id_is_not_found(trusting: Trusting, identifier: str) -> None:
    api = trusting()
    assert refusal(post(api, {"documentId": identifier})) == (400, "DOCUMENT_NOT_FOUND")
    assert refusal(get(api, documentId=identifier)) == (400, "DOCUMENT_NOT_FOUND")


def test_no_id_is_found_without_a_manifest(api: Api) -> None:
    assert refusal(post(api, {"documentId": hash_of(WHO)})) == (400, "DOCUMENT_NOT_FOUND")


def test_unknown_persisted_query_is_not_registered(trusting: Trusting) -> None:
    api = trusting()
    other = "{ viewer { role } }"
    unknown = post(api, {"extensions": apollo(hash_of(other))})
    assert refusal(unknown) == (400, "DOCUMENT_NOT_FOUND")
    assert unknown.json()["errors"][0]["message"] == "PersistedQueryNotFound"

    assert post(api, {"query": other, "extensions": apollo(hash_of(other))}).json()["data"]
    assert refusal(post(api, {"extensions": apollo(hash_of(other))})) == (400, "DOCUMENT_NOT_FOUND")


def test_query_with_another_hash_is_refused(trusting: Trusting) -> None:
    assert refusal(post(trusting(), {"query": WHO, "extensions": apollo(hash_of(ONE))})) == (400, "BAD_USER_INPUT")


@pytest.mark.parametrize(
    "body",
    [
        {"query": WHO, "documentId": hash_of(WHO)},
        {"documentId": hash_of(WHO), "extensions": apollo(hash_of(WHO))},
        {"documentId": 1},
        {"documentId": [hash_of(WHO)]},
        {"documentId": None},
        {"extensions": {}},
        {"extensions": {"persistedQuery": hash_of(WHO)}},
        {"extensions": {"persistedQuery": {"version": 2, "sha256Hash": hash_of(WHO)}}},
        {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": 7}}},
        {"extensions": {"persistedQuery": {"version": 1}}},
    ],
)
def test_ambiguous_or_malformed_document_reference_is_refused(trusting: Trusting, body: dict[str, Any]) -> None:
    assert refusal(post(trusting(), body)) == (400, "BAD_USER_INPUT")


def test_mode_allow_runs_other_documents(trusting: Trusting) -> None:
    api = trusting()
    assert api.data("{ viewer { role } }") == {"viewer": {"role": "WRITER"}}
    assert api.data("{ __schema { queryType { name } } }")


@pytest.mark.parametrize("key", ["reader", "writer", "admin"])
@pytest.mark.parametrize("document", ["{ viewer { role } }", "{ __schema { queryType { name } } }", WHO, "{"])
def test_mode_only_refuses_other_documents_for_every_role(trusting: Trusting, key: str, document: str) -> None:
    api = trusting(trusted_documents_mode="only")
    assert api.codes(document, key=key) == ["FORBIDDEN"]
    with_hash = {"query": document, "extensions": apollo(hash_of(document))}
    assert refusal(post(api, with_hash)) == (400, "FORBIDDEN")
    assert post(api, {"documentId": hash_of(WHO)}).json()["data"] == WHO_ANSWER


def test_mode_only_turns_graphiql_off(trusting: Trusting) -> None:
    browser = {"Accept": "text/html", "Authorization": "Bearer none"}
    assert trusting().request("GET", headers=browser).status_code == 200
    assert trusting(trusted_documents_mode="only").request("GET", headers=browser).status_code == 406


def test_trusted_documents_are_not_evicted(trusting: Trusting, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("graphql_api.execution.documents.MAX_DOCUMENTS", 1)
    api = trusting()
    for number in range(3):
        api.data(f"{{ a{number}: viewer {{ role }} }}")
    assert post(api, {"documentId": hash_of(WHO)}).json()["data"] == WHO_ANSWER


BAD_MANIFESTS = [
    (b"", "is not JSON"),
    (b'{"a": "{ viewer { role } }"', "is not JSON"),
    (b'["{ viewer { role } }"]', "must be an object"),
    (b'{"one": "{ viewer { role } }", "two": 7}', "the document 'two' must be a string"),
    (b'{"one": "{ viewer { role }"}', "the document 'one' is invalid: Syntax Error"),
    (b'{"one": "{ viewer { rule } }"}', "the document 'one' is invalid: Cannot query field 'rule'"),
    (b'{"sha256:00": "{ viewer { role } }"}', "the document 'sha256:00' does not have that hash"),
    (b'{"format": "apollo-persisted-query-manifest", "version": 2, "operations": []}', "version 2 of"),
    (b'{"format": "apollo-persisted-query-manifest", "version": 1}', "operations must be a list"),
    (
        b'{"format": "apollo-persisted-query-manifest", "version": 1, "operations": [{"body": "{ viewer { role } }"}]}',
        "operations[0] has no id",
    ),
    (
        b'{"format": "apollo-persisted-query-manifest", "version": 1, "operations": [{"id": "one"}]}',
        "the document 'one' must be a string",
    ),
    (
        b'{"format": "apollo-persisted-query-manifest", "version": 1, "operations": '
        b'[{"id": "one", "body": "{ viewer { role } }"}, {"id": "one", "body": "{ viewer { keyName } }"}]}',
        "two documents have the id 'one'",
    ),
]


@pytest.mark.parametrize(("content", "problem"), BAD_MANIFESTS)
def test_bad_manifest_stops_startup_with_a_message_that_names_the_entry(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    content: bytes,
    problem: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "manifest.json").write_bytes(content)
    monkeypatch.setenv("CARTOGRAPH_TRUSTED_DOCUMENTS", "manifest.json")
    assert main(["serve"]) == 1
    said = capsys.readouterr().err
    assert said.startswith("manifest.json: ")
    assert problem in said
    assert said.count("\n") == 1


def test_missing_manifest_stops_startup(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CARTOGRAPH_TRUSTED_DOCUMENTS", "nowhere.json")
    assert main(["serve"]) == 1
    assert capsys.readouterr().err == (
        "nowhere.json: the manifest of trusted documents cannot be read: No such file or directory.\n"
    )


def test_trusted_introspection_stops_startup_in_mode_only(trusting: Trusting) -> None:
    content = {"schema": "{ __schema { queryType { name } } }"}
    assert post(trusting(content), {"documentId": "schema"}).json()["data"]
    with pytest.raises(BadManifest, match="the document 'schema' is invalid"):
        trusting(content, trusted_documents_mode="only")


@given(st.dictionaries(st.text().filter(lambda identifier: not identifier.startswith("sha256:")), st.text()))
def test_manifest_is_read_unchanged(tmp_path_factory: pytest.TempPathFactory, content: dict[str, str]) -> None:
    path = tmp_path_factory.getbasetemp() / "any.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    assert read_manifest(path) == content
