"""The command line, ``python -m core``: one file a command over the tasks."""
