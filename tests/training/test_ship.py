import json

from training.ship import score_lines, thinned_log


def test_log_of_a_resumed_run_is_thinned_and_each_step_is_there_once(tmp_path):
    steps = [*range(50, 10_050, 50), *range(9_000, 20_050, 50)]
    rows = [{"step": step, "loss": 1 / step} for step in steps]
    (tmp_path / "log.jsonl").write_text("\n".join(map(json.dumps, rows)))
    log = thinned_log(tmp_path)
    kept = [row["step"] for row in log]
    assert kept == sorted(set(kept))
    assert kept[-1] == 20_000
    assert 50 <= len(kept) <= 140


def test_score_lines_are_a_table_of_means():
    cell = {"f1": {"mean": 0.756, "low": 0.7, "high": 0.8, "count": 10}}
    lines = score_lines({"scores": {"net": {"val": cell}, "chance": {"val": cell}}})
    assert lines[0] == "| model | val |"
    assert lines[2] == "| net | 0.76 |"
    assert len(lines) == 4
