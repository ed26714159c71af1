"""Numbers in the user's own way of writing them."""

from __future__ import annotations

import pytest
from qgis.PyQt.QtCore import QLocale

from geolangbind_qgis.gui.table_dialog import as_text, new_table
from geolangbind_qgis.i18n.numbers import area_text, number_text


@pytest.fixture
def german():
    before = QLocale()
    QLocale.setDefault(QLocale("de_DE"))
    yield
    QLocale.setDefault(before)


def test_a_german_reads_commas_for_decimals_and_points_for_thousands(german):
    assert number_text(2939.5, 1) == "2.939,5"
    assert area_text(2939) == "2.939 ha"
    assert area_text(132_700) == "1.327 km²"
    assert area_text(0.05) == "500 m²"


def test_a_table_shows_the_users_separators_and_copies_those_of_every_program(german):
    table = new_table(["class", "area"], [["water", 1234.5]])
    assert table.item(0, 1).text() == "1.234,50"
    assert as_text(table, ",") == "class,area\nwater,1234.5\n"
