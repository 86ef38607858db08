"""``python -m graphql_api`` is the command ``cartograph``."""

import sys

from graphql_api.cli import main

sys.exit(main())
