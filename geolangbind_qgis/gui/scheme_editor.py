"""Editor of class schemes: choose, change, import and export."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from qgis.gui import QgsColorButton
from qgis.PyQt.QtGui import QColor
from qgis.PyQt.QtWidgets import (
    QAbstractItemView,
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QHBoxLayout,
    QHeaderView,
    QInputDialog,
    QLabel,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from geolangbind_qgis.catalogue.class_schemes import Scheme, SchemeClass, bundled_schemes, read_scheme, write_scheme
from geolangbind_qgis.catalogue.own_schemes import keep_scheme, own_schemes, remove_scheme
from geolangbind_qgis.gui.help import add_help_button
from geolangbind_qgis.i18n import tr

_COLOUR, _CODE, _NAME, _PROMPTS = range(4)
_NEW_COLOURS = ("#1b9e77", "#d95f02", "#7570b3", "#e7298a", "#66a61e", "#e6ab02", "#a6761d", "#666666")


class SchemeEditor(QDialog):
    """Edits a class scheme as a table of colour, code, name and synonyms.

    Args:
        layer_name: shown in the title.
        scheme: the scheme to begin with; the first bundled one where None.
        parent: window.
        size_text: gives what is said of a large run, empty for a small one; its argument is whether only the visible
            extent is classified.
    """

    def __init__(
        self,
        layer_name: str,
        scheme: Scheme | None = None,
        parent: QWidget | None = None,
        size_text: Callable[[bool], str] = lambda _: "",
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Classify {0}").format(layer_name))
        self._schemes = {known.name: known for known in bundled_schemes()}
        self._own: dict[str, Scheme] = {}
        self._name, self._title = "own", tr("Own classes")
        self.combo = QComboBox(self)
        self.combo.setAccessibleName(tr("Scheme"))
        self.combo.activated.connect(self._on_chosen)
        self.save_button = _button(tr("&Save as…"), self._save)
        self.save_button.setToolTip(tr("Keep these classes under a name, for later"))
        self.delete_button = _button(tr("&Delete"), self._delete)
        self.delete_button.setToolTip(tr("Remove this scheme of your own"))
        self._fill_combo()
        self.table = QTableWidget(0, 4, self)
        self.table.setHorizontalHeaderLabels([tr("Colour"), tr("Code"), tr("Class"), tr("Prompts (separate with ;)")])
        self.table.verticalHeader().setVisible(False)
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        heads = self.table.horizontalHeader()
        heads.setSectionResizeMode(_COLOUR, QHeaderView.ResizeMode.Fixed)
        heads.setSectionResizeMode(_CODE, QHeaderView.ResizeMode.Fixed)
        letter = self.table.fontMetrics().averageCharWidth()
        for column in (_COLOUR, _CODE):
            self.table.setColumnWidth(column, heads.sectionSizeHint(column) + 2 * letter)
        self.table.setColumnWidth(_NAME, 28 * letter)
        heads.setStretchLastSection(True)
        heads.setHighlightSections(False)
        self.visible_only = QCheckBox(tr("&Visible extent only"), self)
        self.confidence = QCheckBox(tr("Add &confidence layer"), self)
        self._size_text = size_text
        self.size_line = QLabel(self)
        self.size_line.setWordWrap(True)
        self.visible_only.toggled.connect(self._show_size)
        self.problem_label = QLabel(self)
        self.problem_label.setWordWrap(True)
        self._build()
        first = scheme or next(iter(self._schemes.values()), None)
        if first is not None:
            self.show_scheme(first)

    def scheme(self) -> Scheme:
        """Returns the scheme as edited.

        Raises:
            ValueError: it cannot be used; the message says why.
        """
        classes = []
        for row in range(self.table.rowCount()):
            name = self._text(row, _NAME)
            code = self._text(row, _CODE)
            if not code.isdigit():
                raise ValueError(tr("The code of “{0}” is not a whole number.").format(name))
            prompts = tuple(part.strip() for part in self._text(row, _PROMPTS).split(";") if part.strip())
            colour = self.table.cellWidget(row, _COLOUR).color().name()
            classes.append(SchemeClass(int(code), name, prompts or (name.lower(),), colour))
        scheme = Scheme(self._name, self._title, tuple(classes))
        if scheme.problem():
            raise ValueError(scheme.problem())
        return scheme

    def show_scheme(self, scheme: Scheme) -> None:
        """Fill the table."""
        self._name, self._title = scheme.name, scheme.title
        known = {**self._schemes, **self._own}
        key = next((key for key, each in known.items() if (each.name, each.title) == (scheme.name, scheme.title)), "")
        self.combo.setCurrentIndex(self.combo.findData(key))
        self.delete_button.setEnabled(key in self._own)
        self.table.setRowCount(0)
        for item in scheme.classes:
            self.add_class(item)

    def add_class(self, item: SchemeClass | None = None) -> None:
        """Add a row, empty without arguments."""
        row = self.table.rowCount()
        if item is None:
            codes = [int(self._text(at, _CODE)) for at in range(row) if self._text(at, _CODE).isdigit()]
            item = SchemeClass(max(codes, default=0) + 1, "", (), _NEW_COLOURS[row % len(_NEW_COLOURS)])
        self.table.insertRow(row)
        button = QgsColorButton(self.table)
        button.setShowMenu(False)
        button.setColor(QColor(item.colour))
        self.table.setCellWidget(row, _COLOUR, button)
        for column, text in ((_CODE, str(item.code)), (_NAME, item.name), (_PROMPTS, "; ".join(item.prompts))):
            self.table.setItem(row, column, QTableWidgetItem(text))

    def _build(self) -> None:
        """Create the widgets and their layout."""
        top = QHBoxLayout()
        label = QLabel(tr("S&cheme"), self)
        label.setBuddy(self.combo)
        top.addWidget(label)
        top.addWidget(self.combo, 1)
        for text, slot in (
            (tr("&Import…"), self._import),
            (tr("&Export…"), self._export),
        ):
            top.addWidget(_button(text, slot))
        top.addWidget(self.save_button)
        top.addWidget(self.delete_button)
        line = QHBoxLayout()
        line.addWidget(_button(tr("&Add class"), self._add_and_edit))
        line.addWidget(_button(tr("&Remove class"), self._remove))
        line.addStretch(1)
        line.addWidget(self.visible_only)
        line.addWidget(self.confidence)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel, self)
        buttons.button(QDialogButtonBox.StandardButton.Ok).setText(tr("&Classify"))
        add_help_button(buttons, "landcover.html")
        buttons.accepted.connect(self._on_accept)
        buttons.rejected.connect(self.reject)
        box = QVBoxLayout(self)
        box.addLayout(top)
        box.addWidget(self.table, 1)
        box.addLayout(line)
        box.addWidget(self.size_line)
        box.addWidget(self.problem_label)
        box.addWidget(buttons)
        self.problem_label.hide()
        self._show_size()
        self.resize(max(860, 100 * self.fontMetrics().averageCharWidth()), 540)

    def _show_size(self, *_: bool) -> None:
        """Tell of a large run how large it is, and how long it will take."""
        text = self._size_text(self.visible_only.isChecked())
        self.size_line.setText(text)
        self.size_line.setVisible(bool(text))

    def _text(self, row: int, column: int) -> str:
        item = self.table.item(row, column)
        return item.text().strip() if item is not None else ""

    def _on_chosen(self) -> None:
        """Show another scheme; "Own classes" starts from the present table."""
        known = {**self._schemes, **self._own}.get(self.combo.currentData())
        if known is not None:
            self.show_scheme(known)
            return
        self._name, self._title = "own", tr("Own classes")
        self.delete_button.setEnabled(False)

    def _fill_combo(self) -> None:
        """List the bundled schemes, the user's schemes, and an empty one."""
        self._own = own_schemes()
        self.combo.clear()
        for key, known in {**self._schemes, **self._own}.items():
            self.combo.addItem(known.title, key)
        self.combo.addItem(tr("Own classes"), "")

    def _save(self) -> None:
        """Store the classes under a name."""
        try:
            scheme = self.scheme()
        except ValueError as problem:
            self._show_message(str(problem))
            return
        title, accepted = QInputDialog.getText(self, tr("Keep the scheme"), tr("Name"), text=scheme.title)
        if accepted and title.strip():
            self._keep(replace(scheme, title=title.strip()))

    def _keep(self, scheme: Scheme) -> None:
        try:
            file = keep_scheme(scheme)
        except OSError as problem:
            self._show_message(tr("{0} cannot be written: {1}.").format(scheme.title, problem.strerror))
            return
        self._fill_combo()
        self.show_scheme(self._own[file])

    def _delete(self) -> None:
        """Delete a scheme of the user; its classes stay in the table."""
        remove_scheme(self.combo.currentData())
        self._fill_combo()
        self._name, self._title = "own", tr("Own classes")
        self.combo.setCurrentIndex(self.combo.count() - 1)
        self.delete_button.setEnabled(False)

    def _on_accept(self) -> None:
        try:
            scheme = self.scheme()
        except ValueError as problem:
            self._show_message(str(problem))
            return
        known = [each.classes for each in (*self._schemes.values(), *self._own.values())]
        if scheme.classes not in known:  # edited classes must not be lost
            own = self.combo.currentData() in self._own
            self._keep(scheme if own else replace(scheme, title=tr("Own classes")))
        self.accept()

    def _add_and_edit(self) -> None:
        self.add_class()
        row = self.table.rowCount() - 1
        self.table.setCurrentCell(row, _NAME)
        self.table.editItem(self.table.item(row, _NAME))

    def _remove(self) -> None:
        for row in sorted({index.row() for index in self.table.selectedIndexes()}, reverse=True):
            self.table.removeRow(row)

    def _import(self) -> None:
        name, _ = QFileDialog.getOpenFileName(self, tr("Import a class scheme"), "", "JSON (*.json)")
        if not name:
            return
        try:
            self.show_scheme(read_scheme(Path(name)))
            self.problem_label.hide()
        except ValueError as problem:
            self._show_message(str(problem))

    def _export(self) -> None:
        try:
            scheme = self.scheme()
        except ValueError as problem:
            self._show_message(str(problem))
            return
        name, _ = QFileDialog.getSaveFileName(
            self, tr("Export the class scheme"), f"{scheme.name}.json", "JSON (*.json)"
        )
        if not name:
            return
        path = Path(name if name.lower().endswith(".json") else name + ".json")
        try:
            write_scheme(replace(scheme, name=path.stem), path)
        except OSError as problem:
            self._show_message(tr("{0} cannot be written: {1}.").format(path, problem.strerror))

    def _show_message(self, text: str) -> None:
        self.problem_label.setText(text)
        self.problem_label.show()


def _button(text: str, slot: object) -> QPushButton:
    """Returns a button that Enter does not trigger."""
    button = QPushButton(text)
    button.setAutoDefault(False)
    button.clicked.connect(slot)
    return button
