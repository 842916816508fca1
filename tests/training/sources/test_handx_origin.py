"""Which data set a clip of a HandX release came from, and under which licence."""

import json

import numpy as np
import pytest

from handx_gen.errors import InputError
from training.data.rows import as_rows
from training.data.sources import SOURCES, read_source, sniff_source
from training.data.windows import Cut

LIST = "handx_to_dataset_source_release.json"


@pytest.fixture
def release(tmp_path, pair):
    """Writes an archive of some keys, and the list beside it."""

    def write(keys, listed=None, name=LIST):
        clips = {
            key: {"motion": np.nan_to_num(pair) * (1 + 0.001 * k)}
            for k, key in enumerate(keys)
        }
        np.savez(tmp_path / "train_can_pos_all_wotextfeat.npz", **clips)
        if listed is not None:
            (tmp_path / name).write_text(json.dumps(listed))
        return {
            raw.details["key"]: raw.details.get("original")
            for raw in read_source("handx", tmp_path)
        }

    return write


def test_the_list_names_every_clip(release):
    listed = {
        "train": {"0": "GigaHands", "1": "HOT3D", "2": "handx"},
        "test": {"0": "x"},
    }
    assert release("012", listed) == {"0": "gigahands", "1": "hot3d", "2": "handx"}


def test_without_a_list_nothing_is_said_and_that_is_counted(release, tmp_path):
    assert release("01") == {"0": None, "1": None}
    for raw in read_source("handx", tmp_path):
        assert raw.counts["clips of unnamed origin"] == 1
        assert raw.licence == SOURCES["handx"].licence


def test_withheld_clips_at_the_end_of_the_list(release):
    listed = {"0": "hot3d", "1": "hot3d", "2": "arctic", "3": "h2o"}
    assert release("01", {"train": listed}) == {"0": "hot3d", "1": "hot3d"}


def test_withheld_clips_in_the_middle_shift_the_numbers(release):
    """The archive's keys run on; the list counts clips that are not in it."""
    listed = {"0": "hot3d", "1": "arctic", "2": "h2o", "3": "handx", "10": "gigahands"}
    found = release("012", {"train": listed})
    assert found == {"0": "hot3d", "1": "handx", "2": "gigahands"}


def test_a_list_that_does_not_fit_names_nothing(release):
    assert release("012", {"train": {"0": "hot3d", "1": "arctic"}}) == dict.fromkeys(
        "012"
    )


def test_the_merging_scripts_list(release, tmp_path):
    arctic = {
        "source_dataset": "ARCTIC", "source_key": "0001", "license": "ARCTIC licence",
        "source_sequence_id": "arctic_s01_box_use_01", "frame_start": 60, "frame_end": 120,
    }  # fmt: skip
    listed = {"train": {"0": {"source_dataset": "HOT3D"}, "arctic_0001": arctic}}
    keys = ("0", "arctic_0001")
    assert release(keys, listed, "source_metadata.json") == dict(
        zip(keys, ("hot3d", "arctic"))
    )
    _, raw = read_source("handx", tmp_path)
    assert raw.licence == "ARCTIC licence"
    assert raw.details["original_sequence"] == "arctic_s01_box_use_01"
    assert tuple(raw.details["original_frames"]) == (60, 120)
    assert raw.group == "train/arctic/arctic_s01_box_use_01"
    assert "handx" in sniff_source(tmp_path / "train_can_pos_all_wotextfeat.npz")


def test_licence_and_provenance_reach_the_clip(release, tmp_path):
    release("01", {"train": {"0": "HoloAssist", "1": "handx"}})
    stated = {"licence": "other", "repository": "some/HandX"}
    rows = [
        as_rows(raw, Cut(frames=4), stated)[1][0]
        for raw in read_source("handx", tmp_path)
    ]
    assert rows[0]["licence"] == f"other; holoassist: {SOURCES['holoassist'].licence}"
    assert rows[1]["licence"] == "other"
    told = json.loads(rows[0]["provenance"])
    assert told["details"]["original"] == "holoassist"
    assert told["repository"] == "some/HandX"


def test_clips_of_two_sources_are_not_one_group(release, tmp_path):
    release("0123", {"train": {"0": "hot3d", "1": "hot3d", "2": "handx", "3": "handx"}})
    groups = [raw.group for raw in read_source("handx", tmp_path)]
    assert groups[0] == groups[1] != groups[2] == groups[3]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{", "JSON"), ("[1]", "clips by split"), ('{"train": {"0": 7}}', "no source"),
        ('{"train": 3}', "clips by split"), ("", "empty"), ("\x00", "JSON"),
    ],
)  # fmt: skip
def test_a_damaged_list_is_named(release, tmp_path, text, problem):
    release("0")
    (tmp_path / LIST).write_text(text)
    with pytest.raises(InputError, match=problem) as caught:
        list(read_source("handx", tmp_path))
    assert LIST in str(caught.value)
