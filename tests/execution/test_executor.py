"""The executor of mutations."""

import gc

from api_server import Api

from graphql_api.execution.executor import JsonExecutor

CREATE = 'mutation { createSession(input: {integrationId: "s1"}) { session { version } } }'


def test_executor_is_freed_without_garbage_collection(api: Api) -> None:
    gc.collect()  # those of tests before
    gc.disable()
    try:
        assert api.data(CREATE) == {"createSession": {"session": {"version": 1}}}
        assert not [each for each in gc.get_objects() if type(each) is JsonExecutor]
    finally:
        gc.enable()
