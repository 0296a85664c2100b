"""Train the published weights and write them with their index: `python -m models.training`."""

from __future__ import annotations

import argparse
import hashlib
import json
import time
from pathlib import Path

import torch
from safetensors.torch import save_file

from models.training.train import SETS, Recipe, train_sets
from models.weights import FOLDER

PLACE_BOXES = {"a": (3.0193, 50.8130, 3.0284, 50.8189), "c": (3.3735, 51.1775, 3.3830, 51.1835)}
"""West, south, east, north of the real training places, degrees."""


def main() -> None:
    """Train what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m models.training", description=__doc__)
    parser.add_argument("--out", type=Path, default=FOLDER, help="folder for the weights (default: the package's own)")
    parser.add_argument("--sets", nargs="+", choices=sorted(SETS), default=sorted(SETS), help="sets to train")
    parser.add_argument("--scale", type=float, default=1.0, help="share of sites and steps, for a small trial")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--threads", type=int, default=2, help="CPU threads, and processes that simulate")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    full = Recipe()
    recipe = Recipe(
        sites=max(10, round(full.sites * arguments.scale)),
        first_steps=round(full.first_steps * arguments.scale),
        second_steps=round(full.second_steps * arguments.scale),
    )
    started = time.monotonic()
    arguments.out.mkdir(parents=True, exist_ok=True)
    index_file = arguments.out / "index.json"
    index = json.loads(index_file.read_text()) if index_file.exists() else {}
    for name, (networks, factor) in train_sets(recipe, arguments.sets, arguments.device, arguments.threads).items():
        path = arguments.out / f"{name}.safetensors"
        save_file(networks.state_dict(), path)
        index[name] = {
            "file": path.name,
            "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
            "trained_on": [f"{recipe.sites} simulated sites", *(f"patch {place.upper()}" for place in SETS[name])],
            "boxes": [PLACE_BOXES[place] for place in SETS[name]],
            "sigma_factor": round(factor, 3),
            "seed": recipe.seed,
        }
    index_file.write_text(json.dumps(index, indent=1) + "\n")
    print(f"wrote {', '.join(arguments.sets)} to {arguments.out} in {time.monotonic() - started:.0f} s")


if __name__ == "__main__":
    main()
