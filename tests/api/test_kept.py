"""Documents are kept as long as there is room for them."""

from collections.abc import Callable

import pytest
from graphql import parse
from served import Api

from graphql_api.execution.document import Document
from graphql_api.execution.document_cache import MAX_KEPT, Kept
from graphql_api.schema import schema
from graphql_api.sql.plan import Plan


def document(number: int, characters: int = 0) -> Document:
    """One of many, of so many characters at least."""
    return Document.of(schema._schema, parse(f"{{ a{number}: viewer {{ role }} }}".ljust(characters)))


def keeping(documents: list[Document]) -> Kept:
    """What has been given these documents to keep, in this order."""
    kept = Kept()
    for each in documents:
        kept.keep(each)
    return kept


def texts(kept: Kept, documents: list[Document]) -> list[str]:
    """Those that are still kept; to ask for them is to use them."""
    return [each.text for each in documents if kept.get(each.text)]


def test_so_many_documents_are_kept_and_the_least_recently_used_go_first() -> None:
    documents = [document(number) for number in range(MAX_KEPT + 1)]
    kept = keeping(documents[:-1])
    assert kept.get(documents[0].text) is documents[0]
    kept.keep(documents[-1])
    assert texts(kept, documents[:3]) == [documents[0].text, documents[2].text]


def test_large_documents_are_fewer(monkeypatch: pytest.MonkeyPatch) -> None:
    documents = [document(number, characters=1_000) for number in range(5)]
    monkeypatch.setattr("graphql_api.execution.document_cache.MAX_WEIGHT", 3 * documents[0].weight)
    kept = keeping(documents)
    assert texts(kept, documents) == [each.text for each in documents[2:]]


def test_a_document_that_grows_takes_the_room_of_others(monkeypatch: pytest.MonkeyPatch) -> None:
    documents = [document(number, characters=1_000) for number in range(3)]
    monkeypatch.setattr("graphql_api.execution.document_cache.MAX_WEIGHT", 3 * documents[0].weight)
    kept = keeping(documents)
    grown = documents[1]
    grown.plans[0,] = [Plan("SELECT 1".ljust(documents[0].weight), ())]
    kept.weigh(grown)
    assert texts(kept, documents) == [documents[1].text, documents[2].text]
    grown.plans[1,] = [Plan("SELECT 1".ljust(5 * documents[0].weight), ())]
    kept.weigh(grown)
    assert len(kept) == 1


def test_what_has_been_forgotten_takes_no_room_however_it_grows(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = (document(number, characters=1_000) for number in range(2))
    monkeypatch.setattr("graphql_api.execution.document_cache.MAX_WEIGHT", first.weight)
    kept = keeping([first, second])
    first.plans[0,] = [Plan("SELECT 1".ljust(first.weight), ())]
    kept.weigh(first)
    assert texts(kept, [first, second]) == [second.text]


def test_a_document_has_grown_when_its_statement_has_been_made(
    serve: Callable[..., Api], monkeypatch: pytest.MonkeyPatch
) -> None:
    weights = []
    weigh = Kept.weigh

    def noting(kept: Kept, document: Document) -> None:
        weights.append(document.weight)
        weigh(kept, document)

    monkeypatch.setattr(Kept, "weigh", noting)
    serve().data('{ customerSession(integrationId: "s1") { state cartItems { sku } } }')
    before, after = weights
    assert before < after
