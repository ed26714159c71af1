"""Sources with boxes around objects: Det-10, SAR-Ship and IR-Ship."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numpy.random import Generator

from core.datasets.shards import RED_GREEN_BLUE_UM, ShardSample
from core.errors import InputError
from training.geolangbind2m.captions import Box, caption_boxes
from training.geolangbind2m.converter import Item, files
from training.geolangbind2m.objects import (
    ReadBoxes,
    coco_boxes,
    dota_boxes,
    hrsc_boxes,
    numbered_boxes,
    read_json,
    voc_boxes,
    words,
)
from training.geolangbind2m.pictures import read_picture
from training.geolangbind2m.placeholders import Placeholders

VISDRONE = {
    "1": "pedestrian", "2": "person", "3": "bicycle", "4": "car", "5": "van", "6": "truck", "7": "tricycle",
    "8": "awning tricycle", "9": "bus", "10": "motorbike",
}  # fmt: skip
LEVIR = {"1": "airplane", "2": "ship", "3": "oil tank"}
STANFORD = {
    '"Pedestrian"': "pedestrian", '"Biker"': "cyclist", '"Skater"': "skateboarder", '"Cart"': "golf cart",
    '"Car"': "car", '"Bus"': "bus",
}  # fmt: skip
PICTURES = (".jpg", ".png", ".bmp", ".jpeg", ".tif")


@dataclass(frozen=True)
class Layout:
    """Folder layout of one of Det-10's sets.

    Attributes:
        images: pattern of the images below the set's folder.
        annotation: path of an image's annotation: ``{up}`` is the folder above the image's, ``{stem}`` its name.
        read: reads it.
        view: name of the kind of image in captions.
    """

    images: str
    annotation: str
    read: ReadBoxes
    view: str = "aerial"


DET10 = {
    "DOTA": Layout("train/images/*.png", "{up}/labelTxt/{stem}.txt", dota_boxes),
    "DIOR": Layout("JPEGImages-trainval/*.jpg", "{up}/Annotations/Horizontal Bounding Boxes/{stem}.xml", voc_boxes),
    "HRRSD": Layout("JPEGImages/*.jpg", "{up}/Annotations/{stem}.xml", voc_boxes),
    "RSOD": Layout("*/JPEGImages/*.jpg", "{up}/Annotation/xml/{stem}.xml", voc_boxes),
    "HRSC": Layout("FullDataSet/AllImages/*.bmp", "{up}/Annotations/{stem}.xml", hrsc_boxes),
    "LEVIR": Layout(
        "imageWithLabel/*.jpg", "{folder}/{stem}.txt", numbered_boxes(LEVIR, name_at=0, box_at=1, sized=False)
    ),
    "VisDrone": Layout(
        "VisDrone2019-DET-train/images/*.jpg",
        "{up}/annotations/{stem}.txt",
        numbered_boxes(VISDRONE, name_at=5, box_at=0, sized=True, separator=","),
        "drone",
    ),
    "CARPK": Layout(
        "CARPK_devkit/data/Images/*.png",
        "{up}/Annotations/{stem}.txt",
        numbered_boxes({"1": "car"}, name_at=4, box_at=0, sized=False),
        "drone",
    ),
    "Stanford": Layout(
        "annotations/*/*/reference.jpg",
        "{folder}/annotations.txt",
        numbered_boxes(STANFORD, name_at=9, box_at=1, sized=False, only=(5, "0")),
        "drone",
    ),
}
"""Nine of the ten; AU-AIR keeps all annotations in one file and is read by itself."""


@dataclass(frozen=True)
class Det10:
    """The ten detection sets of RemoteCLIP, each as published, in folders named as in ``DET10`` and AU-AIR."""

    published: int

    def find(self, root: Path) -> list[Item]:
        """List the annotated images of all sets that are there."""
        items = [item for name, layout in DET10.items() for item in _listed(root / name, name, layout)]
        items += _au_air(root / "AU-AIR")
        if not items:
            raise InputError(
                f"{root} holds none of the ten sets.", hint=f"Its folders should be named {', '.join(DET10)}, AU-AIR."
            )
        return items

    def samples(self, item: Item, rng: Generator) -> Iterator[ShardSample]:
        """Yields the image with a caption of its objects."""
        picture = read_picture(item.image)
        rows, columns = picture.shape[:2]
        facts = item.facts
        if facts["set"] == "AU-AIR":
            boxes = [Box(name, (x / columns, y / rows)) for name, x, y in facts["boxes"]]
            view = "drone"
        else:
            layout = DET10[facts["set"]]
            boxes, view = layout.read(facts["annotation"], columns, rows), layout.view
        text = caption_boxes(boxes, view, rng)
        if text:
            yield ShardSample(item.key, picture, text, RED_GREEN_BLUE_UM, facts.get("location", ()))


@dataclass(frozen=True)
class Ships:
    """A set of ship pictures with one band: VOC annotations, or one COCO file.

    Attributes:
        view: "radar" or "infrared".
        published: samples the released loader counts.
        placeholders: the band's wavelength.
    """

    view: str
    published: int
    placeholders: Placeholders

    def find(self, root: Path) -> list[Item]:
        """List the pictures that have an annotation."""
        pictures = {
            path.stem: path
            for path in files(root, *(f"**/*{ending}" for ending in PICTURES))
            if "mask" not in path.parts[-2].lower()
        }
        described = sorted(root.glob("**/*.xml"))
        if described:
            return [
                Item(path.stem, pictures[path.stem], {"annotation": path})
                for path in described
                if path.stem in pictures
            ]
        boxes: dict[str, list[Box]] = {}
        for path in files(root, "annotations/*.json", "**/*.json"):
            boxes |= coco_boxes(path)
        return [
            Item(Path(name).stem, pictures[Path(name).stem], {"boxes": found})
            for name, found in sorted(boxes.items())
            if Path(name).stem in pictures
        ]

    def samples(self, item: Item, rng: Generator) -> Iterator[ShardSample]:
        """Yields the grey image with a caption of its ships."""
        picture = read_picture(item.image, grey=True)
        boxes = item.facts.get("boxes")
        if boxes is None:
            boxes = voc_boxes(item.facts["annotation"], picture.shape[1], picture.shape[0])
        text = caption_boxes(boxes, self.view, rng)
        wavelengths_um = self.placeholders.ship_radar if self.view == "radar" else self.placeholders.infrared
        if text:
            yield ShardSample(item.key, picture[:, :, None], text, wavelengths_um)


def _listed(base: Path, name: str, layout: Layout) -> Iterator[Item]:
    for path in sorted(base.glob(layout.images)):
        place = {"up": str(path.parents[1]), "folder": str(path.parent), "stem": path.stem}
        annotation = Path(layout.annotation.format(**place))
        if annotation.exists():
            key = "_".join((name, *path.relative_to(base).with_suffix("").parts)).replace(".", "-")
            yield Item(key, path, {"set": name, "annotation": annotation})


def _au_air(base: Path) -> list[Item]:
    if not (base / "annotations.json").exists():
        return []
    content = read_json(base / "annotations.json")
    names = [words(name) for name in content["categories"]]
    items = []
    for entry in content["annotations"]:
        boxes = [
            (names[int(box["class"])], box["left"] + box["width"] / 2, box["top"] + box["height"] / 2)
            for box in entry["bbox"]
        ]
        place: tuple[Any, ...] = (entry.get("longtitude", entry.get("longitude")), entry.get("latitude"))
        location = tuple(float(value) for value in place) if None not in place else ()
        stem = Path(entry["image_name"]).stem
        facts = {"set": "AU-AIR", "boxes": boxes, "location": location}
        items.append(Item(f"AU-AIR_{stem}", base / "images" / entry["image_name"], facts))
    return sorted(items, key=lambda item: item.key)
