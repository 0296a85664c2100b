"""Published weights: all there, what they say they are, small."""

import shutil

import pytest

from models import weights
from models.reconstruction import LaiReconstructor


@pytest.mark.parametrize("model", ["default", "paper"])
@pytest.mark.parametrize("name", ["release", "without-a", "without-c"])
def test_every_set_loads(name, model):
    found = LaiReconstructor.load(name, model)
    assert (found.weights, found.model) == (name, model)


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
    file = tmp_path / "published" / "release.safetensors"
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)
    with pytest.raises(weights.WeightsError, match="sha256"):
        weights.find_weights("release").load()


def test_they_know_what_they_saw():
    assert weights.find_weights("release").saw(3.024, 50.816)
    assert not weights.find_weights("without-a").saw(3.024, 50.816)
    assert weights.find_weights("without-a").saw(3.379, 51.180)
