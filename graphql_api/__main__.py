"""Run the command ``cartograph`` by ``python -m graphql_api``."""

import sys

from graphql_api.cli import main

sys.exit(main())
