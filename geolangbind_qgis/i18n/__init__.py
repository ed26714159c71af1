"""Translation of the plugin's texts, all in one context."""

from __future__ import annotations

from pathlib import Path

from qgis.PyQt.QtCore import QCoreApplication, QLocale, QSettings, QTranslator

from geolangbind_qgis.i18n.worker_messages import class_names_in, worker_messages
from geolangbind_qgis.runtime.translation import use_message_translator, use_translator

CONTEXT = "GeoLangBind"
FOLDER = Path(__file__).resolve().parent


def tr(text: str) -> str:
    """Returns the text in the user's language; English where there is no translation."""
    return QCoreApplication.translate(CONTEXT, text)


_class_names: dict[str, str] = {}


def class_name_text(name: str) -> str:
    """Returns the name of a class of the plugin's schemes in the user's language."""
    return _class_names.get(name, name)


def use_language(language: str) -> None:
    """Set the language of runtime messages and class names, such as "de"; English if there is no list."""
    messages = worker_messages(language)
    use_message_translator(messages.translated if messages is not None else str)
    _class_names.clear()
    _class_names.update(class_names_in(language))


def install_translator() -> QTranslator | None:
    """Load the translation of QGIS's locale; returns None if there is none."""
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
    use_language(locale[:2])
    return translator
