"""Miniature folders in the layouts that GeoLangBind-2M's sources are published in."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import rasterio
from PIL import Image
from rasterio.transform import from_origin

RNG = np.random.default_rng(0)


def picture(path: Path, size: tuple[int, int] = (32, 32), colour: tuple[int, ...] | None = None) -> None:
    """Write a picture of noise, or of one colour."""
    path.parent.mkdir(parents=True, exist_ok=True)
    shape = (*size, 3)
    pixels = RNG.integers(256, size=shape) if colour is None else np.broadcast_to(colour, shape)
    Image.fromarray(np.ascontiguousarray(pixels, dtype=np.uint8)).save(path)


def raster(path: Path, values: np.ndarray, epsg: int | None = 32633, descriptions: list[str] | None = None) -> None:
    """Write a GeoTIFF (C, H, W)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    profile = {"driver": "GTiff", "count": len(values), "height": values.shape[1], "width": values.shape[2]}
    place = {"crs": f"EPSG:{epsg}", "transform": from_origin(500_000, 5_000_000, 10, 10)} if epsg else {}
    with rasterio.open(path, "w", dtype=values.dtype, **profile, **place) as file:
        file.write(values)
        for number, text in enumerate(descriptions or [], 1):
            file.set_band_description(number, text)


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def voc(*names: str) -> str:
    objects = "".join(
        f"<object><name>{name}</name><bndbox><xmin>2</xmin><ymin>2</ymin><xmax>8</xmax><ymax>8</ymax></bndbox></object>"
        for name in names
    )
    return f"<annotation>{objects}</annotation>"


def skyscript(root: Path) -> None:
    rows = ["filepath,title,title_multi_objects"]
    for number in range(7):
        picture(root / f"images2/a{number}_US.jpg")
        rows.append(f'images2/a{number}_US.jpg,a sports pitch number {number},"a pitch {number}, next to a road"')
    write(root / "SkyScript_train_top50pct_filtered_by_CLIP_laion_RS.csv", "\n".join(rows))


def seg4(root: Path) -> None:
    picture(root / "Potsdam/2_Ortho_RGB/top_potsdam_2_10_RGB.tif", (700, 600))
    picture(root / "Potsdam/5_Labels_all/top_potsdam_2_10_label.tif", (700, 600), (0, 255, 0))
    picture(root / "iSAID/train/images/P0001.png")
    mask = np.zeros((32, 32, 3), np.uint8)
    mask[:4, :4] = (0, 127, 255)
    path = root / "iSAID/train/Semantic_masks/images/P0001_instance_color_RGB.png"
    path.parent.mkdir(parents=True)
    Image.fromarray(mask).save(path)
    picture(root / "LoveDA/Train/Rural/images_png/3.png")
    codes = np.full((32, 32), 7, np.uint8)
    codes[:10] = 4
    path = root / "LoveDA/Train/Rural/masks_png/3.png"
    path.parent.mkdir(parents=True)
    Image.fromarray(codes).save(path)


def vaihingen(root: Path) -> None:
    picture(root / "top/top_mosaic_09cm_area1.tif")
    picture(root / "gts_for_participants/top_mosaic_09cm_area1.tif", colour=(0, 0, 255))


def det10(root: Path) -> None:
    picture(root / "DOTA/train/images/P0001.png")
    corners = "2 2 8 2 8 8 2 8"
    write(
        root / "DOTA/train/labelTxt/P0001.txt",
        f"imagesource:GoogleEarth\ngsd:0.1\n{corners} storage-tank 0\n{corners} storage-tank 0\n",
    )
    picture(root / "DIOR/JPEGImages-trainval/00001.jpg")
    write(root / "DIOR/Annotations/Horizontal Bounding Boxes/00001.xml", voc("Expressway-Service-area"))
    picture(root / "HRRSD/JPEGImages/1.jpg")
    write(root / "HRRSD/Annotations/1.xml", voc("baseball diamond"))
    picture(root / "RSOD/oiltank/JPEGImages/oiltank_1.jpg")
    write(root / "RSOD/oiltank/Annotation/xml/oiltank_1.xml", voc("oiltank"))
    picture(root / "HRSC/FullDataSet/AllImages/100.bmp")
    box = "<box_xmin>1</box_xmin><box_ymin>1</box_ymin><box_xmax>9</box_xmax><box_ymax>9</box_ymax>"
    write(
        root / "HRSC/FullDataSet/Annotations/100.xml",
        f"<HRSC_Image><HRSC_Objects><HRSC_Object>{box}</HRSC_Object></HRSC_Objects></HRSC_Image>",
    )
    picture(root / "LEVIR/imageWithLabel/10.jpg")
    write(root / "LEVIR/imageWithLabel/10.txt", "1 2 2 8 8\n")
    picture(root / "VisDrone/VisDrone2019-DET-train/images/v1.jpg")
    write(root / "VisDrone/VisDrone2019-DET-train/annotations/v1.txt", "2,2,6,6,1,4,0,0\n1,1,3,3,0,0,0,0\n")
    picture(root / "CARPK/CARPK_devkit/data/Images/c1.png")
    write(root / "CARPK/CARPK_devkit/data/Annotations/c1.txt", "1 1 5 5 1\n")
    picture(root / "Stanford/annotations/gates/video0/reference.jpg")
    write(
        root / "Stanford/annotations/gates/video0/annotations.txt",
        '0 1 1 5 5 0 0 0 0 "Biker"\n0 1 1 5 5 1 0 0 0 "Biker"\n1 6 6 9 9 7 0 0 0 "Bus"\n',
    )
    picture(root / "AU-AIR/images/frame_1.jpg")
    entry = {
        "image_name": "frame_1.jpg",
        "bbox": [{"top": 1, "left": 2, "height": 3, "width": 4, "class": 1}],
        "latitude": 56.2,
        "longtitude": 10.1,
    }
    write(root / "AU-AIR/annotations.json", json.dumps({"categories": ["Human", "Car"], "annotations": [entry]}))


def flair2(root: Path) -> None:
    values = RNG.integers(256, size=(5, 32, 32), dtype=np.uint8)
    raster(root / "flair_aerial_train/D006_2020/Z1_NN/img/IMG_000001.tif", values, 2154)
    mask = np.full((1, 32, 32), 6, np.uint8)
    raster(root / "flair_labels_train/D006_2020/Z1_NN/msk/MSK_000001.tif", mask, 2154)


def vrsbench(root: Path) -> None:
    picture(root / "Images_train/00001_0000.png")
    write(root / "Annotations_train/00001_0000.json", json.dumps({"caption": "The image shows a harbor with boats."}))


def mmflood(root: Path) -> None:
    events = {"EMSR1": {"subset": "train", "country": "Italy"}, "EMSR2": {"subset": "test", "country": "France"}}
    write(root / "activations.json", json.dumps(events))
    for event in events:
        values = np.full((2, 40, 30), 0.05, np.float32)
        values[:, :4] = np.nan
        raster(root / f"activations/{event}-0/s1_raw/{event}-0-0.tif", values, 4326)
        mask = np.zeros((1, 40, 30), np.uint8)
        mask[:, 10:] = 1
        raster(root / f"activations/{event}-0/mask/{event}-0-0.tif", mask, 4326)


def sar_ship(root: Path) -> None:
    picture(root / "JPEGImages/Gao_ship_1.jpg")
    write(root / "Annotations/Gao_ship_1.xml", voc("ship", "ship"))


def ir_ship(root: Path) -> None:
    picture(root / "images/0.png")
    content = {
        "categories": [{"id": 3, "name": "fishing boat"}],
        "images": [{"id": 1, "file_name": "0.png", "width": 32, "height": 32}],
        "annotations": [{"image_id": 1, "category_id": 3, "bbox": [20, 2, 4, 4]}],
    }
    write(root / "annotations/train.json", json.dumps(content))


def chatearthnet(root: Path) -> None:
    captions = [{"image_id": f"{number}.png", "caption": f"Mostly trees, view {number}."} for number in range(3)]
    write(root / "json_files/ChatEarthNet_caps_35_train.json", json.dumps(captions))
    for number in range(3):
        for folder in ("s2_rgb_images/s2_images", "s2_band_5_6_7_images", "s2_band_8_11_12_images"):
            picture(root / folder / f"{number}.png")
    raster(root / "s1_images/1.tif", np.full((2, 32, 32), -12.0, np.float32))


def nlcd(root: Path) -> None:
    wavelengths = np.linspace(420, 2440, 20)
    values = np.full((20, 16, 16), 2000, np.int16)
    raster(root / "enmap/patch_1.tif", values, descriptions=[f"band {value:.1f} nm" for value in wavelengths])
    raster(root / "nlcd/patch_1.tif", np.full((1, 16, 16), 82, np.uint8))
