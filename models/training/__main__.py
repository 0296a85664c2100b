"""Train the published weights and write them with their index: `python -m models.training`.

Their model cards tell figures, and so come from the script that measures them: `python benchmarks/accuracy.py --docs`.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import time
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import nn

from models.training.paper import PaperRecipe, train_paper
from models.training.train import SETS, Recipe, train_sets
from models.weights import FOLDER

PLACE_BOXES = {"a": (3.0193, 50.8130, 3.0284, 50.8189), "c": (3.3735, 51.1775, 3.3830, 51.1835)}
"""West, south, east, north of the real training places, degrees."""
FAMILIES = ("default", "paper")
SCALED = ("sites", "step2_sites", "first_steps", "second_steps")


def main() -> None:
    """Train what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m models.training", description=__doc__)
    parser.add_argument("--out", type=Path, default=FOLDER, help="folder for the weights (default: the package's own)")
    parser.add_argument("--families", nargs="+", choices=FAMILIES, default=FAMILIES, help="networks to train")
    parser.add_argument("--sets", nargs="+", choices=sorted(SETS), default=sorted(SETS), help="sets to train")
    parser.add_argument("--scale", type=float, default=1.0, help="share of sites and steps, for a small trial")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--threads", type=int, default=2, help="CPU threads, and processes that simulate")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    started = time.monotonic()
    arguments.out.mkdir(parents=True, exist_ok=True)
    if "default" in arguments.families:
        recipe = _scaled(Recipe(), arguments.scale)
        found = train_sets(recipe, arguments.sets, arguments.device, arguments.threads)
        _publish(arguments.out, "default", found, recipe)
    if "paper" in arguments.families:
        paper = _scaled(PaperRecipe(), arguments.scale)
        sets = {name: SETS[name] for name in arguments.sets}
        _publish(arguments.out, "paper", train_paper(paper, sets, arguments.device), paper)
    print(f"wrote {', '.join(arguments.sets)} to {arguments.out} in {time.monotonic() - started:.0f} s")


def _scaled(recipe: Any, scale: float) -> Any:  # noqa: ANN401 - either recipe
    """Return a recipe with a share of its sites and steps."""
    names = [entry.name for entry in fields(recipe) if entry.name in SCALED]
    counts = {name: max(12, round(getattr(recipe, name) * scale)) for name in names}
    return replace(recipe, **counts)


def _publish(
    folder: Path, family: str, trained: dict[str, tuple[Any, dict[str, float]]], recipe: Recipe | PaperRecipe
) -> None:
    """Write the weights of a family and enter them, with the sigma factor of each of its models, into the index."""
    index_file = folder / "index.json"
    index = json.loads(index_file.read_text()) if index_file.exists() else {}
    for name, (networks, factors) in trained.items():
        path = folder / f"{name}-{family}.safetensors"
        save_file(_half(networks) if family == "paper" else networks.state_dict(), path)
        entry = index.setdefault(name, {"files": {}})
        entry["trained_on"] = ["simulated sites", *(f"patch {place.upper()}" for place in SETS[name])]
        entry["boxes"] = [PLACE_BOXES[place] for place in SETS[name]]
        entry["files"][family] = {
            "file": path.name,
            "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
            "sigma_factor": {model: round(factor, 3) for model, factor in factors.items()},
            "recipe": vars(recipe),
        }
    index_file.write_text(json.dumps(index, indent=1) + "\n")


def _half(networks: nn.Module) -> dict[str, torch.Tensor]:
    """Return the weights in half precision: five networks that are there to be compared stay small."""
    return {name: tensor.half() for name, tensor in networks.state_dict().items()}


if __name__ == "__main__":
    main()
