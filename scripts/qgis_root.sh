#!/usr/bin/env bash
# Runs the QGIS tests with another QGIS than this system's: in a Debian system of its own, in a folder, with that
# system's Python. Needs root on Debian or Ubuntu, a network, and about 10 GB; the first call takes minutes.
#   scripts/qgis_root.sh 3.40 [test files and options of pytest]
#   scripts/qgis_root.sh 3.40 --remove
# GEOLANGBIND_QGIS_ROOTS names the folder of these systems (/var/tmp/geolangbind-qgis).
# Exit status: pytest's, or 77 where such a system cannot be made here.
set -euo pipefail
cd "$(dirname "$0")/.."

declare -A suites=([3.40]=trixie [3.44]=forky)
version=${1:-}
suite=${suites[$version]:-}
[ -n "$suite" ] || { echo "usage: scripts/qgis_root.sh ${!suites[*]} [options of pytest]" >&2; exit 2; }
shift

roots=${GEOLANGBIND_QGIS_ROOTS:-/var/tmp/geolangbind-qgis}
root=$roots/$version
checkout=$PWD
inside=/srv/geolangbind
packages=ca-certificates,git,make,python3-qgis,python3-venv,qgis,xauth,xvfb
stamp=$root/geolangbind-packages.txt

cannot() { echo "QGIS $version was not tested: $1" >&2; exit 77; }

[ "$(id -u)" = 0 ] || cannot "making a Debian system needs root."
command -v apt-get >/dev/null || cannot "making a Debian system needs Debian or Ubuntu."
mkdir -p "$roots"
exec 8>"$roots/$version.lock"
flock -n 8 || cannot "another run uses $root."

remove_root() { # nothing is mounted in it: mounts live in the name space of a run
    ! grep -q " $root/" /proc/self/mountinfo || { echo "$root has something mounted in it." >&2; exit 1; }
    rm -rf --one-file-system "$root"
}

if [ "${1:-}" = --remove ]; then
    remove_root
    exit 0
fi

if ! [ -e "$stamp" ] || [ "$(cat "$stamp")" != "$suite $packages" ]; then
    if ! command -v mmdebstrap >/dev/null; then
        { DEBIAN_FRONTEND=noninteractive apt-get -qq update &&
            DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends mmdebstrap; } \
            </dev/null >/dev/null || cannot "mmdebstrap could not be installed."
    fi
    echo "Making Debian $suite with QGIS in $root"
    remove_root
    # of a suite that is still being made, an older state is as good
    mmdebstrap --quiet --variant=apt --aptopt='Acquire::Check-Valid-Until "false"' --include="$packages" \
        "$suite" "$root" </dev/null || { remove_root; cannot "Debian $suite could not be installed."; }
    echo "$suite $packages" >"$stamp"
fi

# The files of the checkout, without what git ignores; environments made there by an earlier call stay.
mkdir -p "$root$inside"
find "$root$inside" -mindepth 1 -maxdepth 1 -not -name '.venv*' -exec rm -rf {} +
git ls-files -z --cached --others --exclude-standard | tar --create --null --files-from=- --ignore-failed-read |
    tar --extract --directory="$root$inside"

# Network settings of this system, which pip needs there as well: its files, the certificates, and folders they name.
mkdir -p "$root/usr/local/share/ca-certificates" "$root/root/.config/pip"
[ ! -e /etc/pip.conf ] || cp /etc/pip.conf "$root/etc/pip.conf"
[ ! -e "$HOME/.config/pip/pip.conf" ] || cp "$HOME/.config/pip/pip.conf" "$root/root/.config/pip/pip.conf"
cp /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/ca-certificates.crt"
mapfile -t folders < <(python3 -m pip config list 2>/dev/null | grep -oE "/[^ '\":\\\\]+" |
    sed -E 's#^/+#/#; s#/simple/?$##' | sort -u)

binds=(/proc /dev /sys)
for folder in "${folders[@]}"; do
    [ ! -d "$folder" ] || binds+=("$folder")
done

run_inside() { # in a name space of its own, so that no mount outlives it
    unshare --mount --propagation private bash -euc '
        root=$1 inside=$2 count=$3
        shift 3
        for folder in "${@:1:count}"; do
            mkdir -p "$root$folder"
            mount --rbind "$folder" "$root$folder"
        done
        [ ! -e /etc/resolv.conf ] || cp -L /etc/resolv.conf "$root/etc/resolv.conf"
        [ ! -e /etc/hosts ] || cp -L /etc/hosts "$root/etc/hosts"
        shift "$count"
        exec chroot "$root" env HOME=/root LANG=C.UTF-8 LC_ALL=C.UTF-8 \
            PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
            bash -euc "cd \"\$1\"; shift; exec \"\$@\"" inside "$inside" "$@"
    ' bind "$root" "$inside" "${#binds[@]}" "${binds[@]}" "$@" 8>&- # whatever a crash leaves running holds no lock
}

run_inside make --no-print-directory env qgis-env PYTHON=/usr/bin/python3 </dev/null
run_inside .venv-qgis/bin/python -c 'from qgis.core import Qgis; import sys; print("QGIS", Qgis.QGIS_VERSION, "with Python", sys.version.split()[0])'
[ $# -gt 0 ] || set -- tests/qgis
run_inside env QT_QPA_PLATFORM=offscreen .venv-qgis/bin/python -m pytest "$@" </dev/null
