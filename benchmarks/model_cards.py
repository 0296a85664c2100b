"""A model card for each published set of weights: what it is, what it saw, how well it does on what it never saw."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from accuracy_labels import LABELS
from accuracy_places import SIMULATED

CARD = """# Weights `{name}`

Reconstruct SL2P-type LAI (m² m⁻²) on any day from Sentinel-1 and Sentinel-2.

- **Trained on**: {trained_on}, by `python -m models.training`.
- **Caution**: of patch C, bands B03 and B04 are estimates.
- **Attribution**: contains modified Copernicus Sentinel data 2017-2019 (patches A and C).
- **Not for**: water, snow, and land unlike the training (flooded rice, tropical forest). LAI on the ground is another
  matter: SL2P itself differs from it by about 1 m² m⁻² in crops.

{files}

## On land it never saw

{remark}{table}

RMSE, m² m⁻², on {made}, by `python benchmarks/accuracy.py --docs`; everything else stands in docs/accuracy.md.
"""
SAW_ALL = """It saw both real patches, so only simulated land is left; `without-a` and `without-c` are made by the same
recipe and tell how it does on real land that it has not seen.

"""
SHOWN = ("linear", "2d-cnn-transformer", "paper", "prior", "predicted", "clearleaf")


def write_cards(document: dict[str, Any], folder: Path, unseen: dict[str, str]) -> None:
    """Write a card beside each set of weights.

    Args:
        document: the figures of `accuracy.py`.
        folder: with the weights and their index.
        unseen: real place → the set that never saw it.
    """
    index = json.loads((folder / "index.json").read_text())
    for name, entry in index.items():
        places = [place for place, weights in unseen.items() if weights == name]
        places += list(SIMULATED) if name == "release" else []
        (folder / f"{name}.md").write_text(_card(name, entry, document, places))


def _card(name: str, entry: dict[str, Any], document: dict[str, Any], places: list[str]) -> str:
    return CARD.format(
        name=name,
        trained_on=", ".join(entry["trained_on"]),
        files=_files(entry["files"]),
        remark=SAW_ALL if name == "release" else "",
        table=_table([cell for cell in document["cells"] if cell["place"] in places]),
        made=document["made"],
    )


def _files(files: dict[str, Any]) -> str:
    lines = ["| file | networks | recipe | sigma factor | sha256 |", "|---" * 5 + "|"]
    for family, facts in files.items():
        what = "the two steps that jobs use" if family == "default" else "the paper's, in half precision"
        recipe = ", ".join(f"{key} {value}" for key, value in facts["recipe"].items())
        factors = ", ".join(f"{model} {factor}" for model, factor in facts["sigma_factor"].items())
        lines.append(f"| `{facts['file']}` | {what} | {recipe} | {factors} | `{facts['sha256']}` |")
    return "\n".join(lines)


def _table(cells: list[dict[str, Any]]) -> str:
    names = " | ".join(LABELS[name].replace("**", "") for name in SHOWN)
    lines = [f"| place | hidden | {names} |", "|---" * (len(SHOWN) + 2) + "|"]
    for cell in cells:
        figures = " | ".join(f"{cell['methods'][name]['rmse']:.2f}" for name in SHOWN)
        lines.append(f"| {cell['place']} | {cell['scenario']} | {figures} |")
    return "\n".join(lines)
