"""A virtual raster reaches for nothing that it may not: files of the computer, addresses, raw bytes, code."""

from __future__ import annotations

import socket
import threading
import zipfile
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
import rasterio

from core.errors import InputError
from core.raster.gdal_open import opened_gdal
from core.raster.reader import open_raster
from core.raster.virtual_raster import TRUST_VARIABLE, refuse_unsafe

SIDE = 8


@pytest.fixture
def picture(tmp_path):
    """A raster that nobody outside its folder should be led to."""
    path = tmp_path / "private" / "picture.tif"
    path.parent.mkdir()
    with rasterio.open(path, "w", driver="GTiff", width=SIDE, height=SIDE, count=1, dtype="uint8") as file:
        file.write(np.full((1, SIDE, SIDE), 7, np.uint8))
    return path


def vrt_of(source: str, *, relative: bool = False, band: str = "", extra: str = "") -> str:
    return (
        f'<VRTDataset rasterXSize="{SIDE}" rasterYSize="{SIDE}">'
        f'<VRTRasterBand dataType="Byte" band="1" {band}>{extra}'
        f'<SimpleSource><SourceFilename relativeToVRT="{int(relative)}">{source}</SourceFilename>'
        "<SourceBand>1</SourceBand></SimpleSource></VRTRasterBand></VRTDataset>"
    )


def raw_vrt(source: Path, relative: bool) -> str:
    return (
        f'<VRTDataset rasterXSize="{SIDE}" rasterYSize="{SIDE}">'
        '<VRTRasterBand dataType="Byte" band="1" subClass="VRTRawRasterBand">'
        f'<SourceFilename relativeToVRT="{int(relative)}">{source}</SourceFilename>'
        "<ImageOffset>0</ImageOffset><PixelOffset>1</PixelOffset><LineOffset>8</LineOffset>"
        "</VRTRasterBand></VRTDataset>"
    )


@contextmanager
def served(folder: Path):
    """Serve a folder on localhost; gives the address and the paths that were asked for."""
    asked = []

    class Handler(SimpleHTTPRequestHandler):
        def __init__(self, *arguments):
            super().__init__(*arguments, directory=str(folder))

        def send_head(self):
            asked.append(self.path)
            return super().send_head()

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_local_vrt_of_local_rasters_is_read_as_ever(tmp_path, picture):
    path = tmp_path / "mosaic.vrt"
    path.write_text(vrt_of(str(picture)))
    with open_raster(path) as raster:
        assert raster.grid.width == SIDE


def test_a_vrt_that_names_an_address_contacts_nobody(tmp_path, picture, monkeypatch):
    monkeypatch.delenv(TRUST_VARIABLE, raising=False)
    with served(picture.parent) as (address, asked):
        path = tmp_path / "tracker.vrt"
        path.write_text(vrt_of(f"/vsicurl/{address}/picture.tif"))
        with pytest.raises(InputError, match="address on a network") as refused, open_raster(path):
            pass
        assert TRUST_VARIABLE in str(refused.value)
        assert asked == []


def test_a_trusted_vrt_may_name_addresses(tmp_path, picture, monkeypatch):
    monkeypatch.setenv(TRUST_VARIABLE, "1")
    with served(picture.parent) as (address, asked):
        path = tmp_path / "mosaic.vrt"
        path.write_text(vrt_of(f"/vsicurl/{address}/picture.tif"))
        with opened_gdal(path) as raster:
            assert raster.read(1).tolist() == [[7] * SIDE] * SIDE
        assert asked


def test_a_vrt_on_a_server_may_not_name_files_of_this_computer(tmp_path, picture):
    shown = tmp_path / "shown"
    shown.mkdir()
    (shown / "evil.vrt").write_text(vrt_of(str(picture)))
    with (
        served(shown) as (address, _),
        pytest.raises(InputError, match="not on its own server"),
        open_raster(f"{address}/evil.vrt"),
    ):
        pass


def test_a_vrt_in_an_archive_may_not_name_files_outside_it(tmp_path, picture):
    path = tmp_path / "product.zip"
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("evil.vrt", vrt_of(str(picture)))
    with pytest.raises(InputError, match="not on its own archive"), open_raster(f"/vsizip/{path}/evil.vrt"):
        pass


@pytest.mark.parametrize("relative", [False, True])
def test_raw_bytes_of_private_files_are_not_pixels(tmp_path, relative):
    secret = tmp_path / "private" / "key"
    secret.parent.mkdir()
    secret.write_bytes(b"s" * SIDE * SIDE)
    folder = tmp_path / "shared"
    folder.mkdir()
    (folder / "raw.vrt").write_text(raw_vrt(Path("../private/key") if relative else secret, relative))
    with pytest.raises(InputError, match="raw bytes of a file elsewhere"), open_raster(folder / "raw.vrt"):
        pass


def test_a_link_does_not_lead_raw_bands_out_of_their_folder(tmp_path):
    secret = tmp_path / "key"
    secret.write_bytes(b"s" * SIDE * SIDE)
    folder = tmp_path / "shared"
    folder.mkdir()
    (folder / "data.bin").symlink_to(secret)
    (folder / "raw.vrt").write_text(raw_vrt(Path("data.bin"), True))
    with pytest.raises(InputError, match="raw bytes"), open_raster(folder / "raw.vrt"):
        pass


def test_code_in_a_vrt_is_refused(tmp_path, picture):
    code = "<PixelFunctionLanguage>Python</PixelFunctionLanguage><PixelFunctionType>m.f</PixelFunctionType>"
    path = tmp_path / "code.vrt"
    path.write_text(vrt_of(str(picture), band='subClass="VRTDerivedRasterBand"', extra=code))
    with pytest.raises(InputError, match="holds code"), open_raster(path):
        pass


def test_entities_that_grow_are_refused(tmp_path, picture):
    bomb = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>'
    path = tmp_path / "bomb.vrt"
    path.write_text(bomb + vrt_of(str(picture)))
    with pytest.raises(InputError, match="document type"), open_raster(path):
        pass


@pytest.mark.parametrize(
    "name",
    [
        "https://example.org/a.tif",
        "/vsicurl/https://example.org/a.tif",
        "/vsizip//vsicurl/https://example.org/a.zip/b.tif",
        "/vsis3/bucket/a.tif",
        "WMS:https://example.org",
        "&#104;ttps://example.org/a.tif",
        "<![CDATA[https://example.org/a.tif]]>",
        "&lt;GDAL_WMS&gt;",
    ],
)
def test_an_address_is_known_however_it_is_written(name, monkeypatch, tmp_path):
    monkeypatch.delenv(TRUST_VARIABLE, raising=False)
    with pytest.raises(InputError, match="address on a network"):
        refuse_unsafe(vrt_of(name), str(tmp_path / "a.vrt"))


def test_a_vrt_inside_a_vrt_is_looked_through(tmp_path, monkeypatch):
    monkeypatch.delenv(TRUST_VARIABLE, raising=False)
    inner = vrt_of("https://example.org/a.tif").replace("<", "&lt;").replace(">", "&gt;")
    with pytest.raises(InputError, match="address on a network"):
        refuse_unsafe(vrt_of(inner), str(tmp_path / "a.vrt"))


def test_names_beside_a_vrt_on_a_server_are_its_own():
    place = "/vsicurl/https://maps.example.org/a/b.vrt"
    refuse_unsafe(vrt_of("c.tif", relative=True), place)
    refuse_unsafe(vrt_of("/vsicurl/https://maps.example.org/d/c.tif"), place)
    with pytest.raises(InputError, match="server"):
        refuse_unsafe(vrt_of("/vsicurl/https://other.example.org/c.tif"), place)
    with pytest.raises(InputError, match="server"):
        refuse_unsafe(vrt_of("../../etc/c.tif", relative=True), place)


def test_no_name_is_looked_up_on_the_way(tmp_path, monkeypatch):
    def refuse(*_, **__):
        raise AssertionError("a name was looked up")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    path = tmp_path / "tracker.vrt"
    path.write_text(vrt_of("/vsicurl/https://tracker.example.org/a.tif"))
    with pytest.raises(InputError), open_raster(path):
        pass


SERVICES = {
    "wms": '<GDAL_WMS><Service name="TMS"><ServerUrl>{address}/${{z}}.png</ServerUrl></Service></GDAL_WMS>',
    "commented": "<?xml version='1.0'?>\n<!-- x -->\n<GDAL_WMTS><Url>{address}</Url></GDAL_WMTS>",
    "wcs": "<WCS_GDAL><ServiceURL>{address}/?</ServiceURL><CoverageName>a</CoverageName></WCS_GDAL>",
    "stac": '{{"type": "Feature", "stac_version": "1.0.0", "assets": {{"a": "{address}"}}}}',
}


@pytest.mark.parametrize("kind", SERVICES)
def test_a_file_that_describes_a_service_contacts_nobody_whatever_its_name(tmp_path, kind):
    with served(tmp_path) as (address, asked):
        (tmp_path / "picture.tif").write_text(SERVICES[kind].format(address=address))
        with pytest.raises(InputError, match="service on a network"), open_raster(tmp_path / "picture.tif"):
            pass
        assert asked == []


def test_a_vrt_does_not_reach_an_address_through_another_file(tmp_path):
    with served(tmp_path) as (address, asked):
        (tmp_path / "inner.tif").write_text(vrt_of(f"/vsicurl/{address}/picture.tif"))
        (tmp_path / "service.tif").write_text(SERVICES["wms"].format(address=address))
        for name, relative in (("inner.tif", True), (str(tmp_path / "inner.tif"), False), ("service.tif", True)):
            (tmp_path / "outer.vrt").write_text(vrt_of(name, relative=relative))
            with pytest.raises(InputError, match="network"), open_raster(tmp_path / "outer.vrt"):
                pass
        assert asked == []


def test_virtual_rasters_that_name_themselves_are_refused(tmp_path):
    (tmp_path / "own.vrt").write_text(vrt_of("own.vrt", relative=True))
    with pytest.raises(InputError, match="other virtual rasters"), open_raster(tmp_path / "own.vrt"):
        pass


@pytest.mark.parametrize("ending", [".ovr", ".msk", ".aux.xml"])
def test_companions_of_a_raster_contact_nobody(tmp_path, picture, ending):
    with served(tmp_path) as (address, asked):
        place = f"/vsicurl/{address}/picture.tif"
        overviews = (
            f'<PAMDataset><Metadata domain="OVERVIEWS"><MDI key="OVERVIEW_FILE">{place}</MDI></Metadata></PAMDataset>'
        )
        text = overviews if ending == ".aux.xml" else vrt_of(place)
        Path(f"{picture}{ending}").write_text(text)
        with pytest.raises(InputError, match="network"), open_raster(picture):
            pass
        assert asked == []


def write_levels(folder, levels, wide):
    """Write virtual rasters of which each names every one of the next level, and return the first."""
    for level in range(levels):
        below = [f"{level + 1}_{number}.vrt" for number in range(wide)] if level < levels - 1 else ["picture.tif"]
        sources = "".join(
            f'<SimpleSource><SourceFilename relativeToVRT="1">{name}</SourceFilename></SimpleSource>' for name in below
        )
        for number in range(wide):
            (folder / f"{level}_{number}.vrt").write_text(
                '<VRTDataset rasterXSize="8" rasterYSize="8"><VRTRasterBand dataType="Byte" band="1">'
                f"{sources}</VRTRasterBand></VRTDataset>"
            )
    return folder / "0_0.vrt"


def test_virtual_rasters_that_lead_to_the_same_images_countless_times_are_refused(tmp_path):
    path = write_levels(tmp_path, 7, 40)
    with pytest.raises(InputError, match="more than 10,000,000 times"), open_raster(str(path)):
        pass


def test_a_file_that_a_virtual_raster_names_often_is_looked_at_once(tmp_path, monkeypatch):
    from core.raster import virtual_raster

    looked_at = []
    monkeypatch.setattr(virtual_raster, "refuse_service", looked_at.append)
    write_levels(tmp_path, 2, 3)
    text = (tmp_path / "0_0.vrt").read_text().replace("1_1.vrt", "1_0.vrt").replace("1_2.vrt", "1_0.vrt")
    virtual_raster.refuse_unsafe(text, str(tmp_path / "0_0.vrt"))
    assert looked_at == [str(tmp_path / "1_0.vrt"), str(tmp_path / "picture.tif")]
