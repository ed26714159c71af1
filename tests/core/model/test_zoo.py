"""Models are listed, fetched, imported, checked and loaded by name; fetching survives bad networks and bad servers."""

from __future__ import annotations

import hashlib
import json
import random
import shutil
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.request import ProxyHandler, build_opener

import pytest
import torch

from core.errors import CancelledError, ModelError, UsageError
from core.model import cards, create_model, load_model, zoo
from core.model.download import fetch_file
from core.model.selftest import UNRELATED_PROMPTS
from core.model.weight_files import save_model, save_weights
from core.progress import CancelToken


class Publisher(ThreadingHTTPServer):
    """A model hub on localhost that can misbehave.

    Attributes:
        files: content by path.
        requests: (method, path, Range header) of everything asked for.
        cut_after: bytes after which the next answers break off; one entry is used up per answer.
        ignore_ranges: whether to always send whole files, as some servers do.
    """

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), PublisherHandler)
        self.files: dict[str, bytes] = {}
        self.requests: list[tuple[str, str, str | None]] = []
        self.cut_after: list[int] = []
        self.ignore_ranges = False
        self.address = f"http://127.0.0.1:{self.server_address[1]}"


class PublisherHandler(BaseHTTPRequestHandler):
    server: Publisher

    def do_HEAD(self):
        self.answer(body=False)

    def do_GET(self):
        self.answer(body=True)

    def answer(self, body: bool):
        wanted = self.headers.get("Range")
        self.server.requests.append((self.command, self.path, wanted))
        if self.path.startswith("http://"):  # asked as a proxy
            with build_opener(ProxyHandler({})).open(self.path) as response:
                content, start = response.read(), 0
        elif self.path not in self.server.files:
            self.send_error(404)
            return
        else:
            content = self.server.files[self.path]
            start = int(wanted.removeprefix("bytes=").split("-")[0]) if wanted and not self.server.ignore_ranges else 0
        if start >= len(content) > 0:
            self.send_error(416)
            return
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(content) - start))
        self.send_header("X-Linked-ETag", f'"{hashlib.sha256(content).hexdigest()}"')
        self.send_header("X-Repo-Commit", "c0ffee")
        self.end_headers()
        if body:
            cut = self.server.cut_after.pop(0) if self.server.cut_after else len(content)
            self.wfile.write(content[start : start + cut])

    def log_message(self, *_):
        pass


@pytest.fixture
def publisher(monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    server = Publisher()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def content():
    return random.Random(0).randbytes(3_000_000)


@pytest.fixture
def sha256(content):
    return hashlib.sha256(content).hexdigest()


@pytest.fixture
def published(publisher, tmp_path, monkeypatch, golden_checkpoint, golden_config):
    """A catalogue with one published model that lies on the localhost hub."""
    weights = golden_checkpoint.read_bytes()
    publisher.files["/owner/small/resolve/main/open_clip_model.safetensors"] = weights
    resources = tmp_path / "resources"
    resources.mkdir()
    (resources / "small.json").write_text(json.dumps(golden_config))
    (resources / "models.toml").write_text(
        f"""
        [models.small]
        title = "A small published model"
        licence = "CC-BY-NC-4.0"
        licence_text = "Not for sale."
        must_accept = true
        address = "{publisher.address}/owner/small"
        config = "small.json"
        sensors = ["aerial_rgb"]
        files = [{{ name = "open_clip_model.safetensors", size = {len(weights)} }}]
        """
    )
    for module in (cards, zoo):
        monkeypatch.setattr(module, "RESOURCES", resources)
    monkeypatch.setattr(cards, "CATALOGUE", resources / "models.toml")
    return publisher


# ── fetching one file ────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_file_arrives_whole(publisher, tmp_path, content, sha256):
    publisher.files["/file"] = content
    fractions = []
    target = fetch_file(
        f"{publisher.address}/file", tmp_path / "file", sha256, progress=lambda part, _: fractions.append(part)
    )
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
    with pytest.raises(CancelledError):
        fetch_file(
            f"{publisher.address}/file",
            tmp_path / "file",
            sha256,
            progress=lambda fraction, _: token.cancel() if fraction > 0.3 else None,
            cancel=token,
        )
    assert 0 < (tmp_path / "file.part").stat().st_size < len(content)
    fetch_file(f"{publisher.address}/file", tmp_path / "file", sha256)
    assert (tmp_path / "file").read_bytes() == content


def test_the_proxy_of_the_environment_is_used(publisher, tmp_path, content, sha256, monkeypatch):
    origin = Publisher()
    thread = threading.Thread(target=origin.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        origin.files["/file"] = content
        monkeypatch.setenv("http_proxy", publisher.address)
        fetch_file(f"{origin.address}/file", tmp_path / "file", sha256)
    finally:
        origin.shutdown()
        thread.join()
        origin.server_close()
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


# ── fetching a model ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_model_is_fetched_after_its_licence_is_accepted(published):
    shown = []

    def accept(card):
        shown.append((card.licence, card.licence_text))
        return True

    card = zoo.fetch_model("small", accept_licence=accept)
    assert shown == [("CC-BY-NC-4.0", "Not for sale.")]
    assert card.available
    assert card.source == "published"
    model = load_model("small", device="cpu")
    assert model.card is not None
    assert model.card.licence == "CC-BY-NC-4.0"
    assert model.card.revision == "c0ffee"
    assert zoo.check_model("small").sound


@pytest.mark.parametrize("answer", [False, lambda card: False])
def test_nothing_is_fetched_while_the_licence_is_not_accepted(published, answer):
    with pytest.raises(ModelError, match=r"CC-BY-NC-4\.0.*--accept-licence"):
        zoo.fetch_model("small", accept_licence=answer)
    assert published.requests == []


def test_a_fetched_model_is_not_fetched_again(published):
    zoo.fetch_model("small", accept_licence=True)
    before = len(published.requests)
    zoo.fetch_model("small", accept_licence=True)
    assert len(published.requests) == before


def test_an_interrupted_model_is_not_listed_as_available(published):
    published.cut_after = [1000, 0]
    with pytest.raises(ModelError, match="Run it again"):
        zoo.fetch_model("small", accept_licence=True)
    assert not zoo.get_card("small").available
    zoo.fetch_model("small", accept_licence=True)
    assert zoo.get_card("small").available


def test_a_model_without_any_hash_is_not_installed(published, monkeypatch):
    monkeypatch.setattr(zoo, "published_hash", lambda url: ("", 0, ""))
    with pytest.raises(ModelError, match="gives no hash"):
        zoo.fetch_model("small", accept_licence=True)
    assert not zoo.get_card("small").available


def test_a_file_that_changed_after_the_fetch_is_found_out(published):
    card = zoo.fetch_model("small", accept_licence=True)
    with (card.path / "open_clip_model.safetensors").open("r+b") as stream:
        stream.seek(-1, 2)
        stream.write(b"\x7f")
    report = zoo.check_model("small")
    assert not report.sound
    assert "has changed" in report.problems[0]


# ── listing, importing, loading ──────────────────────────────────────────────────────────────────────────────────────


def test_embedded_and_published_models_are_listed():
    listed = {card.name: card for card in zoo.list_models()}
    assert listed["geolb-tiny"].source == "embedded"
    published = listed["dofa-clip-so400m-384"]
    assert published.source == "published"
    assert published.must_accept
    assert not published.available
    assert "non" in published.licence_text or "not" in published.licence_text
    json.dumps([card.to_json() for card in listed.values()])


def test_a_model_trained_by_the_user_is_listed_at_once(models_home, vision_model):
    save_model(vision_model, models_home / "models" / "my_fields", {"title": "My fields", "miou": 0.7})
    card = zoo.get_card("my_fields")
    assert (card.title, card.source, card.details) == ("My fields", "user", {"miou": 0.7})
    assert load_model("my_fields", device="cpu").model_hash == vision_model.model_hash
    assert zoo.check_model("my_fields").sound


def test_a_model_that_is_nowhere_listed_is_checked_where_it_lies(tmp_path, models_home, vision_model):
    save_model(vision_model, tmp_path / "elsewhere", {"title": "Elsewhere"})
    assert zoo.check_model(str(tmp_path / "elsewhere")).sound
    weights = tmp_path / "elsewhere" / "model.safetensors"
    assert zoo.check_model(str(weights)).sound
    weights.write_bytes(weights.read_bytes()[:-100])
    assert "damaged" in zoo.check_model(str(tmp_path / "elsewhere")).problems[0]
    with pytest.raises(ModelError, match="no model called"):
        zoo.check_model(str(tmp_path / "nowhere"))


def test_a_broken_model_is_listed_with_its_reason(models_home, vision_model):
    folder = models_home / "models" / "broken"
    save_model(vision_model, folder, {"title": "Broken"})
    (folder / "model.safetensors").unlink()
    card = zoo.get_card("broken")
    assert not card.available
    assert card.description == "Its weights are missing."
    (folder / "card.json").write_text("{")
    assert "cannot be read" in zoo.get_card("broken").description
    assert not zoo.check_model("broken").sound


@pytest.mark.parametrize("form", ["folder", "bin", "safetensors"])
def test_a_local_model_is_imported(tmp_path, golden_config, golden_checkpoint, form):
    source = tmp_path / "downloads" / "mine"
    source.mkdir(parents=True)
    model = load_model(golden_checkpoint, config=golden_config, device="cpu")
    (source / "config.json").write_text(json.dumps(golden_config))
    if form == "folder":
        shutil.copy(golden_checkpoint, source / "open_clip_model.safetensors")
        path = source
    else:
        path = source / f"model.{form}"
        save_weights(model, path)
    card = zoo.import_model(path, "mine")
    shutil.rmtree(source)
    assert card.available
    assert load_model("mine", device="cpu").model_hash == model.model_hash


def test_a_linked_model_stays_where_it_is(tmp_path, vision_model):
    folder = tmp_path / "elsewhere"
    save_model(vision_model, folder, {"title": "Elsewhere"})
    card = zoo.import_model(folder, link=True)
    assert card.path == folder
    assert load_model("elsewhere", device="cpu").card.title == "Elsewhere"


def test_a_published_tokenizer_beside_the_weights_is_used(tmp_path, golden_config, golden_checkpoint):
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    words = {word: index for index, word in enumerate(["<unk>", "<pad>", "water", "forest", "snow", "airport"])}
    tokenizer = Tokenizer(models.WordLevel(words, unk_token="<unk>"))
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, unk_token="<unk>", pad_token="<pad>").save_pretrained(tmp_path)
    shutil.copy(golden_checkpoint, tmp_path / "open_clip_model.safetensors")
    (tmp_path / "config.json").write_text(json.dumps(golden_config))
    with pytest.raises(ModelError, match="unrelated prompts look the same"):
        load_model(tmp_path, device="cpu")  # whole sentences are one unknown word to this tokenizer
    words = {word: index for index, word in enumerate(["<unk>", "<pad>", *(" ".join(UNRELATED_PROMPTS)).split()])}
    tokenizer = Tokenizer(models.WordLevel(words, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, unk_token="<unk>", pad_token="<pad>").save_pretrained(tmp_path)
    model = load_model(tmp_path, device="cpu")
    assert model.encode_text(["water"]).shape == (1, 32)
    assert model.model_hash == load_model(golden_checkpoint, config=golden_config, device="cpu").model_hash


def test_importing_refuses_what_does_not_load(tmp_path, models_home):
    (tmp_path / "model.safetensors").write_bytes(b"nothing")
    with pytest.raises(ModelError, match="damaged"):
        zoo.import_model(tmp_path / "model.safetensors", "bad")
    assert not list((models_home / "models").glob("*")) or not zoo._installed()


def test_importing_refuses_names_that_are_taken_or_odd(tmp_path, vision_model):
    folder = tmp_path / "one"
    save_model(vision_model, folder, {})
    zoo.import_model(folder)
    with pytest.raises(ModelError, match="already a model called one"):
        zoo.import_model(folder)
    with pytest.raises(ModelError, match="already a model called geolb-tiny"):
        zoo.import_model(folder, "geolb-tiny")
    with pytest.raises(UsageError, match="cannot be a model's name"):
        zoo.import_model(folder, "../escape")


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(ModelError, match=r"no model called nonsense.*geolb-tiny"):
        load_model("nonsense")


def test_a_model_that_is_not_here_says_how_to_get_it():
    with pytest.raises(ModelError, match="models fetch dofa-clip-b16-224"):
        load_model("dofa-clip-b16-224")


def test_weights_of_unknown_build_ask_for_a_configuration(golden_checkpoint):
    with pytest.raises(ModelError, match=r"unknown how .* is built"):
        load_model(golden_checkpoint)


def test_a_golden_configuration_is_taken_as_dictionary_or_file(golden_checkpoint, golden_config):
    by_file = load_model(golden_checkpoint, config=golden_checkpoint.parent / "dofa_clip_small.config.json")
    assert by_file.model_hash == load_model(golden_checkpoint, config=golden_config).model_hash


def test_loaded_models_are_ready_to_compute(tmp_path, vision_config):
    save_model(create_model(vision_config), tmp_path / "model", {})
    model = load_model(tmp_path / "model", device="cpu", dtype="bf16")
    assert not model.training
    assert not any(parameter.requires_grad for parameter in model.parameters())
    assert model.compute.label == "CPU, bf16"
    embedding = model.encode_image(torch.randn(1, 3, 32, 32), [0.6, 0.5, 0.4])
    assert embedding.dtype == torch.float32


def test_listing_models_does_not_wait_for_torch():
    import subprocess
    import sys

    code = "import sys, core.model.zoo as zoo; zoo.list_models(); sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[3], check=False).returncode == 0


@pytest.mark.skipif(not zoo.get_card("geolb-tiny").available, reason="the embedded model is not in this checkout")
def test_the_embedded_model_loads_and_tells_words_apart():
    model = load_model(device="cpu")
    assert model.card.source == "embedded"
    assert model.card.licence
    water, forest = model.text_prompts(["water", "forest"])
    assert water @ forest < 0.9
    embedding = model.encode_image(torch.zeros(1, 2, 64, 64), [5.40, 5.41])
    assert embedding.shape == (1, model.embed_dim)


def test_a_fetched_model_keeps_what_the_catalogue_says_of_its_input(tmp_path, monkeypatch):
    monkeypatch.setenv("GEOLANGBIND_HOME", str(tmp_path))
    before = {card.name: card for card in zoo.list_models()}
    for card in before.values():
        if card.source != "published":
            continue
        folder = tmp_path / "models" / card.name
        folder.mkdir(parents=True)
        (folder / "model.safetensors").write_bytes(b"weights")
        (folder / "card.json").write_text(json.dumps({"revision": "abc", "fetched": []}))
    fetched = {card.name: card for card in zoo.list_models() if card.source == "published"}
    assert any(card.placeholders for card in fetched.values())
    for name, card in fetched.items():
        assert card.available
        assert card.revision == "abc"
        assert card.placeholders == before[name].placeholders
