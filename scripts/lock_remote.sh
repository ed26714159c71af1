#!/usr/bin/env bash
# Writes resources/requirements/remote.lock: the extra "remote" of pyproject.toml with the hashes of all platforms' files,
# at the runtime's versions where the runtime has the same packages.
set -euo pipefail
cd "$(dirname "$0")/.."
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python=${PYTHON:-python3.11}
"$python" -m venv "$folder/tools"
"$folder/tools/bin/pip" install --quiet pip-tools
"$python" - > "$folder/remote.in" <<'END'
import tomllib
project = tomllib.load(open("pyproject.toml", "rb"))["project"]
print("\n".join(project["optional-dependencies"]["remote"]))
END
"$folder/tools/bin/pip-compile" --quiet --generate-hashes --no-header --no-annotate --strip-extras \
  --no-emit-index-url --no-emit-trusted-host --no-emit-find-links \
  --constraint resources/requirements/runtime.lock --constraint resources/requirements/test.lock \
  --output-file "$folder/remote.out" "$folder/remote.in"
{
  sed '/^[^#]/,$d' resources/requirements/remote.lock  # its heading
  cat "$folder/remote.out"
} > "$folder/remote.lock"
mv "$folder/remote.lock" resources/requirements/remote.lock
