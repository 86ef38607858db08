"""Entity tags, Cache-Control and compression of responses."""

import zlib
from collections.abc import Callable, Mapping

import brotli  # type: ignore[import-untyped]  # has no types
import httpx
import pytest
from api_server import Api
from hypothesis import given
from hypothesis import strategies as st
from shop import line

from graphql_api.http import compression, negotiation

PAGE = "{ customerSessions { nodes { integrationId cartItems { sku name price } } } }"
NAME = "{ viewer { keyName } }"


@pytest.fixture
def api(serve: Callable[..., Api]) -> Api:
    """An API with a session of a hundred lines, which makes a large response."""
    api = serve()
    api.shop.create("s1", cart_items=[line(f"sku-{number}", name="Name") for number in range(100)])
    return api


def get(api: Api, document: str = NAME, method: str = "GET", **headers: str) -> httpx.Response:
    """Send a query by GET. Keyword arguments are headers, such as ``if_none_match``."""
    sent = {"Authorization": f"Bearer {api.keys['reader']}", "Accept-Encoding": ""}
    sent |= {name.replace("_", "-"): value for name, value in headers.items()}
    return api.request(method, params={"query": document}, headers=sent)


def raw(api: Api, method: str, document: str, headers: Mapping[str, str]) -> tuple[Mapping[str, str], bytes]:
    """Return the headers and the encoded bytes of a response."""
    key = {"Authorization": f"Bearer {api.keys['writer']}"}
    asked = {"params": {"query": document}} if method == "GET" else {"json": {"query": document}}

    async def read() -> tuple[Mapping[str, str], bytes]:
        async with api.client.stream(method, "/graphql", headers={**key, **headers}, **asked) as response:  # type: ignore[arg-type]  # keyword arguments of httpx
            return response.headers, b"".join([each async for each in response.aiter_raw()])

    return api.runner.run(read())


def test_an_unchanged_response_is_not_sent_again(api: Api) -> None:
    first = get(api, PAGE)
    assert (first.status_code, first.headers["cache-control"]) == (200, "private, no-cache")
    again = get(api, PAGE, if_none_match=first.headers["etag"])
    assert (again.status_code, again.content) == (304, b"")
    assert {name: again.headers[name] for name in ("etag", "cache-control", "vary")} == {
        name: first.headers[name] for name in ("etag", "cache-control", "vary")
    }
    assert "content-type" not in again.headers
    api.shop.update("s1", cart_items=[line()])
    changed = get(api, PAGE, if_none_match=first.headers["etag"])
    assert changed.status_code == 200
    assert changed.headers["etag"] != first.headers["etag"]


@pytest.mark.parametrize(
    ("if_none_match", "status"),
    [("{tag}", 304), ("*", 304), ('"a", {tag}', 304), ("{strong}", 304), ('"a"', 200), ("", 200), ("{bare}", 200)],
)
def test_entity_tags_are_compared_as_in_rfc_9110(api: Api, if_none_match: str, status: int) -> None:
    tag = get(api).headers["etag"]
    strong = tag.removeprefix("W/")
    given = if_none_match.format(tag=tag, strong=strong, bare=strong.strip('"'))
    assert get(api, if_none_match=given).status_code == status


def test_a_response_is_private_to_the_caller(api: Api) -> None:
    response = get(api)
    assert {name.strip() for name in response.headers["vary"].split(",")} == {
        "accept",
        "accept-encoding",
        "authorization",
    }
    assert response.headers["cache-control"].startswith("private")


@pytest.mark.parametrize("document", ["{ nothing }", "{", '{ viewer { role } node(id: "made by hand") { id } }'])
def test_a_response_with_errors_is_not_cached(api: Api, document: str) -> None:
    response = get(api, document)
    assert response.headers["cache-control"] == "no-store"
    assert "etag" not in response.headers


@pytest.mark.parametrize(
    "document", [NAME, PAGE, "{ nothing }", "mutation { revokeKey(input: {}) { errors { code } } }"]
)
def test_head_has_the_headers_of_get_and_no_body(api: Api, document: str) -> None:
    full, head = get(api, document), get(api, document, "HEAD")
    assert head.status_code == full.status_code
    assert head.content == b""
    different = {"x-request-id"}
    assert {k: v for k, v in head.headers.items() if k not in different} == {
        k: v for k, v in full.headers.items() if k not in different
    }
    assert get(api, document, "HEAD", accept="text/html").content == b""


def test_a_response_to_post_is_not_cached(api: Api) -> None:
    headers, _ = raw(api, "POST", PAGE, {})
    assert "etag" not in headers


@pytest.mark.parametrize(
    ("accept_encoding", "coding"),
    [
        ("br", "br"),
        ("gzip, deflate, br", "br"),
        ("gzip", "gzip"),
        ("GZIP;q=1.0", "gzip"),
        ("br;q=0.5, gzip", "gzip"),
        ("*", "br"),
        ("br;q=0, *", "gzip"),
        ("", None),
        ("identity", None),
        ("deflate", None),
        ("br;q=0", None),
        ("gzip;q=0.5, identity", None),
        ("*;q=0", None),
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_large_response_is_compressed_as_the_client_prefers(
    api: Api, method: str, accept_encoding: str, coding: str | None
) -> None:
    plain_headers, plain = raw(api, method, PAGE, {"Accept-Encoding": "identity"})
    headers, content = raw(api, method, PAGE, {"Accept-Encoding": accept_encoding})
    assert headers.get("content-encoding") == coding
    assert int(headers["content-length"]) == len(content)
    assert headers.get("etag") == plain_headers.get("etag")
    if coding is None:
        assert content == plain
    else:
        assert len(content) < len(plain) / 4
        assert (brotli.decompress(content) if coding == "br" else zlib.decompress(content, 31)) == plain


def test_small_responses_and_errors_are_not_compressed(api: Api) -> None:
    for document in (NAME, "{" + " nothing" * 100 + "}"):
        headers, _ = raw(api, "POST", document, {"Accept-Encoding": "br, gzip"})
        assert "content-encoding" not in headers


def test_the_response_to_a_mutation_is_not_compressed(api: Api) -> None:
    update = """mutation { updateSession(input: {integrationId: "s1", coupon: "SPRING"}) {
      session { cartItems { sku name price } } } }"""
    headers, content = raw(api, "POST", update, {"Accept-Encoding": "br, gzip"})
    assert "content-encoding" not in headers
    assert len(content) > compression.MAX_UNCOMPRESSED_SIZE


def test_a_very_large_response_is_compressed_in_a_thread(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compression, "MAX_INLINE_SIZE", 100)
    _, plain = raw(api, "POST", PAGE, {"Accept-Encoding": "identity"})
    _, content = raw(api, "POST", PAGE, {"Accept-Encoding": "gzip"})
    assert zlib.decompress(content, 31) == plain


@given(st.text(max_size=200))
def test_any_accept_encoding_is_parsed(accept_encoding: str) -> None:
    assert negotiation.content_coding(accept_encoding) in (None, *compression.COMPRESSORS)
