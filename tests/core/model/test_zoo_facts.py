"""Every published card says where the model is, what it reads and its licence, and names what is not known of it."""

from __future__ import annotations

import pytest
from open_architectures import SMALL, publish, random_model

from core.cli import models
from core.errors import ModelError
from core.model import zoo
from core.model.cards import catalogue

PUBLISHED = [name for name, card in catalogue().items() if card.source == "published"]
ISSUED = {"farslip-b16-224": "MIT", "siglip-b16-224": "Apache-2.0", "siglip-so400m-384": "Apache-2.0"}


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("GEOLANGBIND_HOME", str(tmp_path / "home"))


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_published_card_has_address_revision_licence_input_and_templates(name):
    facts = zoo.model_facts(name)
    assert facts["address"].startswith("https://")
    assert facts["revision"]
    assert facts["licence"]
    assert facts["licence_url"].startswith("https://")
    assert facts["parameters"] > 0
    assert facts["image_size"] in (224, 384)
    assert all("{}" in template for template in facts["templates"])


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_size_or_hash_that_a_card_lacks_is_named_and_no_other(name):
    facts = zoo.model_facts(name)
    said = " ".join(facts["not_known"])
    for file in facts["files"]:
        for fact in ("size", "sha256"):
            listed = next(
                (part for part in facts["not_known"] if part.startswith({"sha256": "hash"}.get(fact, fact))), ""
            )
            assert (file["name"] in listed) == (file[fact] is None)
    assert ("commit" in said) == (facts["revision"] == "main")


@pytest.mark.parametrize(("name", "licence"), ISSUED.items())
def test_the_permissive_models_have_normalisation_and_published_figures(name, licence):
    facts = zoo.model_facts(name)
    assert facts["licence"] == licence
    fixed = facts["fixed_bands"]
    assert fixed["bands_um"] == [0.665, 0.56, 0.49]
    assert len(fixed["mean"]) == len(fixed["std"]) == 3
    figures = {key: value for key, value in facts["details"]["published"].items() if key != "source"}
    assert figures
    assert facts["details"]["published"]["source"]


def test_llama3_ms_clip_reads_the_ten_bands_of_its_weights():
    fixed = zoo.model_facts("llama3-ms-clip")["fixed_bands"]
    assert fixed["scale"] == "reflectance"
    assert {len(values) for name, values in fixed.items() if name != "scale"} == {10}


def test_an_unknown_size_is_said_in_the_list_and_in_the_card():
    listed = models.show({"models": [card.to_json() for card in zoo.list_models()]})
    line = next(line for line in listed.splitlines() if line.startswith("farslip-b16-224"))
    assert "size not known" in line
    shown = models.show(zoo.model_facts("farslip-b16-224"))
    assert "FarSLIP2_ViT-B-16.pt: size not known, sha256 not known" in shown


def test_an_imported_model_without_a_licence_is_said_to_have_none_stated(tmp_path):
    folder = publish(
        tmp_path / "clip", SMALL["CLIP"], random_model(SMALL["CLIP"]), {"mean": [0.4] * 3, "std": [0.3] * 3}
    )
    card = zoo.import_model(folder, "mine")
    assert "not stated" in models.show({"models": [card.to_json()]})
    shown = models.show(zoo.model_facts("mine"))
    assert "not stated" in shown
    assert "minus 0.4, over 0.3" in shown
    assert "red (0.665 µm), green (0.56 µm), blue (0.49 µm)" in shown


def test_any_bands_are_said_of_the_embedded_model():
    facts = zoo.model_facts("geolb-tiny")
    assert facts["fixed_bands"] is None
    assert "any, by wavelength" in models.show(facts)


def test_facts_of_a_model_that_is_nowhere_are_refused():
    with pytest.raises(ModelError, match="no model called nowhere"):
        zoo.model_facts("nowhere")
