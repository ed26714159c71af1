#!/usr/bin/env bash
# Makes .venv-qgis, in which the QGIS tests run: the system's QGIS and Python, plus pytest. As root on Debian or Ubuntu,
# a missing QGIS is installed. A second call returns at once.
set -euo pipefail
cd "$(dirname "$0")/.."

target=.venv-qgis
wanted=tests/qgis/requirements.txt
stamp=$target/geolangbind-requirements.txt
python=${QGIS_PYTHON:-/usr/bin/python3}

if [ -x "$target/bin/python" ] && cmp -s "$wanted" "$stamp"; then
    exit 0
fi

has_qgis() { "$python" -c 'import qgis.core, ensurepip, venv' >/dev/null 2>&1; }

if ! has_qgis; then
    if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
        echo "QGIS for $python is missing. On Debian or Ubuntu: sudo apt install qgis python3-qgis python3-venv" >&2
        exit 1
    fi
    echo "Installing QGIS"
    export DEBIAN_FRONTEND=noninteractive
    apt-get -qq update </dev/null >/dev/null
    apt-get -qq install -y --no-install-recommends qgis python3-qgis python3-venv </dev/null >/dev/null
    has_qgis || { echo "QGIS was installed, but $python cannot import it." >&2; exit 1; }
fi

echo "Making $target"
rm -f "$stamp"
env -u PYTHONPATH -u PYTHONHOME "$python" -m venv --clear --system-site-packages "$target"
"$target/bin/python" -m pip install -qq --no-input --disable-pip-version-check -r "$wanted" </dev/null
for name in numpy gdal osgeo PyQt5 qgis; do
    if compgen -G "$target/lib/python3*/site-packages/$name" >/dev/null; then
        echo "$name of $target would shadow the system's, which QGIS was built with." >&2
        exit 1
    fi
done
cp "$wanted" "$stamp"
