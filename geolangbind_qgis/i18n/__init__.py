"""The plugin's words in the user's language: one context for all of them."""

from __future__ import annotations

from pathlib import Path

from qgis.PyQt.QtCore import QCoreApplication, QLocale, QSettings, QTranslator

from geolangbind_qgis.runtime.translation import use_translator

CONTEXT = "GeoLangBind"
FOLDER = Path(__file__).resolve().parent


def tr(text: str) -> str:
    """Returns the text in the user's language; English where there is no translation."""
    return QCoreApplication.translate(CONTEXT, text)


def install_translator() -> QTranslator | None:
    """Load the translation that fits QGIS's language setting; None where there is none."""
    own = QSettings().value("locale/overrideFlag", False, type=bool)
    locale = str(QSettings().value("locale/userLocale", "")) if own else QLocale.system().name()
    file = FOLDER / f"geolangbind_{locale[:2]}.qm"
    if not file.is_file():
        return None
    translator = QTranslator()
    if not translator.load(str(file)):
        return None
    QCoreApplication.installTranslator(translator)
    use_translator(tr)
    return translator
