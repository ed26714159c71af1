"""The figures of other models' publishers are in the benchmarks' file as they were stated, each with its source."""

from __future__ import annotations

import pytest

from core.evaluate.averages import averages, published_means
from core.evaluate.benchmarks import benchmarks
from core.evaluate.published import published_models
from core.model.cards import catalogue
from training.studies.comparison import beside_part, models_part, own_part

SETS = (
    *("skyscript", "aid", "eurosat_rgb", "fmow", "millionaid", "patternnet", "resisc45", "rsicb256"),
    *("roof_shape", "smoothness", "surface"),
)
TOP_1 = {
    "DOFA-CLIP B-16 224": (70.39, 77.60, 52.30, 20.17, 64.91, 76.68, 67.21, 49.53, 44.33, 20.00, 72.73),
    "DOFA-CLIP SO400M 384": (76.83, 75.50, 59.04, 29.10, 70.16, 80.17, 73.15, 51.62, 61.83, 26.00, 81.36),
    "SkyCLIP-50 L": (70.89, 71.70, 51.33, 27.12, 67.45, 80.88, 70.94, 50.09, 46.83, 35.80, 67.50),
    "RemoteCLIP L": (34.40, 70.85, 27.81, 16.77, 47.20, 61.91, 74.31, 50.79, 34.33, 34.20, 55.45),
    "CLIP L": (55.06, 69.25, 41.89, 26.19, 57.88, 71.39, 66.70, 43.02, 37.50, 25.40, 42.73),
}
OTHERS = {
    ("eurosat_rgb", "SigLIP SO400M 384"): 63.5,
    ("resisc45", "SigLIP SO400M 384"): 72.1,
    ("eurosat_rgb", "SigLIP B-16 224"): 44.28,
    ("resisc45", "SigLIP B-16 224"): 64.54,
    ("eurosat_rgb", "CLIP B-16"): 55.94,
    ("resisc45", "CLIP B-16"): 58.22,
    ("eurosat_rgb", "EVA02-CLIP B-16"): 66.35,
    ("resisc45", "EVA02-CLIP B-16"): 60.37,
    ("eurosat_rgb", "GeoRSCLIP H-14"): 67.47,
    ("resisc45", "GeoRSCLIP H-14"): 73.83,
    ("aid", "GeoRSCLIP H-14"): 76.33,
    ("eurosat_rgb", "Llama3-MS-CLIP"): 67.9,
    ("eurosat_rgb", "SATtxt L"): 73.4,
}
RETRIEVAL = {
    ("rsicd", "GeoRSCLIP B-32"): ((12.2, 28.5, 38.6), (9.3, 26.5, 41.3)),
    ("rsicd", "GeoRSCLIP H-14"): ((14.3, 29.6, 40.4), (11.4, 30.8, 44.4)),
    ("rsitmd", "GeoRSCLIP B-32"): ((17.9, 35.0, 46.0), (14.1, 41.5, 57.5)),
    ("rsitmd", "GeoRSCLIP H-14"): ((23.5, 42.9, 53.3), (18.0, 44.6, 60.0)),
}
"""Recall at 1, 5 and 10, image to text and text to image."""
MEANS = {
    "seven_sets": {"DOFA-CLIP B-16 224": 58.3, "DOFA-CLIP SO400M 384": 62.7},
    "eight_sets": {
        "FarSLIP-s1 B-16": 61.89,
        "FarSLIP-s2 B-16": 62.24,
        "FarSLIP-s1 B-32": 58.64,
        "FarSLIP-s2 B-32": 60.12,
    },
}


@pytest.mark.parametrize("model", TOP_1)
def test_the_table_of_the_released_models_is_whole(model):
    assert tuple(benchmarks()[name]["published"][model] for name in SETS) == TOP_1[model]


@pytest.mark.parametrize(("name", "model"), OTHERS)
def test_a_single_figure_is_as_its_source_states_it(name, model):
    assert benchmarks()[name]["published"][model] == OTHERS[name, model]


@pytest.mark.parametrize(("name", "model"), RETRIEVAL)
def test_retrieval_is_there_in_both_directions(name, model):
    published = benchmarks()[name]["published"]
    ways = ("image_to_text", "text_to_image")
    found = tuple(tuple(published[f"{way}_R@{rank}"][model] for rank in (1, 5, 10)) for way in ways)
    assert found == RETRIEVAL[name, model]


@pytest.mark.parametrize("name", MEANS)
def test_means_compare_the_same_sets(name):
    found = published_means(averages()[name], benchmarks())
    for model, mean in MEANS[name].items():
        assert found[model] == pytest.approx(mean, abs=0.05), model
    assert ("skyscript" in averages()[name]["of"]) == (name == "eight_sets")


def test_both_copies_of_rsicd_have_the_same_published_figures():
    assert benchmarks()["rsicd"]["published"] == benchmarks()["rsicd_captions"]["published"]


def test_models_are_marked_on_the_sets_that_they_were_trained_on():
    trained = {name: model.trained_on for name, model in published_models().items()}
    assert "skyscript" in trained["DOFA-CLIP B-16 224"] & trained["DOFA-CLIP SO400M 384"] & trained["SkyCLIP-50 L"]
    assert {"rsicd", "rsitmd"} <= trained["RemoteCLIP L"]
    assert {"fmow", "millionaid"} <= trained["GeoRSCLIP H-14"] & trained["FarSLIP-s2 B-16"]
    assert not trained["SigLIP B-16 224"]
    assert "second-hand" in published_models()["SATtxt L"].source


def _figures(setting: str, *measures: tuple[str, float]) -> dict:
    listed = [{"name": name, "value": value, "interval": (0.1, 0.9)} for name, value in measures]
    return {"title": "a set", "setting": setting, "measures": listed}


def test_own_figures_stand_beside_those_of_others_and_say_what_was_trained():
    trained = "held out, trained classes"
    card = {
        "figures": {
            "eurosat_rgb": _figures(trained, (f"{trained} top-1", 0.9), ("linear probe", 0.95)),
            "aid": _figures("zero-shot", ("zero-shot top-1", 0.25)),
            "rsicd": _figures("zero-shot", ("text_to_image_R@1", 0.02)),
            "water_sundarbans": _figures(
                trained,
                (f"IoU at 0.5, 12 bands, 'water' ({trained})", 0.8),
                (f"IoU at 0.5, red, green, blue, 'water' ({trained})", 0.3),
            ),
        }
    }
    beside = beside_part(card)
    assert "| EuroSAT, top-1 | 90.0† | 44.3 | 63.5 | 52.3 | 59.0 | 67.5 |" in beside
    assert "| AID, top-1 | 25.0 |  |  | 77.6 | 75.5 | 76.3 |" in beside
    assert "| RSICD, text to image R@1 | 2.0 |  |  |  |  | 11.4 |" in beside
    assert "probe" not in beside
    own = own_part(card)
    assert "| a set | IoU at 0.5, 12 bands, 'water' | 80.0 | 10.0–90.0 | trained on these images |" in own
    assert "red, green, blue, 'water' | 30.0" in own


def test_every_model_that_can_be_fetched_is_listed_with_its_licence():
    listed = models_part(catalogue().values())
    assert "| `farslip-b16-224` | red, green, blue | MIT | 150 million | not known |" in listed
    assert "| `llama3-ms-clip` | 10 of Sentinel-2 | llama3 |" in listed
    assert all(f"`{name}`" in listed for name in catalogue())
