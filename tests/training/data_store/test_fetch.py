"""Fetching from a hub: verified, recorded, resumed, and refused in one line."""

import hashlib
import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest

from handx_gen.errors import InputError
from training.data.fetch import REMOTES, fetch, origin_of, repository_of

pytest.importorskip("huggingface_hub")

HANDX = REMOTES["handx"].repository
CARD = {"license": "cc-by-nc-4.0"}
CHUNK = 10 << 20
"""What huggingface_hub writes at once: less than this is not resumed [bytes]."""


def server():
    """`hub_server`, which no test folder can import by name."""
    path = Path(__file__).with_name("hub_server.py")
    spec = importlib.util.spec_from_file_location("hub_server", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def hub(monkeypatch):
    """A hub with a small HandX, and this process pointed at it."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    files = {
        "README.md": b"---\nlicense: cc-by-nc-4.0\n---\nHands.\n",
        "train_can_pos_all_wotextfeat.npz": np.random.default_rng(0).bytes(50_000),
        "preview.mp4": b"\0" * 5000,
    }
    with server().Hub(HANDX, files, CARD) as running:
        monkeypatch.setenv("HF_ENDPOINT", running.url)
        yield running


def test_what_is_fetched_is_verified_and_recorded(hub, tmp_path) -> None:
    told = []
    fetched = fetch("handx", tmp_path / "dl", accept=lambda *what: told.append(what))
    assert told == [("cc-by-nc-4.0", hub.commit)]
    # Only what the layout needs: the film stays where it is.
    assert sorted(fetched.files) == ["README.md", "train_can_pos_all_wotextfeat.npz"]
    for name, digest in fetched.files.items():
        data = (tmp_path / "dl" / name).read_bytes()
        assert data == hub.files[name]
        assert digest == hashlib.sha256(data).hexdigest()
    record = json.loads((tmp_path / "dl" / "fetch.json").read_text())
    assert record["files"] == fetched.files
    wanted = {"repository": HANDX, "revision": hub.commit, "licence": "cc-by-nc-4.0"}
    assert origin_of(tmp_path / "dl" / "deeper" / "file.npz") == wanted
    assert [missing[0] for missing in fetched.remote.missing] == ["ARCTIC", "H2O"]


def test_fetching_again_downloads_nothing(hub, tmp_path) -> None:
    fetch("handx", tmp_path / "dl")
    sent = {key: n for key, n in hub.asked.items() if isinstance(key, tuple)}
    fetch("handx", tmp_path / "dl")
    assert {key: n for key, n in hub.asked.items() if isinstance(key, tuple)} == sent


def test_a_broken_connection_is_taken_up_where_it_broke(hub, tmp_path) -> None:
    name = "train_mano.npz"
    hub.files[name] = np.random.default_rng(1).bytes(2 * CHUNK + 5)
    hub.cut[name] = CHUNK + 1000
    fetched = fetch("handx", tmp_path / "dl", only=[name])
    assert hub.ranges == [f"{name} bytes={CHUNK}-"]
    assert fetched.files[name] == hashlib.sha256(hub.files[name]).hexdigest()


@pytest.mark.parametrize("name", ["train_can_pos_all_wotextfeat.npz", "README.md"])
def test_a_false_file_is_removed_and_refused(hub, tmp_path, name) -> None:
    hub.false.add(name)
    with pytest.raises(InputError, match="checksum"):
        fetch("handx", tmp_path / "dl")
    assert not (tmp_path / "dl" / name).exists()
    assert not (tmp_path / "dl" / "fetch.json").exists()
    assert not (tmp_path / "dl" / ".partial").exists()
    hub.false.clear()
    fetch("handx", tmp_path / "dl")
    assert (tmp_path / "dl" / name).read_bytes() == hub.files[name]


def test_a_refused_licence_stops_before_any_file(hub, tmp_path) -> None:
    def refuse(licence, revision):
        raise InputError("licence", "", licence)

    with pytest.raises(InputError, match="cc-by-nc"):
        fetch("handx", tmp_path / "dl", accept=refuse)
    assert not any("/resolve/" in str(path) for path in hub.asked)


def test_two_revisions_do_not_mix(hub, tmp_path) -> None:
    fetch("handx", tmp_path / "dl")
    hub.commit = "f" * 40
    with pytest.raises(InputError, match="choose another folder"):
        fetch("handx", tmp_path / "dl")


def test_refusals_of_the_hub_are_one_line(hub, tmp_path) -> None:
    with pytest.raises(InputError, match="no such revision"):
        fetch("handx", tmp_path / "dl", revision="v9")
    with pytest.raises(InputError, match="no such data set"):
        fetch("someone/else", tmp_path / "dl")
    with pytest.raises(InputError, match="no file matches"):
        fetch("handx", tmp_path / "dl", only=["*.zarr"])
    hub.gated = True
    with pytest.raises(InputError, match="accept its terms"):
        fetch("handx", tmp_path / "dl")
    assert not (tmp_path / "dl" / "fetch.json").exists()


def test_no_hub_at_all_is_one_line(hub, tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(InputError, match="check the network"):
        fetch("handx", tmp_path / "dl")


def test_names() -> None:
    assert repository_of("handx") == repository_of(HANDX)
    assert repository_of("a/b") == ("a/b", None)
    for name in ("nonesuch", "/b", "a/b/c"):
        with pytest.raises(InputError, match="unknown data set"):
            repository_of(name)


def test_a_folder_without_a_record_has_no_origin(tmp_path) -> None:
    assert origin_of(tmp_path) == {}
    (tmp_path / "fetch.json").write_text("{}")
    with pytest.raises(InputError, match="fetch again"):
        origin_of(tmp_path)


def test_a_name_that_leaves_the_folder_is_refused(hub, tmp_path) -> None:
    hub.files["../outside.npz"] = b"no"
    with pytest.raises(InputError, match="outside the folder"):
        fetch("handx", tmp_path / "dl")
    assert not (tmp_path / "outside.npz").exists()
