"""Imports ``core.protocol``, the one package that plugin and runtime share, without changing ``sys.path``.

The package is read from its folder, so it does not matter whether the folder around it is on the path or whether
another plugin has a package named ``core``. A checkout and the installed plugin have the same layout.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

CODE_ROOT = Path(__file__).resolve().parent.parent
"""The folder that holds ``geolangbind_qgis``, ``core``, ``training`` and ``resources``."""

_NAME = f"{__package__}.shared_protocol"


def _load_protocol() -> ModuleType:
    """Returns ``core.protocol``, loaded once.

    Raises:
        ImportError: the plugin folder is incomplete.
    """
    file = CODE_ROOT / "core" / "protocol" / "__init__.py"
    for name in ("core.protocol", _NAME):
        loaded = sys.modules.get(name)
        if loaded is not None and Path(str(loaded.__file__)).resolve() == file:
            return loaded
    if not file.is_file():
        raise ImportError(f"The GeoLangBind plugin is incomplete: {file} is missing. Install the plugin again.")
    spec = importlib.util.spec_from_file_location(_NAME, file, submodule_search_locations=[str(file.parent)])
    if spec is None or spec.loader is None:
        raise ImportError(f"{file} cannot be imported.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[_NAME] = module  # dataclasses and relative imports look their module up there
    spec.loader.exec_module(module)
    return module


if TYPE_CHECKING:  # for mypy; at run time the package is found by its path alone
    from core import protocol
else:
    protocol = _load_protocol()
