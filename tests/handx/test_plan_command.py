"""`handx plan` and what follows it: the plan is a file that people may change."""

import json

from handx.cli import main


def test_a_plan_is_written_changed_and_drawn(tmp_path, capsys):
    plan = tmp_path / "plan.json"
    assert main(["plan", "applaud, then pray", "--out", str(plan)]) == 0
    value = json.loads(plan.read_text())
    assert len(value["segments"]) == 2
    value["segments"][1] = {
        "sentence": "make a fist with the left hand",
        "seconds": 1.5,
    }
    plan.write_text(json.dumps(value))
    out = tmp_path / "out"
    arguments = ["--plan", str(plan), "--model", "program", "--out", str(out)]
    assert main(["generate", *arguments]) == 0
    assert "left shape" in capsys.readouterr().out
    assert (out / "motion.npz").exists()


def test_a_text_beside_a_plan_is_refused(tmp_path, capsys):
    plan = tmp_path / "plan.json"
    main(["plan", "clap", "--out", str(plan)])
    assert main(["generate", "clap", "--plan", str(plan), "--out", str(tmp_path)]) == 2
    assert "one of them" in capsys.readouterr().err


def test_what_cannot_be_planned_is_said(tmp_path, capsys):
    assert main(["plan", "juggle", "--out", str(tmp_path / "p.json")]) == 2
    assert "vocabulary" in capsys.readouterr().err
    assert not (tmp_path / "p.json").exists()
    assert main(["plan", "clap twice, then juggle"]) == 1
    assert main(["plan", "clap", "--url", "http://example.org/v1", "--chat", "m"]) == 2
    assert "plain http" in capsys.readouterr().err
