"""The made-up model files, as their users would have them."""

from pathlib import Path

import pytest

from handx_gen.mano_file import FOLDER_VARIABLE, ManoModel, load_mano
from tests.mano.synthetic_model import write_models


@pytest.fixture(scope="session")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_models(tmp_path_factory.mktemp("mano"))


@pytest.fixture
def folder(written: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of both files, which `HANDX_MANO` names."""
    monkeypatch.setenv(FOLDER_VARIABLE, str(written))
    return written


@pytest.fixture(params=["left", "right"])
def model(request: pytest.FixtureRequest, folder: Path) -> ManoModel:
    return load_mano(request.param, folder)
