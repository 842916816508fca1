"""The list of skills as data: readable requests, reach, names."""

import pytest

from handx_gen.errors import InputError
from handx_gen.kinematics.contacts import PAIRS
from handx_gen.procedural.reader import read
from robots import load_robot
from sim.skills import SKILLS, find_skill

ALL = list(SKILLS.values())


def test_there_are_enough_and_of_every_family() -> None:
    assert len(SKILLS) >= 24
    families = {skill.family for skill in ALL}
    assert families == {
        "touch",
        "pinch",
        "palm",
        "fist",
        "interlock",
        "count",
        "motion",
    }


@pytest.mark.parametrize("skill", ALL, ids=lambda skill: skill.name)
def test_every_wording_is_read_in_full_and_asks_for_the_same(skill) -> None:
    assert len(skill.prompts) >= 2
    asked = [read(prompt).requested for prompt in skill.prompts]
    for prompt, requested in zip(skill.prompts, asked):
        assert requested.understood, prompt
        assert requested.events, prompt
    kinds = [sorted((e.kind, e.hand) for e in requested.events) for requested in asked]
    assert all(one == kinds[0] for one in kinds)


def test_needed_contacts_are_pairs_that_capability_cards_speak_of() -> None:
    assert {pair for skill in ALL for pair in skill.contacts} <= set(PAIRS)


def test_a_contact_out_of_reach_makes_the_skill_unreachable() -> None:
    inspire = load_robot("inspire")
    missing = SKILLS["pinch_in_turn"].unreachable(inspire)
    assert "mm apart" in missing["left.thumb_tip|left.pinky_tip"]
    assert not SKILLS["clap_twice"].unreachable(inspire)


def test_a_missing_finger_makes_the_skill_unreachable() -> None:
    missing = SKILLS["thumb_to_pinky"].unreachable(load_robot("leap"))
    assert missing == {"left.thumb_tip|right.pinky_tip": "no right pinky"}
    assert not SKILLS["thumb_to_pinky"].unreachable(load_robot("shadow"))
    missing = SKILLS["count_beside_fist"].unreachable(load_robot("leap"))
    assert missing == {"right.pinky": "no right pinky"}
    assert not SKILLS["count_to_three"].unreachable(load_robot("leap"))


def test_an_unknown_skill_names_the_nearest() -> None:
    with pytest.raises(InputError, match="clap_twice"):
        find_skill("clap_twise")
