"""Documents that take a server as much time as possible, by the part that repeats: each a function of the size."""

from collections.abc import Callable

Attack = Callable[[int], str]


def fragment(number: int, body: str) -> str:
    return f"fragment F{number} on Viewer{{{body}}}"


def on_wrong_filter(value: str) -> str:
    """A field whose argument has five errors, of which each prints the whole argument."""
    return f"customerSessions(filter:{{a:1 b:1 c:1 d:1 e:{value}}}){{totalCount}}"


ATTACKS: dict[str, Attack] = {
    "fields": lambda size: "{viewer{" + "role " * size + "}}",
    "unknown fields": lambda size: "{viewer{" + "rol " * size + "}}",
    "fields of all names": lambda size: "{viewer{" + "".join(f"rol{each} " for each in range(size)) + "}}",
    "unused fragments": lambda size: "{__typename}" + "".join(fragment(each, "role") for each in range(size)),
    "escaped strings": lambda size: "{nodes(ids:[" + '"\\n" ' * size + "]){i}}",
    "strings outside ASCII": lambda size: "{nodes(ids:[" + '"é" ' * size + "]){i}}",
    "block strings in a list": lambda size: "{nodes(ids:[" + '"""a""" ' * size + "]){i}}",
    "enum values": lambda size: "{customerSessions(filter:{states:[" + "OPEN " * size + "]}){i}}",
    "a fragment, again and again": lambda size: "{viewer{" + "...F0 " * size + "}}" + fragment(0, "rol"),
    "sessions and an unused variable": lambda size: (
        "query($a:Int){"
        + "".join(
            f'a{each}:customerSession(integrationId:"a"){{id state total cartItems{{sku price}}}}'
            for each in range(size)
        )
        + "}"
    ),
    "lines": lambda size: "{viewer{" + "rol\n" * size + "}}",
    "aliases": lambda size: "{" + "".join(f"a{each}:__typename " for each in range(size)) + "}",
    "aliases of one field": lambda size: "{viewer{" + "".join(f"a{each}:role " for each in range(size)) + "}}",
    "directives": lambda size: "{__typename" + "@skip(if:true)" * size + "}",
    "unknown directives": lambda size: "{__typename" + "@a" * size + "}",
    "arguments": lambda size: "{node(" + "id:1 " * size + "){id}}",
    "lists": lambda size: "{nodes(ids:[" + '"a" ' * size + "]){id}}",
    "deep lists": lambda size: "{nodes(ids:" + "[" * size + "]" * size + "){id}}",
    "deep objects": lambda size: "{nodes(ids:" + "{a:" * size + "1" + "}" * size + "){id}}",
    "deep fields": lambda size: "{" + "a{" * size + "a" + "}" * (size + 1),
    "deep inline fragments": lambda size: "{" + "...{" * size + "__typename" + "}" * (size + 1),
    "deep types": lambda size: "query($a:" + "[" * size + "Int" + "]" * size + "){__typename}",
    "comments": lambda size: "#" + "x" * 50 * size + "\n{__typename}",
    "lines of comments": lambda size: "#\n" * size + "{__typename}",
    "strings": lambda size: '{node(id:"' + "x" * 50 * size + '"){id}}',
    "escapes": lambda size: '{node(id:"' + "\\u{61}" * 5 * size + '"){id}}',
    "block strings": lambda size: '{node(id:"""' + " x\n" * 5 * size + '"""){id}}',
    "numbers": lambda size: "{customerSessions(first:" + "1" * 50 * size + "){totalCount}}",
    "names": lambda size: "{" + "x" * 50 * size + "}",
    "blanks": lambda size: "\n \t," * 10 * size + "{",
    "variables": lambda size: "query(" + "".join(f"$a{each}:Int " for each in range(size)) + "){__typename}",
    "undefined variables": lambda size: "{nodes(ids:[" + "".join(f"$a{each} " for each in range(size)) + "]){id}}",
    "operations": lambda size: "".join(f"query A{each}{{__typename}}" for each in range(size)),
    "operations on a fragment": lambda size: (
        "".join(f"query A{each}($a:ID!){{...F}}" for each in range(size))
        + "fragment F on Query{nodes(ids:["
        + "$a " * size
        + "]){id}}"
    ),
    "fragments side by side": lambda size: (
        "{viewer{"
        + "".join(f"...F{each} " for each in range(size))
        + "}}"
        + "".join(fragment(each, "role") for each in range(size))
    ),
    "fragments in a chain": lambda size: (
        "{viewer{...F0}}"
        + "".join(fragment(each, f"role ...F{each + 1}") for each in range(size))
        + fragment(size, "role")
    ),
    "fragments that double": lambda size: (
        "{viewer{...F0}}"
        + "".join(fragment(each, f"role ...F{each + 1} ...F{each + 1}") for each in range(size))
        + fragment(size, "role")
    ),
    "fragments that double under aliases": lambda size: (
        "{...F0}"
        + "".join(
            f"fragment F{each} on Query{{a:node(id:1){{...on Node{{...F{each + 1}}}}}b:node(id:1){{...F{each + 1}}}}}"
            for each in range(size)
        )
    ),
    "a circle of fragments": lambda size: (
        "{viewer{...F0}}"
        + "".join(fragment(each, f"role ...F{(each + 1) % size} ...F{(each + 7) % size}") for each in range(size))
    ),
    "fragments of themselves": lambda size: (
        "{viewer{...F0}}" + "".join(fragment(each, f"...F{each}" * 3) for each in range(size))
    ),
    "wrong input fields": lambda size: (
        "{customerSessions(filter:{" + "".join(f"a{each}:1 " for each in range(size)) + "}){totalCount}}"
    ),
    "wrong enum values": lambda size: "{customerSessions(filter:{states:[" + "OPN " * size + "]}){totalCount}}",
    "unknown types": lambda size: "query(" + "".join(f"$a{each}:A{each} " for each in range(size)) + "){__typename}",
    "fields that cannot be merged": lambda size: "{viewer{" + "a:role a:keyName " * size + "}}",
    "a variable in ten operations": lambda size: (
        "".join(f"query A{each}($a:ID!){{...F}}" for each in range(10))
        + "fragment F on Query{nodes(ids:["
        + "$a " * size
        + "]){id}}"
    ),
    "values in a wrong argument": lambda size: "{" + on_wrong_filter("[" + "1 " * size + "]") + "}",
    "deep values in a wrong argument": lambda size: "{" + on_wrong_filter("[" * 100 + "1 " * size + "]" * 100) + "}",
    "a variable in a wrong argument in ten operations": lambda size: (
        "".join(f"query A{each}($a:ID!){{...F}}" for each in range(10))
        + "fragment F on Query{"
        + on_wrong_filter("[" + "$a " * size + "]")
        + "}"
    ),
    "lines before a wrong argument": lambda size: (
        "\n" * size + "{" + on_wrong_filter("[" + "1 " * min(size, 1_900) + "]") + "}"
    ),
    "lines of a circle of fragments": lambda size: (
        "\n" * size
        + "{viewer{...F0}}"
        + "".join(fragment(each, f"...F{(each + 1) % 150}" + "...F0" * (each > 145)) for each in range(150))
    ),
    "wrong arguments": lambda size: (
        "{" + "".join(f"a{each}:viewer(a:{{b:1 c:[1]}}){{role}}" for each in range(size)) + "}"
    ),
    "lines of a cart": lambda size: (
        'mutation{createSession(input:{integrationId:"a" cartItems:['
        + '{sku:"a" quantity:1 price:"1"}' * size
        + "]}){replayed}}"
    ),
    "arguments that differ at their ends": lambda size: (
        "{" + "".join("nodes(ids:[" + '"a" ' * size + f'"{each}"' + "]){id}" for each in range(25)) + "}"
    ),
    "a type definition": lambda size: "enum A{" + "".join(f"a{each} " for each in range(size)) + "}",
    "circular introspection": lambda size: "{__schema{types" + "{fields{type" * size + "{name}" + "}}" * size + "}}",
}
