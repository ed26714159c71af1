"""Class schemes: shipped legends, a person's own file, and lists typed on the command line."""

import json
import re

import pytest

from core.classes import ClassSchemeError, UnknownSchemeError, list_schemes, load_scheme, save_scheme
from core.errors import GeoLangBindError, OutputError
from core.vocabulary import background_words, word_groups


def test_the_common_legends_are_shipped():
    assert set(list_schemes()) >= {"worldcover", "dynamic_world", "corine2", "loveda", "eurosat", "esri_lulc", "dubai"}


@pytest.mark.parametrize("name", list_schemes())
def test_every_shipped_class_has_several_synonyms_and_a_colour(name):
    scheme = load_scheme(name)
    assert len(set(scheme.codes)) == len(scheme.classes) > 1
    assert len({entry.colour for entry in scheme.classes}) == len(scheme.classes)
    for entry in scheme.classes:
        assert 3 <= len(entry.prompts) <= 6
        assert re.fullmatch(r"#[0-9a-f]{6}", entry.colour)
        assert len(set(entry.prompts)) == len(entry.prompts)


def test_worldcover_has_the_official_codes_and_colours():
    scheme = load_scheme("worldcover")
    assert scheme.codes == (10, 20, 30, 40, 50, 60, 70, 80, 90, 95, 100)
    assert scheme.entry(80).rgb == (0, 100, 200)
    assert scheme.entry(10).colour == "#006400"
    assert scheme.entry(11) is None


def test_dynamic_world_keeps_code_zero_for_water_so_no_data_moves_away():
    scheme = load_scheme("dynamic_world")
    assert scheme.entry(0).name == "Water"
    assert scheme.nodata == 255
    assert load_scheme("worldcover").nodata == 0


def test_corine_level_two_has_fifteen_classes():
    assert len(load_scheme("corine2").classes) == 15


@pytest.mark.parametrize("spelling", ["WorldCover", "esa worldcover", " world-cover "])
def test_a_scheme_is_found_by_other_spellings_of_its_name(spelling):
    assert load_scheme(spelling) == load_scheme("worldcover")


def test_an_inline_list_gives_classes_with_synonyms_and_colours():
    scheme = load_scheme("water; forest, trees, woodland; bare ground")
    assert scheme.names == ("water", "forest", "bare ground")
    assert scheme.codes == (1, 2, 3)
    assert scheme.classes[1].prompts == ("forest", "trees", "woodland")
    red, green, blue = scheme.classes[0].rgb
    assert blue > red
    assert blue > green, "water is blue without being told"


def test_an_inline_list_may_set_codes_and_colours():
    scheme = load_scheme("7=lagoon #0011FF; salt pans; 1=dike")
    assert scheme.codes == (7, 2, 1)
    assert scheme.classes[0].colour == "#0011ff"


def test_unknown_words_get_colours_that_differ():
    scheme = load_scheme("; ".join(f"thing number {letter}" for letter in "abcdefgh"))
    assert len({entry.colour for entry in scheme.classes}) == 8


def test_a_saved_scheme_reads_back_the_same(tmp_path):
    scheme = load_scheme("water; forêt, bois; 9=bare ground #123456")
    save_scheme(scheme, tmp_path / "mine.json")
    assert load_scheme(tmp_path / "mine.json") == scheme
    assert load_scheme(str(tmp_path / "mine.json")) == scheme
    assert [path.name for path in tmp_path.iterdir()] == ["mine.json"]


def test_a_handwritten_file_needs_no_more_than_names(tmp_path):
    path = tmp_path / "hand.json"
    path.write_text(json.dumps({"classes": ["water", {"name": "Olives", "prompts": "olive grove, olive trees"}]}))
    scheme = load_scheme(path)
    assert scheme.codes == (1, 2)
    assert scheme.classes[0].prompts == ("water",)
    assert scheme.classes[1].prompts == ("olive grove", "olive trees")


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(UnknownSchemeError, match=r"worldcovr.*worldcover") as caught:
        load_scheme("worldcovr")
    assert "water; forest" in caught.value.hint


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "empty"),
        ("  ;  ; ", "no classes"),
        ("water;", "single class"),
        ("1=water; 1=forest", "code 1 more than once"),
        ("water; Water", "name water more than once"),
        ("300=water; forest", "300"),
        ("water; 3=", "no words"),
        ("missing_file.json", "cannot be read"),
    ],
)
def test_a_bad_list_is_refused_with_one_plain_line(text, complaint):
    with pytest.raises(ClassSchemeError, match=complaint) as caught:
        load_scheme(text)
    assert "\n" not in str(caught.value)
    assert caught.value.hint


@pytest.mark.parametrize(
    "content",
    ["not json", "7", '{"classes": 7}', '{"classes": [{"code": 1}]}',
     '{"classes": [{"name": "a", "code": "x"}, "b"]}',
     '{"classes": []}',
     '{"classes": [{"name": "a", "colour": "red"}, "b"]}', '{"classes": [{"name": "a", "prompts": [3]}, "b"]}',
     '{"classes": [{"name":"a","code":true},"b"]}'],
)  # fmt: skip
def test_a_bad_file_is_refused_with_one_plain_line(tmp_path, content):
    path = tmp_path / "bad.json"
    path.write_text(content)
    with pytest.raises(GeoLangBindError) as caught:
        load_scheme(path)
    assert "\n" not in str(caught.value)


def test_a_scheme_that_cannot_be_written_says_so(tmp_path):
    with pytest.raises(OutputError):
        save_scheme(load_scheme("worldcover"), tmp_path / "no such folder" / "x.json")


def test_the_background_leaves_out_what_the_prompt_means():
    everything = background_words()
    assert len(everything) == len(word_groups()) > 25
    without = background_words(["pine forests"])
    assert "trees" in everything
    assert "trees" not in without
    assert "water" in without
    assert "water" not in background_words(["a lake"])
