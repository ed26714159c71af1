"""Rasters in the layouts of AlphaEarth and TESSERA, of a made landscape of which every class is known."""

import numpy as np
import rasterio
from rasterio.transform import Affine

UTM = "EPSG:32633"
PLACE = Affine(10, 0, 600000, 0, -10, 5040000)
SIDE = 96


def classes(side=SIDE):
    """(h, w) of 0 west (water), 1 middle (wood), 2 east (field)."""
    return np.repeat(np.arange(3), side // 3)[None].repeat(side, axis=0)


def vectors(dimensions, drawn=None, seed=0, noise=0.5):
    """Unit vectors (D, h, w): a direction for each class and noise."""
    drawn = classes() if drawn is None else drawn
    directions = np.random.default_rng(7).normal(size=(4, dimensions))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    blurred = directions[drawn].transpose(2, 0, 1)
    blurred = blurred + np.random.default_rng(seed).normal(size=blurred.shape) * noise / np.sqrt(dimensions)
    return (blurred / np.linalg.norm(blurred, axis=0)).astype("float32")


def quantised(values):
    """Return AlphaEarth's codes: value = sign(code) * (abs(code) / 127.5) ** 2."""
    return np.rint(np.sign(values) * np.sqrt(np.abs(values)) * 127.5).clip(-127, 127).astype("int8")


def write(path, values, names=None, tags=None, transform=PLACE, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    with rasterio.open(
        path, "w", driver="GTiff", count=len(values), height=values.shape[1], width=values.shape[2],
        dtype=values.dtype, crs=UTM, transform=transform, **options,
    ) as file:  # fmt: skip
        file.write(values)
        for number, name in enumerate(names or (), 1):
            file.set_band_description(number, name)
        file.update_tags(**(tags or {}))
    return path


def alphaearth(folder, values=None, name="x7mhj3u1mzbeys5v2-0000000000-0000000000.tiff", masked=4):
    """Write a tile as AlphaEarth's COGs are: int8, A00 to A63, -128 in every band of a masked pixel."""
    codes = quantised(vectors(64) if values is None else values)
    if masked:
        codes[:, :masked] = -128
    return write(folder / name, codes, [f"A{axis:02}" for axis in range(64)], nodata=-128)


def tessera(folder, values=None):
    """Write a tile as geotessera exports it: float32, not of length 1, names and tags of its own."""
    values = vectors(128) if values is None else values
    names = [f"Tessera_Band_{axis}" for axis in range(128)]
    tags = {"TESSERA_DATASET_VERSION": "v1", "TESSERA_YEAR": "2024", "TESSERA_TILE_LAT": "45.45"}
    return write(folder / "grid_16.25_45.45_2024.tiff", values * 6.5, names, tags)


def tessera_arrays(folder, values=None):
    """Write a tile as geotessera downloads it: int8 arrays and scales of NumPy, and a landmask that has the place."""
    values = vectors(128) if values is None else values
    scales = np.abs(values).max(axis=0) / 127
    codes = np.rint(values / scales).astype("int8").transpose(1, 2, 0)
    scales = (scales * 6.5).astype("float32")
    scales[:4] = np.nan
    tile = folder / "global_0.1_degree_representation" / "2024" / "grid_16.25_45.45"
    tile.mkdir(parents=True)
    np.save(tile / "grid_16.25_45.45.npy", codes)
    np.save(tile / "grid_16.25_45.45_scales.npy", scales)
    land = np.ones((1, *values.shape[1:]), "uint8")
    write(folder / "global_0.1_degree_tiff_all" / "grid_16.25_45.45.tiff", land)
    return tile / "grid_16.25_45.45.npy"


def labels(folder, count=5, seed=0):
    """Write small squares of every class as polygons; gives the path."""
    import pyogrio
    import shapely

    rng = np.random.default_rng(seed)
    shapes, names = [], []
    for code, name in enumerate(("water", "wood", "field")):
        for row in np.linspace(8, SIDE - 14, count).astype(int):
            col = code * SIDE // 3 + int(rng.integers(4, SIDE // 3 - 10))
            x, y = PLACE @ (col, row)
            shapes.append(shapely.box(x, y - 60, x + 60, y))
            names.append(name)
    path = folder / "labels.gpkg"
    pyogrio.raw.write(
        path, shapely.to_wkb(np.array(shapes)), [np.array(names, object)], ["class"], geometry_type="Polygon", crs=UTM
    )
    return path
