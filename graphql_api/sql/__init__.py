"""The compiler: a selection becomes one SQL statement, and the value of the statement is the JSON of the answer.

In the order in which a selection travels:

1. Each GraphQL type declares what its fields read (``fields``), from which table (``source``), and what a list of it
   can be filtered and ordered by (``lists``, ``filter_conditions``). The compiler knows a type by its declarations
   only.
2. ``selection`` collects the fields that a document selects. ``arguments`` makes a getter for each argument: a function
   that finds its value in a ``request``.
3. ``cost`` walks the selection and makes the formula of its cost. The limit is checked here, before anything is
   compiled.
4. ``compiler`` turns each field into SQL. Its position is a ``scope``: the row it reads, and the rows around it.
   ``compilation`` collects what the statement depends on: values that change its text go into the ``PlanKey``, others
   become parameters.
5. Pages are made by ``connections``. ``page_bounds`` selects the rows between two ``cursors``, and ``filter_strategy``
   lets the statement choose the index that reads the fewest rows. ``nodes`` reads rows by their ``global_ids``, and
   ``json_documents`` lets fields read stored JSON as if it were rows.
6. ``json_objects``, ``json_scalars`` and ``decimal_text`` write JSON in the SQL of both databases, by ``functions``.
7. ``plan`` holds the finished text. It serves every request with the same plan key; only parameters are computed anew.
"""
