"""From the plugin's zip to a first map, as a new user does it; prints the clicks and the time.

    python3 scripts/zip_to_map.py [--zip FILE] [--picture FILE.png] [--most-minutes 5] [--most-clicks 6]

Starts the real QGIS with an empty profile (under ``xvfb-run`` where there is no display), installs the zip, presses the
buttons of the dock and waits for the map. The environment is really installed, from the package registry. The second
half of the file is what runs within QGIS (``qgis --code``).
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess  # nosec B404 - starts QGIS
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

_INSIDE = "GEOLANGBIND_ZIP"

_SETTINGS = """[qgis]
showTips=false
checkVersion=false

[locale]
overrideFlag=true
userLocale=en_US
"""


def main(arguments: list[str]) -> int:
    """Do it and print how long it took; 0 where it stays within both limits."""
    root = Path(__file__).resolve().parent.parent
    parser = argparse.ArgumentParser(description="From the plugin's zip to a first map: clicks and time.")
    parser.add_argument("--zip", type=Path, help="packed plugin; packed anew where none is named")
    parser.add_argument("--picture", type=Path, help="where a picture of the window with the map goes")
    parser.add_argument("--most-minutes", type=float, default=5.0)
    parser.add_argument("--most-clicks", type=int, default=6)
    parser.add_argument("--patience", type=int, default=3600, help="seconds after which it is given up")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="geolangbind-first-use-") as folder:
        packed = options.zip or _pack(root, Path(folder))
        profile = Path(folder) / "profiles" / "default" / "QGIS"
        profile.mkdir(parents=True)
        (profile / "QGIS3.ini").write_text(_SETTINGS, encoding="utf-8")
        report = Path(folder) / "report.json"
        environment = {
            **os.environ,
            _INSIDE: str(packed.resolve()),
            "GEOLANGBIND_REPORT": str(report),
            "GEOLANGBIND_PICTURE": str(options.picture.resolve()) if options.picture else "",
            "PATH": f"/usr/bin:/bin:{os.environ.get('PATH', '')}",  # QGIS finds its own Python by the path
        }
        command = [_qgis(), "--profiles-path", folder, "--noversioncheck", "--nologo", "--code", __file__]
        if not os.environ.get("DISPLAY"):
            command = ["xvfb-run", "-a", "-s", "-screen 0 1600x1000x24", *command]
        subprocess.run(command, env=environment, timeout=options.patience, check=False)  # nosec B603
        if not report.is_file():
            print("QGIS ended before there was a map.", file=sys.stderr)
            return 1
        return _print_report(json.loads(report.read_text(encoding="utf-8")), options.most_minutes, options.most_clicks)


def _pack(root: Path, folder: Path) -> Path:
    subprocess.run([sys.executable, str(root / "packaging" / "package.py"), "--output", str(folder)], check=True)  # nosec B603
    return next(folder.glob("*.zip"))


def _qgis() -> str:
    return shutil.which("qgis.bin") or shutil.which("qgis") or "qgis"


def _print_report(report: dict[str, Any], most_minutes: float, most_clicks: int) -> int:
    """Print the steps with their times, and say whether both limits hold."""
    for seconds, step in report["steps"]:
        print(f"{seconds:7.1f} s  {step}")
    seconds, clicks = report["seconds"], report["clicks"]
    print(f"From zip to first map: {seconds / 60:.1f} minutes, {clicks} clicks; found: {report['found']}")
    return 0 if seconds <= 60 * most_minutes and clicks <= most_clicks else 1


def inside() -> None:
    """Press the buttons within QGIS, write the report, and quit."""
    import pyplugin_installer
    from qgis.core import QgsApplication, QgsProject
    from qgis.PyQt.QtCore import QEventLoop, Qt, QTimer
    from qgis.PyQt.QtTest import QTest
    from qgis.PyQt.QtWidgets import QAbstractButton
    from qgis.utils import iface, plugins

    began = time.monotonic()
    steps: list[tuple[float, str]] = []
    clicks = 0

    def note(step: str) -> None:
        steps.append((time.monotonic() - began, step))
        print(f"{steps[-1][0]:7.1f} s  {step}", flush=True)

    def wait_for(condition: Any) -> None:  # noqa: ANN401 - a function without arguments
        while not condition():
            loop = QEventLoop()
            QTimer.singleShot(50, loop.quit)
            loop.exec()

    def click(button: QAbstractButton) -> None:
        nonlocal clicks
        wait_for(lambda: button.isVisible() and button.isEnabled())
        QTest.mouseClick(button, Qt.MouseButton.LeftButton)
        clicks += 1
        note(f"click {clicks}: {button.text().replace('&', '') or button.toolTip()}")

    pyplugin_installer.instance().installFromZipFile(os.environ[_INSIDE])
    clicks += 1
    note("click 1: Install Plugin")
    wait_for(lambda: "geolangbind_qgis" in plugins)
    dock = plugins["geolangbind_qgis"].dock
    wait_for(dock.isVisible)
    click(dock.setup.install_button)
    click(dock.setup.start_button)
    note("the environment is set up")
    click(dock.page.sample_button)
    click(dock.page.run_bar.run_button)
    wait_for(lambda: dock.highlighter.busy)
    wait_for(lambda: not dock.highlighter.busy)
    wait_for(lambda: dock.page.result.histogram() is not None)
    iface.mapCanvas().waitWhileRendering()
    note("the map is there")
    report = {
        "steps": steps,
        "seconds": time.monotonic() - began,
        "clicks": clicks,
        "found": dock.page.result.area.text(),
    }
    if os.environ["GEOLANGBIND_PICTURE"]:
        iface.mainWindow().grab().save(os.environ["GEOLANGBIND_PICTURE"])
    Path(os.environ["GEOLANGBIND_REPORT"]).write_text(json.dumps(report), encoding="utf-8")
    QgsProject.instance().setDirty(False)
    QgsApplication.instance().exit(0)


if os.environ.get(_INSIDE) and "qgis.utils" in sys.modules:
    from qgis.PyQt.QtCore import QTimer

    def _start() -> None:
        import traceback

        from qgis.core import QgsApplication

        try:
            inside()
        except Exception:  # whatever it is, QGIS must end
            traceback.print_exc()
            QgsApplication.instance().exit(1)

    QTimer.singleShot(2500, _start)
elif __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
