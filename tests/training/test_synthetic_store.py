"""Synthetic clips in a store: the same bytes however they were made, nothing lost."""

import hashlib

import numpy as np
import pytest

pytest.importorskip("datasets")

from handx_gen.errors import InputError
from handx_gen.procedural import synthesize
from training.data import synthetic_store
from training.data.corpus import Store
from training.data.synthetic_store import stored_clips, synthesize_store


def digest(folder) -> dict[str, str]:
    """File → hash, of a store's files."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != ".lock"
    }


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """A store of seven clips in chunks of three."""
    folder = tmp_path_factory.mktemp("synthetic") / "store"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(synthetic_store, "CHUNK", 3)
        synthesize_store(folder, 7)
    return folder


def test_a_stopped_run_goes_on_to_the_same_bytes(store, tmp_path, monkeypatch):
    monkeypatch.setattr(synthetic_store, "CHUNK", 3)

    def stop(made):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        synthesize_store(tmp_path / "again", 7, report=stop)
    made = synthesize_store(tmp_path / "again", 7)
    assert (made.clips, made.before) == (7, 3)
    assert digest(tmp_path / "again") == digest(store)


@pytest.mark.slow
def test_two_processes_make_the_same_bytes_as_one(tmp_path):
    # The workers are new processes: the size of a chunk is the real one.
    for workers in (1, 2):
        synthesize_store(tmp_path / str(workers), 110, workers=workers)
    assert digest(tmp_path / "1") == digest(tmp_path / "2")


def test_a_stored_clip_is_the_teachers_with_its_words_and_captions(store):
    clip = synthesize(4)
    kept = {told["seed"]: told for told in stored_clips(Store(store), "train")}
    assert sorted(kept) == list(range(7))
    np.testing.assert_array_equal(kept[4]["joints"], clip.joints)
    assert tuple(kept[4]["sentences"]) == clip.sentences
    assert kept[4]["triple"]["left"] == clip.triple.left
    assert [s["primitive"] for s in kept[4]["program"]] == [
        step.primitive for step in clip.program.steps
    ]
    for stored in Store(store).clips("train"):
        assert all(len(levels) == 5 for levels in stored.captions.values())
        assert stored.source == "synthetic"


def test_held_out_clips_are_test_clips(tmp_path):
    synthesize_store(tmp_path / "store", 2, split="heldout_wording")
    told = list(stored_clips(Store(tmp_path / "store"), "heldout_wording"))
    assert len(told) == 2
    assert {clip.split for clip in Store(tmp_path / "store").clips()} == {"test"}


def test_clips_of_another_teacher_are_not_mixed_in(store, monkeypatch):
    monkeypatch.setattr(synthetic_store, "fingerprint", lambda: "0123456789ab")
    with pytest.raises(InputError, match="another teacher"):
        synthesize_store(store, 9)


@pytest.mark.parametrize(("clips", "seed", "split"), [(0, 0, "train"), (1, -1, "train"),
                                                      (1, 0, "other")])  # fmt: skip
def test_wrong_requests_are_refused_before_anything_is_written(
    clips, seed, split, tmp_path
):
    with pytest.raises(InputError):
        synthesize_store(tmp_path / "store", clips, seed, split)
    assert not (tmp_path / "store").exists()
