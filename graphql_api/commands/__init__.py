"""The commands of ``cartograph``. What a command does not need it does not import, so that each starts quickly."""
