"""The size of a page: ``first``, ``last`` or the default."""

from collections.abc import Mapping
from dataclasses import dataclass

from graphql_api.errors import BadUserInput
from graphql_api.sql.arguments import absent
from graphql_api.sql.plan_key import HasValue, PlanKey
from graphql_api.sql.request import Getter, Request


@dataclass(frozen=True, slots=True)
class PageSize:
    """Read the size of a page from the argument of this name."""

    name: str
    of: Getter

    def __call__(self, request: Request) -> int:
        """Return the size. Raises BadUserInput where it is out of range."""
        asked, most = self.of(request), request.limits.max_page_size
        if asked is None:
            return request.limits.default_page_size
        if not 0 <= asked <= most:
            raise BadUserInput(f"{self.name} is from 0 to {most}; got {asked}.")
        return int(asked)


def reads_backward(arguments: Mapping[str, Getter], key: PlanKey) -> bool:
    """Return whether a page is read from the end: whether ``last`` has a value."""
    return bool(key.value(HasValue(arguments.get("last", absent))))


def page_size(arguments: Mapping[str, Getter], key: PlanKey) -> PageSize:
    """Return the getter of a page's size."""
    name = "last" if reads_backward(arguments, key) else "first"
    return PageSize(name, arguments[name])
