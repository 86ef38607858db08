"""The document cache evicts the least recently used, by count and by bytes."""

from collections.abc import Callable

import pytest
from api_server import Api
from graphql import parse

from graphql_api.execution.document import Document
from graphql_api.execution.documents import MAX_DOCUMENTS, DocumentCache
from graphql_api.schema import schema
from graphql_api.sql.plan import CostFormula, Plan


def new_document(number: int, characters: int = 0) -> Document:
    """Return a document of at least so many characters."""
    return Document.of(schema._schema, parse(f"{{ a{number}: viewer {{ role }} }}".ljust(characters)))


def plan(statement: str) -> Plan:
    """Return a plan without parameters."""
    return Plan(statement, (), CostFormula((), 1, (), sweeps=False))


def filled_cache(documents: list[Document]) -> DocumentCache:
    """Return a cache to which the documents were added in this order."""
    cache = DocumentCache()
    for each in documents:
        cache.add(each)
    return cache


def cached_texts(cache: DocumentCache, documents: list[Document]) -> list[str]:
    """Return the texts of those that are still cached, each of which becomes the most recently used."""
    return [each.text for each in documents if cache.get(each.text)]


def test_least_recently_used_document_is_evicted_first() -> None:
    documents = [new_document(number) for number in range(MAX_DOCUMENTS + 1)]
    cache = filled_cache(documents[:-1])
    assert cache.get(documents[0].text) is documents[0]
    cache.add(documents[-1])
    assert cached_texts(cache, documents[:3]) == [documents[0].text, documents[2].text]


def test_cache_is_bounded_by_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    documents = [new_document(number, characters=1_000) for number in range(5)]
    monkeypatch.setattr("graphql_api.execution.documents.MAX_BYTES", 3 * documents[0].size)
    cache = filled_cache(documents)
    assert cached_texts(cache, documents) == [each.text for each in documents[2:]]


def test_growth_of_a_document_evicts_others(monkeypatch: pytest.MonkeyPatch) -> None:
    documents = [new_document(number, characters=1_000) for number in range(3)]
    monkeypatch.setattr("graphql_api.execution.documents.MAX_BYTES", 3 * documents[0].size)
    cache = filled_cache(documents)
    growing = documents[1]
    growing.plans[0,] = [plan("SELECT 1".ljust(documents[0].size))]
    cache.update_size(growing)
    assert cached_texts(cache, documents) == [documents[1].text, documents[2].text]
    growing.plans[1,] = [plan("SELECT 1".ljust(5 * documents[0].size))]
    cache.update_size(growing)
    assert len(cache) == 1


def test_growth_of_an_evicted_document_evicts_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = (new_document(number, characters=1_000) for number in range(2))
    monkeypatch.setattr("graphql_api.execution.documents.MAX_BYTES", first.size)
    cache = filled_cache([first, second])
    first.plans[0,] = [plan("SELECT 1".ljust(first.size))]
    cache.update_size(first)
    assert cached_texts(cache, [first, second]) == [second.text]


def test_size_is_updated_when_a_statement_has_been_compiled(
    serve: Callable[..., Api], monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes = []
    update_size = DocumentCache.update_size

    def recording_update_size(cache: DocumentCache, document: Document) -> None:
        sizes.append(document.size)
        update_size(cache, document)

    monkeypatch.setattr(DocumentCache, "update_size", recording_update_size)
    serve().data('{ customerSession(integrationId: "s1") { state cartItems { sku } } }')
    before, after = sizes
    assert before < after
