"""Published models are fetched after their licence is accepted, whole and unchanged, or not at all."""

from __future__ import annotations

import json

import pytest

from core.errors import ModelError
from core.model import load_model, zoo
from core.model.hub import PublishedFile


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
    monkeypatch.setattr("core.model.zoo.fetching.published_file", lambda url: PublishedFile(""))
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
