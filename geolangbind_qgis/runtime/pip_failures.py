"""Explanations of pip's errors."""

from __future__ import annotations

import re

from .proxies import without_secrets
from .python_places import version_range
from .setup_error import SetupError
from .translation import tr

_MISSING = r"(?:no matching distribution(?:s available for your environment:| found for)|cannot install)\s+([\w.-]+)"
"""pip names a package that it cannot find in one of three ways, by its version and by whether a lock names it too."""


def _causes() -> tuple[tuple[str, str, str, str], ...]:
    """Pip failures: pattern in the output, error code, message and hint."""
    offline = tr("Or install from a folder of wheels that was filled on another computer (pip download).")
    return (
        (
            r"no space left on device|errno 28\b|not enough space on the disk|disk quota exceeded",
            "space",
            tr("The disk is full."),
            tr("Free some space or choose a folder on another disk, then start again."),
        ),
        (
            r"do not match the hashes|hash mismatch|hashes are required",
            "package",
            tr("A downloaded package is not the one that was published, and was refused."),
            tr("Try again; if it happens again, your network may be changing downloads."),
        ),
        (
            r"407 |proxy authentication|tunnel connection failed|cannot connect to proxy|proxyerror",
            "proxy",
            tr("The proxy refused the connection."),
            tr("Check address, user and password of the proxy in QGIS: Settings, Options, Network."),
        ),
        (
            r"certificate_verify_failed|sslerror|ssl: |self.signed certificate",
            "network",
            tr("The server's certificate is not trusted, as happens behind firewalls that open encrypted traffic."),
            tr("Ask for your organisation's CA file and name it in the set-up.") + " " + offline,
        ),
        (
            r"name resolution|name or service not known|getaddrinfo failed|failed to establish a new connection"
            r"|network is unreachable|connection refused|connectionreseterror|read timed out|connecttimeout"
            r"|connection aborted|incompleteread|remotedisconnected|max retries exceeded",
            "network",
            tr("The package registry cannot be reached."),
            tr("Check the network and QGIS's proxy settings, then try again.") + " " + offline,
        ),
        (
            r"permission denied|errno 13\b|access is denied|winerror 5\b|read-only file system",
            "rights",
            tr("The folder of the runtime cannot be written to."),
            tr("Choose a folder that you may write to; on Windows an antivirus program may hold it: allow it there."),
        ),
        (
            r"memoryerror|cannot allocate memory",
            "setup",
            tr("The computer ran out of memory during the installation."),
            tr("Close other programs and try again."),
        ),
    )


def explain_pip(output: str, *, offline: bool = False) -> SetupError:
    """Returns the error for pip's output."""
    lower = output.lower()
    missing = re.search(_MISSING, lower)
    if missing and offline:
        return SetupError(
            tr("The folder of wheels lacks {0}.").format(missing.group(1)),
            tr("Fill it on a computer with the same system and Python: pip download -r runtime.txt -c runtime.lock"),
            code="package",
        )
    for pattern, code, message, hint in _causes():
        if re.search(pattern, lower):
            return SetupError(message, hint, code=code)
    if missing:
        return SetupError(
            tr("The package registry has no {0} for this system and Python version.").format(missing.group(1)),
            tr("Name another Python ({0}), or check that your registry mirror is complete.").format(version_range()),
            code="package",
        )
    errors = [line.strip() for line in output.splitlines() if line.strip().lower().startswith("error")]
    last = without_secrets(errors[-1])[:300] if errors else tr("no reason was given")
    return SetupError(
        tr("The installation failed: {0}.").format(last), tr("See the set-up log for the details."), code="setup"
    )
