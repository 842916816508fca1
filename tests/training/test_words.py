import pytest

from training.data.words import swap_sides


@pytest.mark.parametrize(
    ("text", "swapped"),
    [
        ("the left hand waves", "the right hand waves"),
        ("Left thumb to right thumb", "Right thumb to left thumb"),
        ("left-hand fist, RIGHT still", "right-hand fist, LEFT still"),
        ("move to the left's side", "move to the right's side"),
        ("draw a clockwise circle", "draw a counterclockwise circle"),
        ("clap twice", "clap twice"),
        ("bend it right away", "bend it right away"),
        ("the right one right now", "the left one right now"),
        ("bright leftovers", "bright leftovers"),
    ],
)
def test_sides_are_swapped_as_whole_words(text, swapped):
    assert swap_sides(text) == swapped


def test_swapping_twice_gives_the_text_back():
    text = "Right after the left index touches the right palm, both move leftward"
    assert swap_sides(swap_sides(text)) == text
    assert "Right after" in swap_sides(text)
