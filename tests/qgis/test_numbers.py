"""Numbers in the user's own way of writing them."""

from __future__ import annotations

import pytest
from qgis.PyQt.QtCore import QLocale

from geolangbind_qgis.gui.table_dialog import TableDialog, as_text, new_table
from geolangbind_qgis.i18n.numbers import area_text, number_text, unbroken


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


def test_a_number_and_its_unit_stay_on_one_line():
    assert unbroken("9 ha above (18.8 % of 156 km²)") == "9\u00a0ha above (18.8\u00a0% of 156\u00a0km²)"


def test_a_table_is_opened_wide_enough_for_its_first_column(qgis_app):
    header = ["Prompt", "Threshold", "Area (ha)", "Searched (ha)", "Share (%)"]
    dialog = TableDialog("Areas", header, [["a road that is long enough", 0.5, 123456.78, 123456.78, 99.99]])
    dialog.show()
    assert dialog.table.columnWidth(0) >= dialog.table.sizeHintForColumn(0)


def test_a_table_shows_the_users_separators_and_copies_those_of_every_program(german):
    table = new_table(["class", "area"], [["water", 1234.5]])
    assert table.item(0, 1).text() == "1.234,50"
    assert as_text(table, ",") == "class,area\nwater,1234.5\n"
