"""How a read travels: a selection becomes one SQL statement, and the statement's value is the answer's JSON.

``fields`` is what a type says beside its fields; ``compiler`` turns a selection into a statement; ``plans`` keeps the
statements and runs them. ``json_text`` knows how each database writes JSON.
"""
