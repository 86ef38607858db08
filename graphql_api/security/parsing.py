"""Parsing: graphql-core's parser, with what documents are mostly made of read in fewer steps.

Its lexer looks at one character at a time, and its parser asks a dozen functions for a field: twice the work. Names,
punctuators, integers, plain strings, fields and sets of them are read here; all else by graphql-core, which words the
errors too. Tokens come without line and column: nobody asks for them, and an error finds its own in the source.
"""

import re
from typing import Any, TypeVar

import orjson
from graphql import (
    DocumentNode,
    EnumValueNode,
    FieldNode,
    GraphQLSyntaxError,
    NameNode,
    Node,
    SelectionNode,
    SelectionSetNode,
    Source,
    SourceLocation,
    StringValueNode,
    Token,
    TokenKind,
    ValueNode,
)
from graphql.language.parser import Parser, nested_too_deeply_error

MAX_COMMENTS = 1_000
TOKEN = re.compile(
    r"[ \t\r\n,\ufeff]*+(?:"
    r"([!$&()\[\]:=@{|}]|\.\.\.)"
    r"|([_A-Za-z][_0-9A-Za-z]*+)"
    r"|(-?(?:0|[1-9][0-9]*+)(?![_.0-9A-Za-z]))"
    r'|("(?:[^"\\\x00-\x1f\ud800-\udfff]|\\["\\/bfnrt])*+"(?!"))'
    r'|("""[^"\\\x00-\x1f\ud800-\udfff]*+"""))'
)
PUNCTUATORS = {kind.value: kind for kind in TokenKind}
# By the group of TOKEN.
KINDS = {2: TokenKind.NAME, 3: TokenKind.INT, 4: TokenKind.STRING, 5: TokenKind.BLOCK_STRING}
# Bound here, since to find a member in its class takes as long as to compare it.
AT, BRACE_L, BRACE_R, COLON = TokenKind.AT, TokenKind.BRACE_L, TokenKind.BRACE_R, TokenKind.COLON
EOF, NAME, PAREN_L, SPREAD = TokenKind.EOF, TokenKind.NAME, TokenKind.PAREN_L, TokenKind.SPREAD
BLOCK_STRING = TokenKind.BLOCK_STRING
OTHER_VALUES = {"true", "false", "null"}
SomeNode = TypeVar("SomeNode", bound=Node)


def parse(source: str, max_tokens: int) -> DocumentNode:
    """A document of at most so many tokens, comments apart. Raises GraphQLSyntaxError."""
    parser = DocumentParser(
        Text(source), max_lexical_tokens=max_tokens, max_comments=MAX_COMMENTS, allow_empty_selection_sets=False
    )
    try:
        return parser.parse_document()
    except RecursionError:
        pass
    raise nested_too_deeply_error(parser)  # not from the RecursionError, whose frames hold the whole document


class Text(Source):
    """The text of a document, which finds the line of a place without a step for each line before."""

    def get_location(self, position: int) -> SourceLocation:
        """The line and the column of a place, from 1."""
        last = max(self.body.rfind("\n", 0, position), self.body.rfind("\r", 0, position))
        return SourceLocation(lines(self.body, position), position - last)


def lines(text: str, end: int) -> int:
    """How many lines a text has up to a place, that of the place itself being the last."""
    ends = text.count("\n", 0, end) + text.count("\r", 0, end) - text.count("\r\n", 0, end)
    return 1 + ends


def string(text: str) -> str:
    """What a string says, or a block of one line."""
    if text.startswith('"""'):
        return text[3:-3] if text[3:-3].strip(" ") else ""
    return text[1:-1] if "\\" not in text else orjson.loads(text)


def made(kind: type[SomeNode], **values: Any) -> SomeNode:
    """A node, in half the time that its own way takes: it is frozen, and sets one value by one."""
    node = object.__new__(kind)
    node.__dict__.update(values)
    return node


class DocumentParser(Parser):
    """Reads a document that has a limit of tokens."""

    _max_lexical_tokens: int

    def advance_lexer(self) -> None:
        """Go on to the next token. Raises GraphQLSyntaxError."""
        lexer = self._lexer
        last = lexer.last_token = lexer.token
        if last.next is None and (found := TOKEN.match(lexer.source.body, last.end)):
            group = found.lastindex or 0
            text = found[group]
            if group == 1:
                token = Token(PUNCTUATORS[text], found.start(1), found.end(), 0, 0)
            else:
                value = string(text) if text[0] == '"' else text
                token = Token(KINDS[group], found.start(group), found.end(), 0, 0, value)
            last.next = token
        else:
            token = lexer.lookahead()
        lexer.token = token
        if token.kind is not EOF:
            self._token_counter += 1
            if self._token_counter > self._max_lexical_tokens:
                problem = f"Document contains more than {self._max_lexical_tokens} tokens. Parsing aborted."
                raise GraphQLSyntaxError(lexer.source, token.start, problem)

    def parse_selection_set(self) -> SelectionSetNode:
        """Fields and fragments in braces."""
        self._enter_nesting()
        lexer = self._lexer
        start = self.expect_token(BRACE_L)
        selections: list[SelectionNode] = []
        while not selections or lexer.token.kind is not BRACE_R:
            selections.append(self.parse_fragment() if lexer.token.kind is SPREAD else self.parse_field())
        self.advance_lexer()
        self._nesting_depth -= 1
        return SelectionSetNode(selections=tuple(selections), loc=self.loc(start))

    def parse_field(self) -> FieldNode:
        """A field, with all that it may have."""
        lexer = self._lexer
        start = lexer.token
        name, alias = self.parse_name(), None
        if lexer.token.kind is COLON:
            self.advance_lexer()
            name, alias = self.parse_name(), name
        return made(
            FieldNode,
            alias=alias,
            name=name,
            arguments=self.parse_arguments(False) if lexer.token.kind is PAREN_L else None,
            directives=self.parse_directives(False) if lexer.token.kind is AT else None,
            selection_set=self.parse_selection_set() if lexer.token.kind is BRACE_L else None,
            loc=self.loc(start),
        )

    def parse_name(self) -> NameNode:
        """A name."""
        token = self.expect_token(NAME)
        return made(NameNode, value=token.value, loc=self.loc(token))

    def parse_string_literal(self, _is_const: bool = False) -> StringValueNode:
        """A string, or a block of one."""
        token = self._lexer.token
        self.advance_lexer()
        return made(StringValueNode, value=token.value, block=token.kind is BLOCK_STRING, loc=self.loc(token))

    def parse_named_values(self, _is_const: bool = False) -> ValueNode:
        """A value of an enum, or one of the three names that are values of their own."""
        token = self._lexer.token
        if token.value in OTHER_VALUES:
            return super().parse_named_values()
        self.advance_lexer()
        return made(EnumValueNode, value=token.value, loc=self.loc(token))
