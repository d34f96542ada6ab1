"""The router's output for random stories matches the reviewed files."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.router.stories import tell
from tests.unit.router.test_golden_messages import GOLDEN, assert_reviewed

STORIES: Path = GOLDEN / "stories"
SEEDS = range(1, 13)


@pytest.mark.parametrize("seed", SEEDS)
def test_story_when_it_is_played_then_its_transcript_is_the_reviewed_one(seed: int) -> None:
    """After a change that is meant: ``UPDATE_GOLDEN=1``, and read the diff."""
    assert_reviewed(STORIES / f"{seed:02}.txt", tell(seed))


def test_stories_when_listed_then_each_has_its_seed() -> None:
    assert {path.stem for path in STORIES.iterdir()} == {f"{seed:02}" for seed in SEEDS}
