"""Writes Arc/Info binary grids, which GDAL reads but does not write.

Layout: https://gdal.org/drivers/raster/aig.html and the notes on the format it points to: header, index of tiles, tiles
of uncompressed big-endian floats, bounds.
"""

import struct

import numpy as np

TILE = 256


def write_esri_grid(folder, values, x, y, size):
    """Write (h, w) float values, h a multiple of 4 and w at most 256, with the lower left corner at x, y."""
    height, width = values.shape
    folder.mkdir()
    rows = -(-height // 4)
    header = bytearray(308)
    header[0:8] = b"GRID1.2\0"
    header[16:24] = struct.pack(">ii", 2, 1)  # floats, not compressed
    header[256:288] = struct.pack(">dddd", size, size, 0.0, 0.0)
    header[288:308] = struct.pack(">iiiii", 1, rows, TILE, 1, 4)
    (folder / "hdr.adf").write_bytes(header)
    (folder / "dblbnd.adf").write_bytes(struct.pack(">dddd", x, y, x + width * size, y + height * size))
    (folder / "sta.adf").write_bytes(struct.pack(">dddd", values.min(), values.max(), values.mean(), values.std()))
    magic = bytes([0, 0, 0x27, 0x0A, 0xFF, 0xFF]) + bytes(18)
    tiles, index = bytearray(), bytearray()
    for row in range(rows):
        tile = np.full((4, TILE), -3.4028234663852886e38, ">f4")
        tile[:, :width] = values[4 * row : 4 * row + 4]
        index += struct.pack(">ii", (100 + len(tiles)) // 2, tile.nbytes // 2)
        tiles += struct.pack(">H", tile.nbytes // 2) + tile.tobytes()
    for name, content in (("w001001.adf", tiles), ("w001001x.adf", index)):
        whole = magic + struct.pack(">i", (100 + len(content)) // 2) + bytes(72) + content
        (folder / name).write_bytes(whole)
    return folder
