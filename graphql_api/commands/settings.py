"""cartograph settings."""

from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import typer

NAMES = {"bool": "true or false", "int": "whole number", "float": "number", "Path": "path", "tuple": "list"}


def settings() -> None:
    """Print every setting with its type, its default and its meaning, as a Markdown table."""
    from graphql_api.settings import PREFIX, Settings

    typer.echo("| Setting | Type | Default | Meaning |\n|---|---|---|---|")
    for name, field in Settings.model_fields.items():
        value = str(field.default).lower() if isinstance(field.default, bool) else field.default
        default = "" if value in (None, ()) else f"`{value}`"
        typer.echo(f"| `{PREFIX}{name.upper()}` | {type_name(field.annotation)} | {default} | {field.description} |")


def type_name(annotation: Any) -> str:
    """Return the type of a setting in words."""
    origin = get_origin(annotation)
    if origin is Literal:
        return ", ".join(f"`{value}`" for value in get_args(annotation))
    if origin is Annotated:
        return type_name(get_args(annotation)[0])
    if origin in (Union, UnionType):
        return " or ".join(type_name(each) for each in get_args(annotation) if each is not type(None))
    return NAMES.get(getattr(origin or annotation, "__name__", ""), "text")
