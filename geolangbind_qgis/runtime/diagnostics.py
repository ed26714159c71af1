"""Diagnostics report: technical facts without names of files, layers or people."""

from __future__ import annotations

import getpass
import platform
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from .manifest import Manifest
from .proxies import without_secrets

_LOG_LINES = 30


def diagnostics_report(
    versions: Mapping[str, str],
    *,
    environment: Manifest | None = None,
    environment_folder: Path | None = None,
    runtime_facts: Mapping[str, object] | None = None,
    recent_errors: Iterable[str] = (),
    layer_facts: Mapping[str, object] | None = None,
    stalls: Iterable[str] = (),
    log_tail: str = "",
) -> str:
    """Returns the report as Markdown.

    Args:
        versions: of QGIS, Qt, the plugin and so on, by name.
        environment: manifest of the runtime environment; None where there is none.
        environment_folder: where it is.
        runtime_facts: what the runtime reported at its start.
        recent_errors: latest first or last, as they come.
        layer_facts: of the active layer: provider, CRS, size, bands, data types. Addresses lose their secrets.
        stalls: what held QGIS's window up during the last run, the longest first.
        log_tail: the end of the runtime's log.
    """
    facts = dict(runtime_facts or {})
    device = facts.get("device")
    parts = [
        "## GeoLangBind diagnostics",
        _table({"System": f"{platform.system()} {platform.release()} ({platform.machine()})", **versions}),
        "### Runtime environment",
        _environment_table(environment, environment_folder),
        "### Running now",
        _table({"Device": device.get("label", "?")} if isinstance(device, Mapping) else {}, "not running"),
        "### Layer",
        _table(layer_facts or {}, "none"),
        "### Longest waits of QGIS's window in the last run",
        "\n".join(f"- {line}" for line in stalls) or "none",
        "### Latest errors",
        "\n".join(f"- {line}" for line in recent_errors) or "none",
    ]
    if log_tail:
        parts += ["### End of the log", "```", "\n".join(log_tail.splitlines()[-_LOG_LINES:]), "```"]
    return private("\n\n".join(parts)) + "\n"


def private(text: str) -> str:
    """Returns the text with ``~`` for the home directory and without user names, passwords and tokens."""
    text = without_secrets(text)
    home = str(Path.home())
    if len(home) > 1:
        for spelling in (home, home.replace("\\", "/"), home.replace("\\", "\\\\")):
            text = re.sub(re.escape(spelling) + r"(?![\w-])", "~", text)
    text = re.sub(r"(?i)([/\\](?:home|users)[/\\]+)[^/\\\s:]+", r"\1<user>", text)
    try:
        user = getpass.getuser()
    except (KeyError, OSError, ImportError):
        return text
    return re.sub(rf"(?<![\w-]){re.escape(user)}(?=@)", "<user>", text) if user else text


def _environment_table(environment: Manifest | None, folder: Path | None) -> str:
    if environment is None:
        return "not set up"
    made_by = "the plugin" if environment.managed else "the user"
    rows = {"Folder": str(folder or "?"), "Made by": made_by, "Python": f"{environment.python_version}"}
    rows["Interpreter"] = environment.python
    rows["Device in the self-test"] = environment.device
    if environment.note:
        rows["Note"] = environment.note
    return _table({**rows, **environment.versions})


def _table(rows: Mapping[str, object], nothing: str = "none") -> str:
    if not rows:
        return nothing
    lines = [f"| {key} | {str(value).replace('|', '/')} |" for key, value in rows.items()]
    return "\n".join(["| | |", "|---|---|", *lines])
