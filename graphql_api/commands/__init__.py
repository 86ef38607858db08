"""The subcommands of ``cartograph``. Slow imports are inside functions, so that each command starts quickly."""
