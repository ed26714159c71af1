"""Fetching a file survives bad networks and bad servers; what a hub publishes of a file is read from its headers."""

from __future__ import annotations

import hashlib
import random

import pytest
from publisher import serving

from core.context import Context
from core.errors import CancelledError, ModelError
from core.model.download import fetch_file
from core.model.hub import PublishedFile, published_file
from core.progress import CancelToken


@pytest.fixture
def content():
    return random.Random(0).randbytes(3_000_000)


@pytest.fixture
def sha256(content):
    return hashlib.sha256(content).hexdigest()


def test_a_file_arrives_whole(publisher, tmp_path, content, sha256):
    publisher.files["/file"] = content
    fractions = []
    context = Context(progress=lambda part, _: fractions.append(part))
    target = fetch_file(f"{publisher.address}/file", tmp_path / "file", sha256, context=context)
    assert target.read_bytes() == content
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["file"]


def test_an_interrupted_fetch_goes_on_where_it_stopped(publisher, tmp_path, content, sha256):
    publisher.files["/file"] = content
    publisher.cut_after = [1_000_000, 500_000]
    fetch_file(f"{publisher.address}/file", tmp_path / "file", sha256)
    assert (tmp_path / "file").read_bytes() == content
    assert [wanted for _, _, wanted in publisher.requests] == [None, "bytes=1000000-", "bytes=1500000-"]


def test_a_fetch_that_was_given_up_goes_on_the_next_time(publisher, tmp_path, content, sha256):
    publisher.files["/file"] = content
    publisher.cut_after = [1_000_000, 0]
    with pytest.raises(ModelError, match="Run it again to go on"):
        fetch_file(f"{publisher.address}/file", tmp_path / "file", sha256)
    assert not (tmp_path / "file").exists()
    fetch_file(f"{publisher.address}/file", tmp_path / "file", sha256)
    assert (tmp_path / "file").read_bytes() == content
    assert publisher.requests[-1][2] == "bytes=1000000-"


def test_a_server_without_ranges_starts_over(publisher, tmp_path, content, sha256):
    publisher.files["/file"] = content
    publisher.ignore_ranges = True
    (tmp_path / "file.part").write_bytes(b"something else that came before")
    fetch_file(f"{publisher.address}/file", tmp_path / "file", sha256)
    assert (tmp_path / "file").read_bytes() == content


def test_a_part_that_is_already_complete_is_only_checked(publisher, tmp_path, content, sha256):
    publisher.files["/file"] = content
    (tmp_path / "file.part").write_bytes(content)
    fetch_file(f"{publisher.address}/file", tmp_path / "file", sha256)
    assert (tmp_path / "file").read_bytes() == content


def test_a_wrong_hash_leaves_nothing(publisher, tmp_path, content):
    publisher.files["/file"] = content
    with pytest.raises(ModelError, match="hash is wrong"):
        fetch_file(f"{publisher.address}/file", tmp_path / "file", "0" * 64)
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == []


def test_a_small_file_is_checked_by_the_hash_git_gives_it(publisher, tmp_path):
    publisher.files["/file"] = b"hello\n"
    fetch_file(f"{publisher.address}/file", tmp_path / "file", "ce013625030ba8dba906f756967f9e9ca394464a")
    with pytest.raises(ModelError, match="hash is wrong"):
        fetch_file(f"{publisher.address}/file", tmp_path / "other", "0" * 40)


def test_a_cancelled_fetch_keeps_what_has_come(publisher, tmp_path, content, sha256):
    publisher.files["/file"] = content
    token = CancelToken()
    context = Context(lambda fraction, _: token.cancel() if fraction > 0.3 else None, token)
    with pytest.raises(CancelledError):
        fetch_file(f"{publisher.address}/file", tmp_path / "file", sha256, context=context)
    assert 0 < (tmp_path / "file.part").stat().st_size < len(content)
    fetch_file(f"{publisher.address}/file", tmp_path / "file", sha256)
    assert (tmp_path / "file").read_bytes() == content


def test_the_proxy_of_the_environment_is_used(publisher, tmp_path, content, sha256, monkeypatch):
    with serving() as origin:
        origin.files["/file"] = content
        monkeypatch.setenv("http_proxy", publisher.address)
        fetch_file(f"{origin.address}/file", tmp_path / "file", sha256)
    assert (tmp_path / "file").read_bytes() == content
    assert publisher.requests == [("GET", f"{origin.address}/file", None)]


def test_an_unreachable_server_and_a_missing_file_say_what_to_do(publisher, tmp_path):
    with pytest.raises(ModelError, match=r"answered 404.*import the folder"):
        fetch_file(f"{publisher.address}/nothing", tmp_path / "file", "0" * 64)
    with pytest.raises(ModelError, match=r"cannot be fetched.*proxy"):
        fetch_file("http://127.0.0.1:9/file", tmp_path / "file", "0" * 64)


def test_a_full_disk_is_noticed_before_fetching(publisher, tmp_path):
    with pytest.raises(ModelError, match="not enough space"):
        fetch_file(f"{publisher.address}/file", tmp_path / "file", "0" * 64, size=10**18)
    assert publisher.requests == []


def test_a_hub_is_asked_for_hash_size_and_commit(publisher):
    publisher.files["/owner/small/resolve/main/weights"] = b"12345"
    known = hashlib.sha256(b"12345").hexdigest()
    assert published_file(f"{publisher.address}/owner/small/resolve/main/weights") == PublishedFile(known, 5, "c0ffee")


def test_a_renamed_repository_is_followed_to_its_new_place(publisher):
    publisher.files["/owner/new/resolve/main/weights"] = b"12345"
    publisher.moved["/owner/old/resolve/main/weights"] = "/owner/new/resolve/main/weights"
    assert published_file(f"{publisher.address}/owner/old/resolve/main/weights").size == 5


def test_a_hub_that_is_not_there_or_does_not_have_the_file_says_what_to_do(publisher):
    with pytest.raises(ModelError, match=r"answered 404.*import the folder"):
        published_file(f"{publisher.address}/owner/small/resolve/main/nothing")
    with pytest.raises(ModelError, match=r"cannot be fetched.*proxy"):
        published_file("http://127.0.0.1:9/owner/small/resolve/main/weights")
