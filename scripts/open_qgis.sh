#!/usr/bin/env bash
# Opens QGIS with the plugin of this checkout and the demo scene, in a profile of its own under build/.
#   scripts/open_qgis.sh [more arguments of qgis]
set -euo pipefail
cd "$(dirname "$0")/.."

root=$PWD
profiles=$root/build/qgis-profile
plugins=$profiles/profiles/default/python/plugins
settings=$profiles/profiles/default/QGIS/QGIS3.ini
scene=$root/demo/scene.tif

command -v qgis >/dev/null || { echo "QGIS is missing. On Debian or Ubuntu: sudo apt install qgis python3-qgis" >&2; exit 1; }
mkdir -p "$plugins" "$(dirname "$settings")"
ln -sfn "$root" "$plugins/geolangbind_qgis"
[ -f "$settings" ] || printf '[PythonPlugins]\ngeolangbind_qgis=true\nprocessing=true\n' >"$settings"
[ -f "$scene" ] || .venv/bin/python -m training.simulate.demo -o demo
# QGIS finds its own Python by the path
exec env -u PYTHONPATH -u PYTHONHOME PATH="/usr/bin:/bin:$PATH" qgis --profiles-path "$profiles" --nologo --noversioncheck "$@" "$scene"
