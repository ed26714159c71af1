"""Prompts in a person's own language."""

from __future__ import annotations

import json

import pytest

from geolangbind_qgis.glossary import LANGUAGES, translated
from geolangbind_qgis.protocol_import import CODE_ROOT


@pytest.mark.parametrize(
    ("prompt", "english"),
    [
        ("Wald", "forest"),
        ("nadelwälder", "coniferous forest"),
        ("Solarpark", "solar farm"),
        ("STRASSE", "road"),
        ("Straße | Feldweg", "road | dirt road"),
        ("rotes Dach", "red roof"),
        ("forêt de conifères", "coniferous forest"),
        ("foret", "forest"),
        ("panneaux solaires", "solar panels"),
        ("río", "river"),
        ("bosque quemado", "forest quemado"),
        ("telhados", "roofs"),
        ("água", "water"),
    ],
)
def test_field_terms_become_english(prompt, english):
    assert translated(prompt).english == english


@pytest.mark.parametrize(
    "prompt",
    [
        "solar farms",
        "open water",
        "forest | woodland",
        "river",
        "village",
        "strand",
        "a red car near a house",
        "xyz",
        "",
    ],
)
def test_english_and_unknown_words_stay_as_they_are(prompt):
    assert translated(prompt) == translated(translated(prompt).english)
    assert translated(prompt).english == prompt
    assert translated(prompt).found == ()


def test_the_persons_language_is_asked_first():
    assert translated("mare", "fr").english == "mare"  # an English word, too
    assert translated("mata", "pt").found == (("mata", "forest"),)
    assert translated("prado", "es").english == translated("prado", "pt").english == "meadow"


def test_replacements_are_reported():
    assert translated("Wald | wood | See").found == (("Wald", "forest"), ("See", "lake"))


def test_the_glossary_holds_some_hundred_terms_and_each_language_has_a_word_for_each():
    terms = json.loads((CODE_ROOT / "resources" / "glossary.json").read_text(encoding="utf-8"))["terms"]
    assert len(terms) >= 190
    assert len({term["en"] for term in terms}) == len(terms)
    assert all(term[language] and all(term[language]) for term in terms for language in LANGUAGES)
    for term in terms:
        assert translated(term["en"]).english == term["en"]


def test_the_dock_shows_the_english_before_it_runs(dock):
    row = dock.page.prompts.rows[0]
    row.edit.setText("Wald | Nadelwald")
    assert row.english.isVisibleTo(row)
    assert row.english.text() == "→ forest | coniferous forest"
    assert [prompt.text for prompt in dock.page.prompts.prompts()] == ["forest | coniferous forest"]
    row.edit.setText("open water")
    assert not row.english.isVisibleTo(row)
