"""Published weights: all there, what they say they are, small."""

import json
import shutil
from typing import get_args

import pytest

from jobs.order_members import Model
from models import weights
from models.reconstruction import LaiReconstructor


@pytest.mark.parametrize("model", get_args(Model))
@pytest.mark.parametrize("name", ["release", "without-a", "without-c"])
def test_every_set_loads(name, model):
    found = LaiReconstructor.load(name, model)
    assert (found.weights, found.model) == (name, model)
    assert found.sigma_factor > 0


def test_models_of_one_file_have_sigma_factors_of_their_own(tmp_path, monkeypatch):
    index = json.loads((weights.FOLDER / "index.json").read_text())
    index["release"]["files"]["paper"]["sigma_factor"] |= {"paper": 0.9, "1d-cnn": 2.1}
    (tmp_path / "index.json").write_text(json.dumps(index))
    monkeypatch.setattr(weights, "FOLDER", tmp_path)
    release = weights.published.__wrapped__()["release"]
    assert (release.of("paper").sigma_factor, release.of("1d-cnn").sigma_factor) == (0.9, 2.1)
    assert release.of("paper").sha256 == release.of("1d-cnn").sha256


def test_every_set_has_a_model_card_that_names_its_files():
    for name, found in weights.published().items():
        card = (weights.FOLDER / f"{name}.md").read_text()
        assert all(facts.sha256 in card for facts in found.files.values())


def test_they_are_small():
    assert sum(path.stat().st_size for path in weights.FOLDER.iterdir()) < 7e6


def test_unknown_names_are_refused_with_those_there_are():
    with pytest.raises(weights.WeightsError, match="release, without-a, without-c"):
        weights.find_weights("best")


def test_a_changed_file_is_refused(tmp_path, monkeypatch):
    shutil.copytree(weights.FOLDER, tmp_path / "published")
    monkeypatch.setattr(weights, "FOLDER", tmp_path / "published")
    file = tmp_path / "published" / weights.find_weights("release").of("default").file
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)
    with pytest.raises(weights.WeightsError, match="sha256"):
        weights.find_weights("release").load()


def test_they_know_what_they_saw():
    inside_a, around_c, between = (3.024, 50.816, 3.025, 50.817), (3.3, 51.1, 3.5, 51.3), (3.1, 50.9, 3.2, 51.0)
    assert weights.find_weights("release").saw(*inside_a)
    assert not weights.find_weights("without-a").saw(*inside_a)
    assert weights.find_weights("without-a").saw(*around_c)
    assert not weights.find_weights("release").saw(*between)
