"""A PostGIS of its own in a temporary folder, reached through a socket file; gone when it is closed."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path


def postgresql_folder():
    """Returns the folder of PostgreSQL's programs; None where there is none."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb")) or [Path(shutil.which("initdb") or "")]
    return found[-1].resolve().parent if found[-1].is_file() else None


def why_not():
    """Say what is missing; empty where PostGIS can be started."""
    if postgresql_folder() is None:
        return "PostgreSQL is not installed: initdb"
    if shutil.which("raster2pgsql") is None:
        return "PostGIS is not installed: raster2pgsql"
    share = Path("/usr/share/postgresql")
    if not list(share.glob("*/extension/postgis_raster.control")):
        return "PostGIS is not installed: postgis_raster"
    return ""


class PostgisServer:
    """A database "gis" for one user, without a port; PostgreSQL refuses to run as root, so root becomes "nobody"."""

    def __init__(self):
        self._user = {"user": "nobody", "group": "nogroup", "extra_groups": []} if os.geteuid() == 0 else {}
        self.folder = Path(tempfile.mkdtemp(prefix="geolangbind-postgis-"))
        if self._user:
            shutil.chown(self.folder, "nobody", "nogroup")
        self._data = self.folder / "data"
        try:
            self._run("initdb", "-D", self._data, "-U", "gis", "-A", "trust", "--no-sync", "--no-locale", "-E", "UTF8")
            settings = f"-F -k {self.folder} -c listen_addresses='' -c shared_buffers=16MB"
            self._run("pg_ctl", "-D", self._data, "-w", "-l", self.folder / "log", "-o", settings, "start")
        except subprocess.CalledProcessError:
            shutil.rmtree(self.folder, ignore_errors=True)
            raise
        self.execute("CREATE DATABASE gis", database="postgres")
        self.execute("CREATE EXTENSION postgis; CREATE EXTENSION postgis_raster;")

    def execute(self, sql, database="gis"):
        self._run("psql", "-h", self.folder, "-U", "gis", "-d", database, "-q", "-v", "ON_ERROR_STOP=1", text=sql)

    def load(self, raster, table, tile=64):
        """Load a raster in tiles, with index and constraints."""
        command = ["raster2pgsql", "-q", "-C", "-I", "-M", "-t", f"{tile}x{tile}", str(raster), table]
        self.execute(subprocess.run(command, check=True, capture_output=True, text=True).stdout)

    def layer_source(self, table):
        return (
            f"dbname='gis' host='{self.folder}' port='5432' user='gis' sslmode=disable key='rid' "
            f'table="public"."{table}" (rast)'
        )

    def close(self):
        self._run("pg_ctl", "-D", self._data, "-m", "immediate", "stop")
        shutil.rmtree(self.folder)

    def _run(self, program, *arguments, text=""):
        command = [str(postgresql_folder() / program), *map(str, arguments)]
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": self.folder}
        subprocess.run(command, check=True, input=text.encode(), **quiet, **self._user)
