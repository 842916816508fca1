import json

from training.ship import score_lines, shown, start, thinned_log


def test_log_of_a_resumed_run_is_thinned_and_each_step_is_there_once(tmp_path):
    steps = [*range(50, 10_050, 50), *range(9_000, 20_050, 50)]
    rows = [{"step": step, "loss": 1 / step} for step in steps]
    (tmp_path / "log.jsonl").write_text("\n".join(map(json.dumps, rows)))
    log = thinned_log(tmp_path)
    kept = [row["step"] for row in log]
    assert kept == sorted(set(kept))
    assert kept[-1] == 20_000
    assert 50 <= len(kept) <= 140


def test_a_validation_joins_the_row_of_its_step(tmp_path):
    rows = [{"step": 50, "loss": 1.0}, {"step": 50, "event_f1": 0.5}]
    (tmp_path / "log.jsonl").write_text("\n".join(map(json.dumps, rows)))
    assert thinned_log(tmp_path) == [{"step": 50, "loss": 1.0, "event_f1": 0.5}]


def test_score_lines_are_a_table_of_means():
    cell = {"f1": {"mean": 0.756, "low": 0.7, "high": 0.8, "count": 10}}
    lines = score_lines({"scores": {"net": {"val": cell}, "chance": {"val": cell}}})
    assert lines[0] == "| model | val |"
    assert lines[2] == "| net | 0.76 |"
    assert len(lines) == 4


def test_the_card_says_where_the_weights_came_from_and_what_they_can_be_shown():
    assert start({"init": {}}) == start({}) == ""
    before = {"steps": 13_168, "minutes": 96}
    init = {"name": "synth-v1", "sha256": "b9ccbbf06a35" + "0" * 52, "trained": before}
    words = start({"init": init})
    for fact in ("synth-v1", "13,168", "96 minutes", "b9ccbbf06a35", "fresh optimiser"):
        assert fact in words
    assert "No control" in shown({})
    assert "40%" in shown({"show_nothing": 0.6})
