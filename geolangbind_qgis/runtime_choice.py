"""Choice of the runtime's Python: the plugin's environment, the user's own, or the checkout's."""

from __future__ import annotations

from pathlib import Path

from qgis.core import QgsApplication, QgsSettings
from qgis.PyQt.QtNetwork import QNetworkProxy

from geolangbind_qgis import settings
from geolangbind_qgis.protocol_import import CODE_ROOT
from geolangbind_qgis.runtime.environment_check import environment_python, find_environment
from geolangbind_qgis.runtime.launch import RuntimeCommand, runtime_command
from geolangbind_qgis.runtime.platforms import this_platform
from geolangbind_qgis.runtime.proxies import proxy_environment
from geolangbind_qgis.runtime.setup_error import SetupError

_FOLDER = "environment_folder"
_NETWORK = {"certificate": "network_certificate", "index": "network_index", "hub": "network_hub"}
"""The user's CA file and mirrors, by the names of ``runtime.proxies`` and of the settings (section geolangbind)."""


def runtime_home() -> Path:
    """Returns the folder of logs and the environment: in the user's profile, outside the plugin folder."""
    return Path(QgsApplication.qgisSettingsDirPath()) / "geolangbind"


def environment_folder() -> Path:
    """Returns the folder of the plugin's environment."""
    home = this_platform().data_folder or runtime_home()
    return Path(settings.value(_FOLDER) or home / "environment")


def choose_environment_folder(folder: Path) -> None:
    """Set the folder of the environment, for instance on a larger disk."""
    settings.remember(_FOLDER, str(folder))


def chosen_python() -> Path | None:
    """Returns the interpreter to use; None without an environment."""
    manifest = find_environment(environment_folder())
    if manifest is not None:
        return Path(manifest.python)
    in_checkout = environment_python(CODE_ROOT / ".venv")  # a developer's; the packaged plugin has none
    return in_checkout if in_checkout.is_file() else None


def chosen_command() -> RuntimeCommand | None:
    """Returns the command that starts the runtime; None without an environment."""
    python = chosen_python()
    if python is None:
        return None
    try:
        network = proxy_environment(qgis_proxy())
    except SetupError:
        network = {}  # a kind of proxy that only matters for downloads, which say so themselves
    return runtime_command(python, CODE_ROOT, runtime_home(), extra_environment=network)


def qgis_proxy() -> dict[str, object]:
    """Returns QGIS's proxy settings and the plugin's network settings, as ``runtime.proxies`` takes them."""
    stored = QgsSettings()
    named = {name: str(settings.value(setting) or "") for name, setting in _NETWORK.items()}
    own: dict[str, object] = {name: value for name, value in named.items() if value}
    if not stored.value("proxy/proxyEnabled", False, type=bool):
        return own
    kind = str(stored.value("proxy/proxyType", ""))
    facts: dict[str, object] = {
        **own,
        "enabled": True,
        "type": kind,
        "host": str(stored.value("proxy/proxyHost", "")),
        "port": str(stored.value("proxy/proxyPort", "")),
        "user": str(stored.value("proxy/proxyUser", "")),
        "password": str(stored.value("proxy/proxyPassword", "")),
        "excludes": stored.value("proxy/noProxyUrls", []) or [],
    }
    if kind == "DefaultProxy":
        system = QNetworkProxy.applicationProxy()
        if system.hostName():
            facts.update(type="HttpProxy", host=system.hostName(), port=str(system.port()))
    return facts
