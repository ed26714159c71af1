"""What pip's output means to somebody who has never heard of pip."""

from __future__ import annotations

import re

from .proxies import without_secrets
from .setup_error import SetupError

_OFFLINE = "Or install from a folder of wheels that was filled on another computer (pip download)."

_MISSING = r"(?:no matching distribution(?:s available for your environment:| found for)|cannot install)\s+([\w.-]+)"
"""pip names a package that it cannot find in one of three ways, by its version and by whether a lock names it too."""

_CAUSES: tuple[tuple[str, str, str, str], ...] = (
    (
        r"no space left on device|errno 28\b|not enough space on the disk|disk quota exceeded",
        "space",
        "The disk is full.",
        "Free some space or choose a folder on another disk, then start again.",
    ),
    (
        r"do not match the hashes|hash mismatch|hashes are required",
        "package",
        "A downloaded package is not the one that was published, and was refused.",
        "Try again; if it happens again, your network may be changing downloads.",
    ),
    (
        r"407 |proxy authentication|tunnel connection failed|cannot connect to proxy|proxyerror",
        "proxy",
        "The proxy refused the connection.",
        "Check address, user and password of the proxy in QGIS: Settings, Options, Network.",
    ),
    (
        r"certificate_verify_failed|sslerror|ssl: |self.signed certificate",
        "network",
        "The server's certificate is not trusted, as happens behind firewalls that open encrypted traffic.",
        f"Ask for your organisation's CA file and name it in the set-up. {_OFFLINE}",
    ),
    (
        r"name resolution|name or service not known|getaddrinfo failed|failed to establish a new connection"
        r"|network is unreachable|connection refused|connectionreseterror|read timed out|connecttimeout"
        r"|connection aborted|incompleteread|remotedisconnected|max retries exceeded",
        "network",
        "The package registry cannot be reached.",
        f"Check the network and QGIS's proxy settings, then try again. {_OFFLINE}",
    ),
    (
        r"permission denied|errno 13\b|access is denied|winerror 5\b|read-only file system",
        "rights",
        "The folder of the runtime cannot be written to.",
        "Choose a folder that you may write to; on Windows an antivirus program may hold it: allow it there.",
    ),
    (
        r"memoryerror|cannot allocate memory",
        "setup",
        "The computer ran out of memory during the installation.",
        "Close other programs and try again.",
    ),
)


def explain_pip(output: str, *, offline: bool = False) -> SetupError:
    """Give the error for what pip printed before it gave up."""
    lower = output.lower()
    missing = re.search(_MISSING, lower)
    if missing and offline:
        return SetupError(
            f"The folder of wheels lacks {missing.group(1)}.",
            "Fill it on a computer with the same system and Python: pip download -r runtime.txt -c runtime.lock",
            code="package",
        )
    for pattern, code, message, hint in _CAUSES:
        if re.search(pattern, lower):
            return SetupError(message, hint, code=code)
    if missing:
        return SetupError(
            f"The package registry has no {missing.group(1)} for this system and Python version.",
            "Name another Python (3.11 to 3.13), or check that your registry mirror is complete.",
            code="package",
        )
    errors = [line.strip() for line in output.splitlines() if line.strip().lower().startswith("error")]
    last = without_secrets(errors[-1])[:300] if errors else "no reason was given"
    return SetupError(f"The installation failed: {last}.", "See the set-up log for the details.", code="setup")
