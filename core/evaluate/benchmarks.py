"""Named benchmarks: what ``resources/benchmarks.toml`` describes, run on a model with one call."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import tomllib
import torch
from numpy.typing import NDArray

from core.classes import load_scheme
from core.errors import UsageError
from core.evaluate.captions import captioned_images
from core.evaluate.layouts import folder_name_as_text, labelled_images, multi_labelled_images, wavelengths_of
from core.evaluate.masks import labelled_tiles
from core.evaluate.multi_label import (
    Logits,
    Shown,
    average_precisions,
    linear_logits,
    logits_by_words,
    mean_average_precision,
    neighbour_logits,
)
from core.evaluate.parsing import parse_tiles
from core.evaluate.probing import Classifier, cross_validated, linear_probe, nearest_neighbours
from core.evaluate.prompt_figures import prompt_figures
from core.evaluate.published import TABLES
from core.evaluate.retrieval import retrieval_ranks
from core.evaluate.scenes import synonym_agreement
from core.evaluate.zero_shot import classification_score, classify_by_words, embed_chips, embed_labelled
from core.metrics.bootstrap import Interval, bootstrap_interval, share_interval
from core.metrics.f1 import f1_score
from core.model.geolangbind import GeoLangBind

RESOURCES = Path(__file__).resolve().parents[2] / "resources"
RANKS = (1, 5, 10)
ZERO_SHOT, TRAINED_CLASSES = "zero-shot", "held out, trained classes"
"""Whether a model was trained on a benchmark's classes, though never on the images that it is measured on."""
FOLDS = 5


@cache
def benchmarks() -> dict[str, dict[str, Any]]:
    """Returns the description of every benchmark by name."""
    described = tomllib.loads((RESOURCES / "benchmarks.toml").read_text(encoding="utf-8"))
    return {name: entry for name, entry in described.items() if name not in TABLES}


def present(data: Path) -> tuple[str, ...]:
    """Returns the benchmarks whose data are in a folder."""
    return tuple(name for name, entry in benchmarks().items() if (data / entry["path"]).exists())


def run_benchmark(
    model: GeoLangBind, name: str, data: Path, *, probing: bool = True, trained: Collection[str] = ()
) -> dict[str, Any]:
    """Run one benchmark.

    Args:
        model: in evaluation mode.
        name: in ``resources/benchmarks.toml``.
        data: folder that holds the benchmark's ``path``.
        probing: whether to train a linear classifier and look up neighbours as well, where images have classes.
        trained: names of the benchmarks whose classes the model was trained on (on other images or places); their
            figures are not called zero-shot.

    Returns:
        ``title``; ``setting``: ZERO_SHOT or TRAINED_CLASSES; ``measures``: name, value, interval (95 % by bootstrap, or
        None) and ``published`` {model: value},
        shares 0..1; and figures by name.

    Raises:
        UsageError: there is no such benchmark.
        InputError: its data are missing or damaged.
    """
    if name not in benchmarks():
        raise UsageError(f"There is no benchmark {name}.", hint=f"Choose one of {', '.join(benchmarks())}.")
    setting = TRAINED_CLASSES if name in trained else ZERO_SHOT
    return run_entry(model, benchmarks()[name], data, probing=probing, setting=setting)


def run_entry(
    model: GeoLangBind, entry: Mapping[str, Any], data: Path, *, probing: bool = True, setting: str = ZERO_SHOT
) -> dict[str, Any]:
    """Run a benchmark by its description; see run_benchmark."""
    figures = _RUNNERS[entry["kind"]](model, {**entry, "probing": probing, "setting": setting}, data / entry["path"])
    return {"title": entry["title"], "setting": setting, **figures}


def _measure(
    name: str, value: float, interval: Interval | None, published: Mapping[str, float] | None = None
) -> dict[str, Any]:
    shares = {model: round(figure / 100, 6) for model, figure in (published or {}).items()}
    return {"name": name, "value": value, "interval": interval, "published": shares}


def _chips(model: GeoLangBind, entry: Mapping[str, Any], path: Path) -> dict[str, Any]:
    wavelengths = wavelengths_of(entry)
    vectors, labels = embed_labelled(model, labelled_images(entry, path), wavelengths)
    names, words = _classes(entry, labels)
    index = {name: number for number, name in enumerate(names)}
    targets = np.array([index[label] for label in labels])
    score = classification_score(classify_by_words(model, vectors, words), targets, names)
    first_synonym = classify_by_words(model, vectors, [synonyms[:1] for synonyms in words]) == targets
    interval = score.interval(targets)
    measures = [_measure(f"{entry['setting']} top-1", score.top1, interval, entry.get("published"))]
    if entry["probing"]:
        features, _ = embed_labelled(model, labelled_images(entry, path), wavelengths, pooled=True)
        measures += _probes(model, entry, path, (features, targets), index)
    return {
        "measures": measures,
        "top1": score.top1,
        "interval": interval,
        "top1_first_synonym": float(first_synonym.mean()),
        "images": len(labels),
        "per_class": score.per_class,
        "published": dict(entry.get("published", {})),
    }


def _classes(entry: Mapping[str, Any], labels: Sequence[str]) -> tuple[list[str], list[list[str]]]:
    """Returns the classes and their synonyms: those listed, and for other labels their own names."""
    listed: Mapping[str, list[str]] = entry.get("classes", {})
    names = [*listed, *sorted(set(labels) - set(listed))]
    return names, [list(listed.get(name) or [folder_name_as_text(name)]) for name in names]


def _probes(
    model: GeoLangBind,
    entry: Mapping[str, Any],
    path: Path,
    test: tuple[torch.Tensor, np.ndarray[Any, Any]],
    index: Mapping[str, int],
) -> list[dict[str, Any]]:
    """Probe the pooled features by the set's own training part, or across folds where it has none here."""
    vectors, targets = test
    train = path.parent / entry["train"] if "train" in entry else path
    inside = entry.get("layout") == "geobench"
    if inside or ("train" in entry and train.exists()):
        images = labelled_images(entry, train, "train")
        learnt, labels = embed_labelled(model, images, wavelengths_of(entry), pooled=True)
        known = [number for number, label in enumerate(labels) if label in index]
        learnt, own = learnt[known], np.array([index[labels[number]] for number in known])
        note = f"{len(own):,} training images"

        def predict(classifier: Classifier) -> np.ndarray[Any, Any]:
            return classifier(learnt, own, vectors)
    else:
        note = f"{FOLDS} folds"

        def predict(classifier: Classifier) -> np.ndarray[Any, Any]:
            return cross_validated(classifier, vectors, targets, FOLDS)

    measures = []
    for name, classifier in (("linear probe", linear_probe), ("20-NN", nearest_neighbours)):
        hits = predict(classifier) == targets
        measures.append(_measure(f"{name} ({note})", float(hits.mean()), share_interval(hits)))
    return measures


def _labels(model: GeoLangBind, entry: Mapping[str, Any], path: Path) -> dict[str, Any]:
    wavelengths, names = wavelengths_of(entry), list(entry["classes"])
    vectors, rows = embed_labelled(model, multi_labelled_images(entry, path), wavelengths)
    shown = np.stack(rows)
    logits = logits_by_words(model, vectors, list(entry["classes"].values()))
    published = entry.get("published", {})
    measures = _label_measures(entry["setting"], logits, shown, published)
    if entry["probing"]:
        learnt, rows = embed_labelled(model, multi_labelled_images(entry, path, "train"), wavelengths, pooled=True)
        vectors, _ = embed_labelled(model, multi_labelled_images(entry, path), wavelengths, pooled=True)
        for name, scorer in (("linear probe", linear_logits), ("20-NN", neighbour_logits)):
            probed = scorer(learnt, np.stack(rows), vectors)
            measures += _label_measures(f"{name} ({len(rows):,} training images)", probed, shown, published)
    precisions = average_precisions(logits, shown)
    return {
        "measures": measures,
        **{measure["name"]: measure["value"] for measure in measures[:2]},
        "images": len(shown),
        "per_class": {
            name: None if np.isnan(value) else float(value) for name, value in zip(names, precisions, strict=True)
        },
    }


def _label_measures(
    name: str, logits: Logits, shown: Shown, published: Mapping[str, Mapping[str, float]]
) -> list[dict[str, Any]]:
    """Measure log-odds (N, classes) against labels (N, classes); a class is predicted from log-odds of 0 on."""
    said = logits > 0
    figures: tuple[tuple[str, Callable[[NDArray[np.int64]], float]], ...] = (
        ("micro F1", lambda chosen: f1_score(said[chosen], shown[chosen])),
        ("mAP", lambda chosen: mean_average_precision(logits[chosen], shown[chosen])),
    )
    everything = np.arange(len(shown))
    return [
        _measure(
            f"{name} {figure}",
            value(everything),
            bootstrap_interval(value, len(shown)),
            published.get(f"{name} {figure}"),
        )
        for figure, value in figures
    ]


def _tiles(model: GeoLangBind, entry: Mapping[str, Any], path: Path) -> dict[str, Any]:
    codes, words = [int(code) for code in entry["classes"]], list(entry["classes"].values())
    found = _parsed(model, entry, path, codes, words)
    if (name := entry.get("scheme")) is None:
        return found
    # The same classes with the synonyms of the shipped class scheme, as users get them.
    by_code = {shown.code: shown for shown in load_scheme(name).classes}
    by_scheme = _parsed(model, entry, path, codes, [by_code[code].prompts for code in codes])
    for measure in by_scheme.pop("measures"):
        found["measures"].append(measure | {"name": f"{measure['name']}, by the class scheme's synonyms"})
    return found | {"by_scheme": by_scheme}


def _parsed(
    model: GeoLangBind, entry: Mapping[str, Any], path: Path, codes: Sequence[int], words: Sequence[Sequence[str]]
) -> dict[str, Any]:
    score = parse_tiles(model, labelled_tiles(entry, path), codes, words, wavelengths_um=wavelengths_of(entry))
    return {
        "measures": [
            _measure(f"{entry['setting']} mean IoU", score.mean_iou, score.interval(), entry.get("published")),
            *(_measure(f"IoU {name}", value, None) for name, value in score.iou.items() if not np.isnan(value)),
        ],
        "mean_iou": score.mean_iou,
        "iou": {name: None if np.isnan(value) else value for name, value in score.iou.items()},
        "accuracy": score.accuracy,
        "tiles": len(score.by_tile),
    }


def _mean_over(shares: NDArray[Any]) -> Callable[[NDArray[np.int64]], float]:
    return lambda chosen: float(shares[chosen].mean())


def _retrieval(model: GeoLangBind, entry: Mapping[str, Any], path: Path) -> dict[str, Any]:
    found = captioned_images(entry, path)
    images = embed_chips(model, np.stack([image for image, _ in found]))
    texts = [text for _, captions in found for text in captions]
    owner = torch.tensor([index for index, (_, captions) in enumerate(found) for _ in captions])
    with torch.inference_mode():
        vectors = model.encode_text(texts, normalize=True)
    caption_rank, image_rank = (
        ranks.cpu().numpy() for ranks in retrieval_ranks(images, vectors, owner.to(images.device))
    )
    owners, published = owner.numpy(), entry.get("published", {})
    captions_of = [np.flatnonzero(owners == index) for index in range(len(found))]
    measures = []
    for way, ranks in (("text_to_image", caption_rank), ("image_to_text", image_rank)):
        for rank in RANKS:
            hits = ranks < rank
            # Captions of one image stand or fall together: images are drawn, with all their captions.
            by_image = hits if way == "image_to_text" else np.array([hits[own].mean() for own in captions_of])
            interval = bootstrap_interval(_mean_over(by_image), len(by_image))
            name = f"{way}_R@{rank}"
            measures.append(_measure(name, float(hits.mean()), interval, published.get(name)))
    return {
        "measures": measures,
        **{measure["name"]: measure["value"] for measure in measures},
        "images": len(found),
        "captions": len(texts),
    }


def _synonyms(model: GeoLangBind, entry: Mapping[str, Any], path: Path) -> dict[str, Any]:
    figures = synonym_agreement(model, path)
    return {
        "measures": [_measure(f"rank correlation {name}", value, None) for name, value in figures.items()],
        **figures,
    }


_RUNNERS: dict[str, Callable[[GeoLangBind, Mapping[str, Any], Path], dict[str, Any]]] = {
    "chips": _chips,
    "labels": _labels,
    "tiles": _tiles,
    "retrieval": _retrieval,
    "prompts": prompt_figures,
    "synonyms": _synonyms,
}
