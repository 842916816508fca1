"""Choosing clips: every condition, what is counted, and going on after a stop."""

import numpy as np
import pytest

from handx_gen.errors import InputError
from training.data import importer, selection
from training.data.corpus import Store
from training.data.importer import import_recordings
from training.data.selection import Choice, choose
from training.data.windows import Cut

TEXT = {"left": ("open", "The left hand opens."), "relation": ("apart",)}


@pytest.fixture
def store(made, tmp_path, monkeypatch) -> Store:
    """Several pages: two hands and one, with captions and without, far and touching."""
    monkeypatch.setattr(importer, "BATCH_SAMPLES", 500)
    time = np.arange(135) / 30

    def takes():
        for k in range(12):
            joints = made.hands(time, apart=(0.3 if k % 3 else 0.02) + 0.002 * k)
            if k % 4 == 1:
                joints[40:, k // 4 % 2] = np.nan
            yield made.recording(
                joints, time, name=f"take {k}", group=f"subject {k // 2}",
                up=(0.0, 0.0, 1.0) if k % 2 else None, text=TEXT if k < 6 else {},
                details={"split": "val"} if k < 2 else {},
            )  # fmt: skip

    made_store = Store.create(tmp_path / "store", Cut(frames=30))
    import_recordings(takes(), made_store, Cut(frames=30))
    assert len(made_store.ledger()) > 2
    return made_store


def ids(store: Store) -> list[str]:
    return [clip.id for clip in store.clips()]


CONDITIONS = {
    "split": (Choice(splits=("train",)), lambda c: c.split == "train"),
    "both hands": (Choice(hands="both"), lambda c: c.motion.present.all()),
    "left hand": (Choice(hands="left"), lambda c: c.motion.present[0]),
    "duration": (Choice(seconds=(2, 3)), lambda c: False),
    "gravity": (Choice(gravity=True), lambda c: c.motion.provenance["gravity_known"]),
    "captioned": (Choice(captioned=True), lambda c: c.captions["left"]),
    "text": (Choice(text="LEFT hand.*opens"), lambda c: c.captions["left"]),
    "touching": (Choice(contact=(0.5, 1)), lambda c: touching(c) >= 0.5),
    "apart": (Choice(contact=(0, 0)), lambda c: touching(c) == 0),
    "lively": (Choice(intensity=(60, np.inf)), lambda c: mean_speed(c) >= 60),
    "all": (Choice(), lambda c: True),
}


def touching(clip) -> float:
    both = clip.motion.present.all()
    return selection.hands_touch(clip.motion.joints).mean() if both else 0.0


def mean_speed(clip) -> float:
    return clip.intensity[clip.motion.present].mean()


@pytest.mark.parametrize("name", CONDITIONS)
def test_each_condition_takes_exactly_its_clips(store, tmp_path, name) -> None:
    choice, true = CONDITIONS[name]
    wanted = {clip.id for clip in store.clips() if true(clip)}
    chosen = choose(store.folder, tmp_path / "new", choice)
    assert chosen.kept == len(wanted)
    assert chosen.kept + sum(chosen.dropped.values()) == chosen.clips == len(ids(store))
    assert chosen.kept_frames == 30 * chosen.kept
    if wanted:
        found = Store(tmp_path / "new")
        assert set(ids(found)) == wanted
        assert found.cut == store.cut


def test_the_conditions_that_select_do_select(store) -> None:
    """None of the tests above compares everything with everything, or nothing."""
    for name in set(CONDITIONS) - {"duration", "all", "lively"}:
        taken = [bool(CONDITIONS[name][1](clip)) for clip in store.clips()]
        assert 0 < sum(taken) < len(taken), name


def test_rows_are_copied_whole(store, tmp_path) -> None:
    choose(store.folder, tmp_path / "new", Choice(hands="both"))
    before = {clip.id: clip for clip in store.clips()}
    for clip in Store(tmp_path / "new").clips():
        old = before[clip.id]
        assert np.array_equal(clip.motion.joints, old.motion.joints)
        assert clip.motion.provenance == old.motion.provenance
        assert (clip.captions, clip.split, clip.licence) == (
            old.captions, old.split, old.licence,
        )  # fmt: skip


def test_a_stop_changes_nothing_and_a_second_run_adds_nothing(
    store, tmp_path, monkeypatch
) -> None:
    choice, folder = Choice(hands="both"), tmp_path / "stopped"
    undisturbed = choose(store.folder, tmp_path / "whole", choice)
    real, calls = Store.append, []

    def append(self, *what):
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        real(self, *what)

    monkeypatch.setattr(Store, "append", append)
    with pytest.raises(KeyboardInterrupt):
        choose(store.folder, folder, choice)
    monkeypatch.setattr(Store, "append", real)
    again = choose(store.folder, folder, choice)
    assert 0 < again.before < again.clips
    assert again.dropped == undisturbed.dropped
    assert ids(Store(folder)) == ids(Store(tmp_path / "whole"))
    third = choose(store.folder, folder, choice)
    assert third.before == third.clips == undisturbed.clips
    assert ids(Store(folder)) == ids(Store(tmp_path / "whole"))


def test_a_choice_grows_with_its_store(store, made, tmp_path) -> None:
    folder = tmp_path / "new"
    first = choose(store.folder, folder, Choice())
    time = np.arange(135) / 30
    more = made.recording(made.hands(time, apart=0.25), time, name="late")
    import_recordings(iter([more]), store, Cut(frames=30))
    second = choose(store.folder, folder, Choice())
    assert second.kept > first.kept
    assert set(ids(Store(folder))) == set(ids(store))


def test_refused_before_anything_is_written(store, tmp_path) -> None:
    folder = tmp_path / "new"
    for wrong, word in (
        (lambda: Choice(splits=("dev",)), "choose of"),
        (lambda: Choice(seconds=(3, 1)), "smaller bound first"),
        (lambda: Choice(contact=(float("nan"), 1)), "smaller bound first"),
        (lambda: Choice(clean=2), "share"),
        (lambda: Choice(text="("), "pattern"),
        (lambda: choose(store.folder, folder, Choice(sources=("nope",))), "test"),
        (lambda: choose(store.folder, store.folder, Choice()), "itself"),
        (lambda: choose(tmp_path / "absent", folder, Choice()), "no store"),
    ):
        with pytest.raises(InputError, match=word):
            wrong()
    assert not folder.exists()
    choose(store.folder, folder, Choice(hands="both"))
    with pytest.raises(InputError, match="another choice"):
        choose(store.folder, folder, Choice(hands="left"))
    with pytest.raises(InputError, match="another choice"):
        Store.create(folder, Cut(frames=30))
    Store.create(tmp_path / "whole", Cut(frames=30))
    with pytest.raises(InputError, match="whole store"):
        choose(store.folder, tmp_path / "whole", Choice())


def test_a_damaged_shard_is_named(store, tmp_path) -> None:
    shard = next((store.folder / "data").glob("*.arrow"))
    shard.write_bytes(shard.read_bytes()[:100])
    with pytest.raises(InputError, match=shard.name):
        choose(store.folder, tmp_path / "new", Choice())
