"""Size and hash of files on a Hugging Face hub, and the path of its cache.

``huggingface_hub`` knows the hub's headers, redirects of renamed repositories and variables of the environment. It does
not fetch the files: a download there can be neither cancelled nor checked against a hash that our catalogue names.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from core.model.download import USER_AGENT, answered, unreachable


@dataclass(frozen=True)
class PublishedFile:
    """A file as its publisher describes it.

    Attributes:
        hash: SHA-256 of a large file, git's SHA-1 of a small one; "" where the hub gives none.
        size: bytes; 0 where unknown.
        commit: of the repository; "" where unknown.
    """

    hash: str
    size: int = 0
    commit: str = ""


def published_file(url: str) -> PublishedFile:
    """Ask a hub about a file.

    Raises:
        ModelError: the hub cannot be reached, or does not answer for this file.
    """
    from huggingface_hub import get_hf_file_metadata
    from huggingface_hub.errors import HfHubHTTPError

    try:
        found = get_hf_file_metadata(url, library_name=USER_AGENT)
    except HfHubHTTPError as problem:
        raise answered(url, problem.response.status_code, problem.response.reason_phrase) from problem
    except Exception as problem:  # the transport's own errors, which differ between releases (requests, httpx)
        raise unreachable(url, problem) from problem
    tag = found.etag or ""
    known = tag if len(tag) in (40, 64) and all(letter in "0123456789abcdef" for letter in tag) else ""
    return PublishedFile(known, found.size or 0, found.commit_hash or "")


def cached_snapshots(repository: str) -> Path:
    """Returns the folder of a repository's snapshots in the cache of the hub; it need not exist."""
    from huggingface_hub import constants
    from huggingface_hub.file_download import repo_folder_name

    return Path(constants.HF_HUB_CACHE) / repo_folder_name(repo_id=repository, repo_type="model") / "snapshots"
