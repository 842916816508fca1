"""Captions for many clips: from an endpoint with bad moods, into folders and stores."""

import json
import threading
from dataclasses import replace

import numpy as np
import pytest

from handx.cli import main
from handx_gen import endpoint
from handx_gen.captions import grammar
from handx_gen.captions.llm import EndpointWriter
from handx_gen.captions.prompt import messages
from handx_gen.captions.schema import CaptionSet
from handx_gen.endpoint import Endpoint, EndpointError
from handx_gen.errors import InputError
from handx_gen.kinematics.timeline_events import check_timeline, timeline
from handx_gen.procedural import perform
from tests.training.caption_server import CaptionServer
from training.annotate import Journal, Writing, annotate
from training.annotated import SCOPE, MotionFolder, StoreClips, open_clips
from training.data.corpus import Store
from training.data.importer import import_recordings
from training.data.raw import RawMotion
from training.data.windows import Cut

REQUESTS = (
    "clap", "pinch with the right thumb and index finger", "bend the left ring finger",
    "poke the left palm with the right index finger", "move the left hand up",
    "make a fist with the right hand",
)  # fmt: skip
BAD_MOODS = (
    ["429", "500"], ["slow", "echo"], ["truncated"], ["schema", "429"], ["cut"],
    ["empty", "prose"], ["429", "500", "cut", "schema", "truncated"],
)  # fmt: skip


@pytest.fixture(scope="module")
def motions():
    return [perform(text, 2.0) for text in REQUESTS]


@pytest.fixture(scope="module")
def answers(motions):
    """User message → captions that hold."""
    found = {}
    for motion in motions:
        events = timeline(motion)
        key = messages(events)[1]["content"]
        found[key] = grammar.write(events, seed=99).to_json()["annotations"]
    return found


@pytest.fixture
def takes(motions, tmp_path):
    for k, motion in enumerate(motions):
        motion.save(tmp_path / "takes" / f"{k}.npz")
    return tmp_path / "takes"


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr(endpoint, "LONGEST_WAIT", 0.02)
    monkeypatch.setattr(endpoint, "_PLAIN", set())


def asking(server, **more) -> Writing:
    return Writing("http", Endpoint(server.url, "m", timeout=0.4, **more))


def kept(folder) -> dict[str, CaptionSet]:
    return {
        path.name.removesuffix(".captions.json"): CaptionSet.from_json(
            json.loads(path.read_text())
        )
        for path in folder.rglob("*.captions.json")
    }


@pytest.mark.parametrize("moods", BAD_MOODS, ids="+".join)
def test_a_bad_mood_loses_and_doubles_nothing(moods, takes, answers):
    with CaptionServer(answers, moods) as server:
        tally = annotate(MotionFolder(takes), asking(server), workers=3)
        again = annotate(MotionFolder(takes), asking(server), workers=3)
    assert (tally.written, tally.failed, tally.replaced) == (6, {}, 0)
    assert (again.written, again.before) == (0, 6)
    assert sorted(map(str, range(6))) == sorted(kept(takes))
    wanted = sorted(json.dumps(levels) for levels in answers.values())
    found = [json.dumps(c.to_json()["annotations"]) for c in kept(takes).values()]
    assert sorted(found) == wanted
    assert all(c.source == "http:m" and all(c.verified) for c in kept(takes).values())
    assert set(server.asked.values()) == {len(moods) + 1}
    assert tally.spent["requests"] == 6 * (len(moods) + 1)


def test_what_stays_broken_is_named_and_tried_again_next_time(takes, answers):
    with CaptionServer(answers, ["500"] * 4) as server:
        how = asking(server, attempts=3)
        tally = annotate(MotionFolder(takes), how, workers=2)
        assert len(tally.failed) == 6
        assert "status 500" in tally.failed["0"]
        assert kept(takes) == {}
        assert annotate(MotionFolder(takes), how, workers=2).written == 6


def test_an_endpoint_that_refuses_stops_the_run_and_keeps_what_was_done(
    takes, answers, monkeypatch
):
    monkeypatch.setenv("HANDX_API_KEY", "sesame")
    with CaptionServer(answers) as server:
        first = list(answers)[4]
        right = server.completion
        server.completion = lambda clip, mood: (
            (server.moods.insert(0, "401") if clip == first else None)
            or right(clip, mood)
        )
        with pytest.raises(EndpointError, match="401") as caught:
            annotate(MotionFolder(takes), asking(server), workers=1)
        assert "sesame" not in str(caught.value)
        assert server.keys == {"Bearer sesame"}
        before = kept(takes)
        assert 4 <= len(before) < 6
        server.moods, server.completion = [], right
        tally = annotate(MotionFolder(takes), asking(server), workers=1)
    assert tally.before == len(before)
    assert len(kept(takes)) == 6
    assert {k: kept(takes)[k] for k in before} == before


def test_no_more_questions_at_once_than_asked_for(takes, answers):
    with CaptionServer(answers) as server:
        server.hold = 0.03
        annotate(MotionFolder(takes), asking(server), workers=2)
    assert server.busiest == 2


def test_the_cache_pays_once(takes, answers, tmp_path):
    with CaptionServer(answers) as server:
        how = replace(asking(server), cache=tmp_path / "cache")
        first = annotate(MotionFolder(takes), how, workers=2)
        before = kept(takes)
        for file in takes.glob("*.captions.json"):
            file.unlink()
        (damaged, *_) = sorted((tmp_path / "cache").rglob("*.json"))
        damaged.write_text("{")
        second = annotate(MotionFolder(takes), how, workers=2)
    assert first.spent["completion_tokens"] == 600
    assert (second.spent["cached"], second.spent["requests"]) == (5, 1)
    assert kept(takes) == before


def test_false_captions_are_asked_for_again_then_written_by_the_grammar(takes, answers):
    with CaptionServer(answers, ["false"]) as server:
        tally = annotate(MotionFolder(takes), asking(server), workers=2)
        assert tally.replaced == 0
        corrected = next(iter(server.bodies.values()))[1]["messages"]
        assert "ring" in corrected[-1]["content"]
        assert "object 5" in corrected[-1]["content"]
    for file in takes.glob("*.captions.json"):
        file.unlink()
    with CaptionServer(answers, ["false"] * 9) as server:
        tally = annotate(MotionFolder(takes), asking(server), workers=2)
    assert (tally.written, tally.replaced, tally.unverified) == (6, 6, 0)
    for captions in kept(takes).values():
        assert captions.source == "http:m+grammar"
        assert captions.to_json()["annotations"][:4] in [
            a[:4] for a in answers.values()
        ]
        assert "interlace" not in captions.levels[4].relation


def test_servers_without_structured_output_are_asked_without(takes, answers):
    with CaptionServer(answers, ["plain"]) as server:
        tally = annotate(MotionFolder(takes), asking(server), workers=1)
    assert tally.written == 6
    assert tally.spent["requests"] == 7


@pytest.mark.parametrize("url", [
    "http://example.org/v1", "ftp://127.0.0.1/v1", "nowhere",
    "https://user:pass@example.org/v1", "http://127.0.0.1.example.org/v1",
])  # fmt: skip
def test_addresses_that_would_leak_are_refused(url):
    with pytest.raises(InputError):
        Endpoint(url, "m")
    Endpoint("https://example.org/v1", "m")
    Endpoint("http://[::1]:8000/v1", "m")


def test_redirects_are_not_followed(takes, answers):
    with CaptionServer(answers, ["redirect"]) as server:
        writer = EndpointWriter(Endpoint(server.url, "m"))
        with pytest.raises(EndpointError, match="307"):
            writer.write(timeline(perform(REQUESTS[0], 2.0)))


@pytest.fixture
def store(motions, tmp_path):
    """A store of the motions, the last with captions of its own."""
    recordings = [
        RawMotion(
            f"take {k}", "test", np.arange(len(m)) / 30, m.joints, np.ones((len(m), 2)),
            (0.0, 0.0, 1.0), group=f"g{k}",
            text={"left": ("its own",)} if k == 5 else {},
        )
        for k, m in enumerate(motions)
    ]  # fmt: skip
    store = Store.create(tmp_path / "store", Cut())
    import_recordings(recordings, store, Cut())
    assert len(list(store.clips())) == 6
    return store


def test_a_store_gets_its_captions_and_keeps_those_it_had(store):
    before = {c.id: c.motion.joints for c in store.clips()}
    tally = annotate(open_clips(store.folder), Writing(), workers=1)
    assert (tally.written, tally.unverified) == (5, 0)
    clips = {c.id: c for c in Store(store.folder).clips()}
    assert {k: c.motion.joints.tobytes() for k, c in clips.items()} == {
        k: joints.tobytes() for k, joints in before.items()
    }
    own = [c for c in clips.values() if c.captions["left"] == ("its own",)]
    assert len(own) == 1
    for clip in clips.values():
        if clip is not own[0]:
            assert {len(texts) for texts in clip.captions.values()} == {5}
            assert clip.motion.provenance["caption_scope"] == SCOPE
    files = sorted(p.name for p in (store.folder / "data").iterdir())
    listed = sorted(n.removeprefix("data/") for p in store.ledger() for n in p["files"])
    assert files == listed
    assert annotate(open_clips(store.folder), Writing(), workers=1).written == 0
    assert sorted(p.name for p in (store.folder / "data").iterdir()) == files
    with_all = annotate(open_clips(store.folder, replace=True), Writing(), workers=1)
    assert with_all.written == 1
    assert all(len(c.captions["left"]) == 5 for c in Store(store.folder).clips())


def test_a_run_that_is_stopped_goes_on(store):
    seen = []

    def stop(tally):
        seen.append(tally.written)
        if tally.written == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        annotate(StoreClips(store.folder), Writing(), workers=1, report=stop)
    assert sum(any(c.captions["right"]) for c in store.clips()) == 2
    # … and one that was killed in the middle of a line loses only that line.
    journal = store.folder / "captions" / "grammar.jsonl"
    with open(journal, "a") as stream:
        stream.write('{"id": "torn')
    tally = annotate(StoreClips(store.folder), Writing(), workers=1)
    assert (tally.before, tally.written) == (2, 3)
    lines = [json.loads(line)["id"] for line in journal.read_text().splitlines()]
    assert len(lines) == len(set(lines)) == 5
    assert set(Journal(journal).read()) == set(lines)


def test_one_run_at_a_time(takes):
    inside = threading.Event()

    def second(tally):
        if not inside.is_set():
            inside.set()
            with pytest.raises(InputError, match="another run"):
                annotate(MotionFolder(takes), Writing(), workers=1)

    annotate(MotionFolder(takes), Writing(), workers=1, report=second)
    assert inside.is_set()


def test_what_is_no_motion_is_passed_over_or_refused(takes, tmp_path):
    np.savez(takes / "other.npz", schema_version=1, numbers=np.zeros(3))
    assert annotate(MotionFolder(takes), Writing(), workers=1).written == 6
    with pytest.raises(InputError, match="neither a store"):
        open_clips(tmp_path / "nothing")


@pytest.mark.slow  # half a minute of starting up; `make test-ray`
def test_ray_writes_the_same_captions(takes):
    pytest.importorskip("ray", reason="the extra ray is not installed")
    annotate(MotionFolder(takes), Writing(), workers=1)
    alone = kept(takes)
    for file in takes.glob("*.captions.json"):
        file.unlink()
    annotate(MotionFolder(takes), Writing(), workers=2, ray=True)
    assert kept(takes) == alone


def test_the_commands_work_together(takes, answers, capsys):
    with CaptionServer(answers, ["429"]) as server:
        words = ["annotate", str(takes), "--backend", "http", "--url", server.url]
        assert (
            main([*words, "--model", "m", "--price-in", "2", "--price-out", "10"]) == 0
        )
        told = capsys.readouterr().out
    # Six answers of 1,000 and 100 tokens.
    assert "6000 / 600" in told
    assert "0.0180" in told
    assert main(["describe", str(takes / "1.npz"), "--json"]) == 0
    events = check_timeline(json.loads(capsys.readouterr().out))
    assert events["right_hand_events"]["finger_tip_contact"]["index_tip, thumb_tip"]
    assert main(["describe", str(takes / "1.npz")]) == 0
    assert "pinch index" in capsys.readouterr().out
    leaky = ["annotate", str(takes), "--backend", "http", "--model", "m"]
    assert main([*leaky, "--url", "http://example.org/v1"]) == 2
    assert "use https" in capsys.readouterr().err
