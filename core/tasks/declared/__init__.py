"""Declarations of tasks: every module here holds ``TASK`` or ``TASKS`` and is found by ``core.tasks.registry``.

Only what is light is imported here; torch and rasterio wait until a task runs. See docs/how-to/task.md.
"""
