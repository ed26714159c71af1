"""Downloads one large file: resumable, through proxies, with its hash checked before it gets its name.

``huggingface_hub`` downloads from hubs alone and can be neither cancelled nor held to a hash of our catalogue.
"""

from __future__ import annotations

import hashlib
import http.client
import os
import shutil
import urllib.error
import urllib.request
from pathlib import Path

from core.context import Context
from core.errors import ModelError

BLOCK_BYTES = 1 << 20
TIMEOUT_S = 60
ATTEMPTS = 4
USER_AGENT = "geolangbind"


def fetch_file(url: str, target: Path, expected_hash: str, *, size: int = 0, context: Context | None = None) -> Path:
    """Download a file, resuming an earlier attempt; it gets its name only when its hash is right.

    Proxies are taken from HTTPS_PROXY, HTTP_PROXY and NO_PROXY, as everywhere.

    Args:
        url: http(s) address.
        target: path of the file; an incomplete download is beside it as ``.part``.
        expected_hash: the hash it must have: SHA-256, or the SHA-1 git gives a small file (40 digits).
        size: expected bytes, for progress and free space; 0 where unknown.
        context: reports the fraction downloaded; cancellation is checked between blocks.

    Returns:
        ``target``.

    Raises:
        ModelError: the file cannot be reached, the disk is full, or the hash is wrong (then nothing is kept).
        CancelledError: the work was cancelled; the incomplete download is kept.
    """
    context = context or Context()
    part = target.with_name(target.name + ".part")
    target.parent.mkdir(parents=True, exist_ok=True)
    for attempt in range(ATTEMPTS):
        before = _bytes_in(part)
        _refuse_full_disk(target, size - before)
        try:
            _append(url, part, size, context)
            break
        except urllib.error.HTTPError as problem:
            raise answered(url, problem.code, problem.reason) from problem
        except (OSError, http.client.HTTPException) as problem:
            # A connection that brought something may bring the rest; one that brought nothing will not.
            if attempt + 1 == ATTEMPTS or _bytes_in(part) <= before:
                raise unreachable(url, problem, _bytes_in(part)) from problem
    if not matches(part, expected_hash):
        part.unlink()
        raise ModelError(
            f"{target.name} came through damaged or changed: its hash is wrong, so it was thrown away.",
            hint="Try again; if it happens again, tell the people who run your proxy or the model's publisher.",
        )
    os.replace(part, target)
    return target


def matches(path: Path, expected_hash: str) -> bool:
    """Whether a file has a hash: SHA-256 (64 digits), or the SHA-1 git gives its content (40 digits)."""
    git = hashlib.sha1(f"blob {path.stat().st_size}\0".encode(), usedforsecurity=False)
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, lambda: git if len(expected_hash) == 40 else hashlib.sha256())
    return digest.hexdigest() == expected_hash


def answered(url: str, status: int, reason: str) -> ModelError:
    """Returns the error for an HTTP status that is none of success."""
    hints = {
        401: "The model needs an account at its publisher; fetch it by hand and import the folder.",
        403: "Access was refused; fetch it by hand and import the folder.",
        404: "Its publisher moved it; fetch it by hand and import the folder.",
        407: "Your proxy wants a name and a password: set HTTPS_PROXY to http://name:password@host:port.",
    }
    return ModelError(f"{url} answered {status} {reason}.", hint=hints.get(status, "Try again later."))


def unreachable(url: str, problem: Exception, bytes_kept: int = 0) -> ModelError:
    """Returns the error for an address that a connection could not be made to, or that ended it early.

    Args:
        url: the address.
        problem: what was raised.
        bytes_kept: size of the incomplete download, which the next attempt resumes.
    """
    reason = getattr(problem, "reason", problem)
    text = str(reason) or type(problem).__name__
    if "407" in text:
        hint = "Your proxy wants a name and a password: set HTTPS_PROXY to http://name:password@host:port."
    elif "CERTIFICATE" in text.upper():
        hint = "Your network replaces certificates: set SSL_CERT_FILE to your organisation's certificate file."
    elif bytes_kept:
        hint = f"Run it again to go on from {bytes_kept >> 20} MB."
    else:
        hint = "Check the connection and the proxy, or fetch it by hand and import the folder."
    return ModelError(f"{url} cannot be fetched: {text}.", hint=hint)


def _append(url: str, part: Path, size: int, context: Context) -> None:
    """Download the missing rest of a file; raises OSError when the connection ends early."""
    have = _bytes_in(part)
    headers = {"User-Agent": USER_AGENT, "Accept-Encoding": "identity"}
    if have:
        headers["Range"] = f"bytes={have}-"
    request = urllib.request.Request(url, headers=headers)
    try:
        response = urllib.request.build_opener().open(request, timeout=TIMEOUT_S)  # reads the proxies of now
    except urllib.error.HTTPError as problem:
        if problem.code == 416 and have:  # nothing is missing
            return
        raise
    with response:
        if have and response.status != 206:
            have = 0  # the server starts over
        expected = have + int(response.headers.get("Content-Length") or 0)
        total = max(size, expected)
        with part.open("ab" if have else "wb") as stream:
            while block := response.read(BLOCK_BYTES):
                stream.write(block)
                have += len(block)
                if total:
                    context.progress(min(have / total, 1.0), f"{part.stem}: {have >> 20} of {total >> 20} MB")
                context.raise_if_cancelled()
        if response.headers.get("Content-Length") and have < expected:
            raise ConnectionError("the connection ended early")


def _refuse_full_disk(target: Path, missing: int) -> None:
    free = shutil.disk_usage(target.parent).free
    if missing > free:
        raise ModelError(
            f"There is not enough space for {target.name}: {missing >> 20} MB are needed, {free >> 20} MB are free.",
            hint="Free some space, or set GEOLANGBIND_HOME to another disk.",
        )


def _bytes_in(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
