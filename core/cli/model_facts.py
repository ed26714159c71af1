"""The facts of a model as text, for ``core models show``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from core.spectral.band_choice import named_wavelengths

SIZE_NOT_KNOWN = "size not known"
_SCALES = {"display": "values of 0 to 1 of a picture", "reflectance": "reflectance × 10 000"}


def size_text(size: int | None) -> str:
    """Returns a size in bytes in MB, or kB for small files; SIZE_NOT_KNOWN for 0 and None."""
    if not size:
        return SIZE_NOT_KNOWN
    return f"{size / 1e6:,.0f} MB" if size >= 1_000_000 else f"{size / 1e3:,.0f} kB"


def facts_text(facts: Mapping[str, Any]) -> str:
    """Returns the result of ``core.model.zoo.model_facts`` as lines of name and value."""
    return "\n".join((str(facts["title"]), *(f"  {name:<15}{value}" for name, value in _lines(facts) if value)))


def _lines(facts: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    yield "name", f"{facts['name']} ({'here' if facts['available'] else 'not fetched'})"
    yield "what", facts["description"]
    yield "licence", " ".join(filter(None, (facts["licence"] or "not stated", facts["licence_url"])))
    yield "", facts["licence_text"]
    yield "address", facts["address"]
    yield "revision", facts["revision"] if facts["address"] else ""
    yield "folder", facts["path"] or ""
    yield "size", size_text(facts["size"])
    if not facts["available"]:
        for file in facts["files"]:
            yield "", f"{file['name']}: {size_text(file['size'])}, sha256 {file['sha256'] or 'not known'}"
    yield "parameters", f"{facts['parameters']:,}" if facts["parameters"] else ""
    yield "trained on", ", ".join(facts["sensors"])
    yield from _input(facts)
    templates = facts["templates"] or ()
    for number, template in enumerate(templates):
        yield "" if number else "templates", template
    published = dict(facts["details"].get("published") or {})
    source = published.pop("source", "not stated")
    for number, (name, figure) in enumerate(published.items()):
        yield "" if number else "published", f"{name}: {figure:g} % ({source})"
    if facts["not_known"]:
        yield "not known", f"{'; '.join(facts['not_known'])}. The hub is asked for them at the fetch."


def _input(facts: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yields image size, bands and normalisation, where the configuration is known."""
    if facts["image_size"] is None:
        return
    yield "image size", f"{facts['image_size']} pixels"
    fixed = facts["fixed_bands"]
    if fixed is None:
        yield "bands", "any, by wavelength"
        yield "normalisation", "scaled by wavelength to -1 to 1 (docs/decisions/0010)"
        return
    yield "bands", named_wavelengths(fixed["bands_um"])
    yield "normalisation", f"{_SCALES[fixed['scale']]}, minus {_values(fixed['mean'])}, over {_values(fixed['std'])}"


def _values(values: Sequence[float]) -> str:
    """Returns the values of bands as text, a single one where all are the same."""
    return f"{values[0]:g}" if len(set(values)) == 1 else f"({', '.join(f'{value:g}' for value in values)})"
