"""Words of the runtime and of class schemes in the German interface."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from geolangbind_qgis.catalogue.class_schemes import bundled_schemes, scheme_words
from geolangbind_qgis.catalogue.sensors import scaling_titles, sensor_titles
from geolangbind_qgis.i18n import use_language
from geolangbind_qgis.i18n.worker_messages import class_names_in, worker_messages
from geolangbind_qgis.runtime.client import ClientState, Failed, Finished, Progressed
from geolangbind_qgis.runtime.translation import message_text, with_translated_remarks

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def german():
    """Messages and names of classes in German."""
    use_language("de")
    yield
    use_language("en")


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("Loading the model", "Modell wird geladen"),
        ("There is no file /tmp/a b.tif.", "Die Datei /tmp/a b.tif gibt es nicht."),
        ("Which field of roads holds the class?", "Welches Feld von roads enthält die Klasse?"),
        ("Step 38 of 160, loss 0.198", "Schritt 38 von 160, Verlust 0.198"),
        ("All its 12 bands have names of Sentinel-2 L2A.", "Alle 12 Bänder tragen Namen von Sentinel-2 L2A."),
        ("A sentence that nobody translated.", "A sentence that nobody translated."),
        ("{0} is {braced}", "{0} is {braced}"),
    ],
)
def test_messages_of_the_runtime_are_in_german(message, expected):
    assert worker_messages("de").translated(message) == expected


def test_progress_errors_and_remarks_reach_the_user_in_german(german):
    state = ClientState()
    number, _ = state.begin("highlight")
    progress = b'{"method": "progress", "params": {"id": %d, "fraction": 0.1, "message": "Loading the model"}}\n'
    error = b'{"id": %d, "error": {"code": "x", "message": "The prompt is empty.", "hint": "Check the path."}}\n'
    result = b'{"id": %d, "result": {"warnings": ["It could as well be Landsat."], "output": "a.tif"}}\n'
    other, _ = state.begin("describe")
    events = state.feed(progress % number + error % number + result % other)
    progressed, failed, finished = events
    assert isinstance(progressed, Progressed)
    assert progressed.message == "Modell wird geladen"
    assert isinstance(failed, Failed)
    assert (failed.error.message, failed.error.hint) == ("Der Suchbegriff ist leer.", "Prüfen Sie den Pfad.")
    assert isinstance(finished, Finished)
    assert finished.result == {"warnings": ["Es könnte auch Landsat sein."], "output": "a.tif"}


@pytest.mark.parametrize("titles", [sensor_titles, scaling_titles])
def test_titles_of_sensors_and_scalings_are_in_german(german, titles):
    english = {"bands", "picture", "reflectance", "wavelengths", "metres", "temperature", "embeddings"}
    for title in titles().values():
        assert not [word for word in english if word in title.lower()], title


def test_titles_within_a_sentence_are_in_german_and_names_stay(german):
    said = message_text("All its 3 bands have names of Aerial or satellite picture: red, green, blue.")
    assert said == "Alle 3 Bänder tragen Namen von Luft- oder Satellitenbild: Rot, Grün, Blau."
    assert message_text("There is already a model called thermal.") == "Ein Modell namens thermal gibt es schon."
    result = with_translated_remarks({"sensor_title": "Thermal infrared, one band", "output": "thermal"})
    assert result == {"sensor_title": "Thermales Infrarot, ein Band", "output": "thermal"}


def test_model_cards_are_shown_in_german():
    cards = (ROOT / "resources" / "models.toml").read_text(encoding="utf-8")
    texts = re.findall(r'^(?:description|licence_text) = "(.*)"$', cards, re.MULTILINE)
    assert len(texts) > 5
    assert set(texts) <= worker_messages("de").templates


def test_every_class_of_the_schemes_has_a_german_name_and_keeps_its_english_prompts(german):
    known = class_names_in("de")
    for scheme in bundled_schemes():
        for item in scheme.classes:
            assert item.name in known.values(), item.name
            assert all(prompt.isascii() for prompt in item.prompts)
    assert "tree cover" in scheme_words()


def test_nearly_all_sentences_that_the_runtime_can_say_about_a_users_data_are_translated():
    translated = worker_messages("de").templates
    said = [template for file in user_modules() for template in sentences(file)]
    missing = [template for template in said if template not in translated]
    assert len(said) > 150
    assert len(missing) < 0.12 * len(said), missing


def test_what_a_fine_tuning_says_of_its_result_is_translated():
    module = ast.parse((ROOT / "core" / "finetune" / "report.py").read_text(encoding="utf-8"))
    (function,) = [node for node in module.body if isinstance(node, ast.FunctionDef) and node.name == "outcome"]
    texts = [template(node) for node in ast.walk(function)]
    said = [text for text in texts if re.match(r"[A-Z].*\.$", text) and "\n" not in text]
    assert len(said) == 7
    assert set(said) <= worker_messages("de").templates


def user_modules():
    folders = ("raster", "tasks", "finetune", "spectral")
    return [file for folder in folders for file in sorted((ROOT / "core" / folder).rglob("*.py"))]


def sentences(file):
    """Messages and hints of the errors that a module raises."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id.endswith("Error"):
            for part in (*node.args[:1], *(item.value for item in node.keywords if item.arg == "hint")):
                text = template(part)
                if text and re.match(r"[A-Z{].*[.?]$", text):
                    yield text


def template(node):
    """A text with {0}, {1}, … for what is filled in."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if not isinstance(node, ast.JoinedStr):
        return ""
    places = iter(range(10))
    parts = (part.value if isinstance(part, ast.Constant) else f"{{{next(places)}}}" for part in node.values)
    return "".join(parts)
