"""Files that name other files, hold code for a database, or grow when they are read."""

from __future__ import annotations

import socket
import sqlite3
import zipfile

import numpy as np
import pytest
import rasterio
import shapely
from affine import Affine

from core.errors import GeoLangBindError, TrainingError
from core.finetune.labels import open_labels
from core.raster.reader import open_raster
from tests.core.vector_files import write_vector

ENTITIES = "".join(f'<!ENTITY {chr(98 + level)} "{("&" + chr(97 + level) + ";") * 20}">' for level in range(8))
BOMB = f'<?xml version="1.0"?><!DOCTYPE b [<!ENTITY a "{"a" * 40}">{ENTITIES}]>'
PROJECT = (
    '<!DOCTYPE qgis PUBLIC "http://mrcc.com/qgis.dtd" "SYSTEM"><qgis version="3.22"><projectlayers>'
    '<maplayer type="raster"><datasource>/vsicurl/http://127.0.0.1:{port}/x.tif</datasource>'
    "<provider>gdal</provider></maplayer></projectlayers></qgis>"
)


def write_picture(path):
    with rasterio.open(
        path, "w", driver="GTiff", height=32, width=32, count=3, dtype="uint8", transform=Affine(1, 0, 0, 0, -1, 32)
    ) as file:
        file.write(np.random.default_rng(0).integers(1, 250, (3, 32, 32)).astype(np.uint8))
    return path


@pytest.fixture
def listening():
    """A socket on localhost that nobody should call."""
    with socket.create_server(("127.0.0.1", 0)) as made:
        made.setblocking(False)
        yield made


@pytest.mark.parametrize("ending", ["qgs", "qlr", "qgz"])
def test_a_project_is_neither_raster_nor_labels_and_its_sources_are_not_opened(tmp_path, listening, ending):
    path, text = tmp_path / f"project.{ending}", PROJECT.format(port=listening.getsockname()[1])
    if ending == "qgz":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("project.qgs", text)
    else:
        path.write_text(text)
    with pytest.raises(GeoLangBindError, match="not a raster that can be read"), open_raster(str(path)):
        pass
    with pytest.raises(TrainingError), open_labels(str(path)):
        pass
    with pytest.raises(BlockingIOError):  # nobody called
        listening.accept()


def test_entities_beside_a_raster_do_not_grow(tmp_path):
    path = write_picture(tmp_path / "picture.tif")
    (tmp_path / "picture.tif.aux.xml").write_text(
        f'{BOMB}<PAMDataset><Metadata><MDI key="SENSOR">&i;</MDI></Metadata></PAMDataset>'
    )
    with open_raster(str(path)) as raster:
        assert max(map(len, raster.info.tags.values()), default=0) < 1000


@pytest.mark.parametrize(
    "text", [f"{BOMB}<a>&i;</a>", '<?xml version="1.0"?><!DOCTYPE b [<!ENTITY x SYSTEM "{secret}">]><a>&x;</a>']
)
def test_entities_in_labels_neither_grow_nor_read_files(tmp_path, text):
    secret = tmp_path / "secret.txt"
    secret.write_text("private words")
    body = text.format(secret=secret.as_uri()) if "{secret}" in text else text
    head, _, value = body.partition("<a>")
    path = tmp_path / "labels.gml"
    path.write_text(
        f'{head}<ogr:FeatureCollection xmlns:ogr="http://ogr.maptools.org/" xmlns:gml="http://www.opengis.net/gml">'
        "<gml:featureMember><ogr:x><ogr:geometryProperty><gml:Point><gml:coordinates>1,1</gml:coordinates></gml:Point>"
        f"</ogr:geometryProperty><ogr:class>{value.removesuffix('</a>')}</ogr:class></ogr:x></gml:featureMember>"
        "</ogr:FeatureCollection>"
    )
    with pytest.raises(TrainingError) as refused, open_labels(str(path), "class"):
        pass
    assert "private words" not in str(refused.value)


@pytest.fixture
def database(tmp_path):
    """Labels in a GeoPackage whose triggers write and one of whose layers would load a program."""
    path = tmp_path / "labels.gpkg"
    write_vector(path, [shapely.box(0, 0, 9, 9), shapely.box(20, 20, 29, 29)], ["a", "b"], kind="Polygon")
    database = sqlite3.connect(path)
    table, column = database.execute("SELECT table_name, column_name FROM gpkg_geometry_columns").fetchone()
    database.execute("CREATE TABLE written(what)")
    for event in ("INSERT", "UPDATE", "DELETE"):
        database.execute(
            f'CREATE TRIGGER on_{event} AFTER {event} ON "{table}" BEGIN INSERT INTO written VALUES(1); END'
        )
    database.execute(
        f'CREATE VIEW program AS SELECT fid, "{column}", load_extension(\'{tmp_path}/x.so\') AS class FROM "{table}"'
    )
    database.execute(
        "INSERT INTO gpkg_contents(table_name, data_type, identifier, srs_id) "
        "SELECT 'program', 'features', 'program', srs_id FROM gpkg_contents LIMIT 1"
    )
    database.execute(
        "INSERT INTO gpkg_geometry_columns SELECT 'program', column_name, geometry_type_name, srs_id, z, m "
        "FROM gpkg_geometry_columns LIMIT 1"
    )
    database.commit()
    database.close()
    return path


def test_reading_labels_runs_no_trigger(database):
    before = database.read_bytes()
    with open_labels(str(database), "class") as labels:
        assert labels.classes == ("a", "b")
    assert database.read_bytes() == before


def test_a_layer_that_would_load_a_program_gives_no_labels(database):
    refused = pytest.raises(TrainingError, match=r"The layer 'program' of .* cannot be read")
    with refused, open_labels(f"{database}|layername=program", "class"):
        pass
