"""Settings come from the environment and from mounted secrets; what is wrong is told without its value."""

import pytest

from jobs.load_settings import SECRETS_DIR, BadSettings, load_settings
from jobs.settings import JobsSettings
from worker.settings import WorkerSettings

DATABASE = "postgresql://lai:hunter2@db/book"


@pytest.fixture
def mounted(tmp_path, monkeypatch):
    """A folder of secrets as Kubernetes mounts one: names are links into a hidden folder that it swaps."""
    real = tmp_path / "..data"
    real.mkdir()
    monkeypatch.setenv(SECRETS_DIR, str(tmp_path))

    def mount(name, text):
        (real / name).write_text(text)
        (tmp_path / name).symlink_to(real / name)

    return mount


def test_a_setting_may_lie_in_a_file_of_its_own(mounted):
    mounted("clearleaf_database_url", f"{DATABASE}\n")
    mounted("CLEARLEAF_SIGNING_KEY", "k" * 40)
    settings = load_settings(JobsSettings)
    assert settings.database == DATABASE
    assert settings.signing_secret() == b"k" * 40


def test_the_archives_key_may_lie_in_a_file(mounted):
    mounted("pc_sdk_subscription_key", "hunter2")
    key = load_settings(WorkerSettings).pc_subscription_key
    assert key is not None and key.get_secret_value() == "hunter2"


def test_the_environment_goes_before_files(mounted, monkeypatch):
    mounted("clearleaf_broker_url", "redis://file/0")
    monkeypatch.setenv("CLEARLEAF_BROKER_URL", "redis://environment/0")
    assert load_settings(JobsSettings).broker_url == "redis://environment/0"


def test_a_wrong_file_is_told_by_the_variables_name_and_not_repeated(mounted):
    mounted("clearleaf_database_url", "mysql://lai:hunter2@db/book")
    with pytest.raises(BadSettings, match=r"^CLEARLEAF_DATABASE_URL: is not supported: give postgresql") as error:
        load_settings(JobsSettings)
    assert "hunter2" not in str(error.value)


def test_a_folder_that_is_not_there_is_told(monkeypatch, tmp_path):
    monkeypatch.setenv(SECRETS_DIR, str(tmp_path / "nowhere"))
    with pytest.raises(BadSettings, match="CLEARLEAF_SECRETS_DIR: there is no folder"):
        load_settings(JobsSettings)
