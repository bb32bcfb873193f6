"""Named random streams are independent and repeatable."""

import pytest

from aimusic.music.chance import choose, stream


def test_the_same_name_gives_the_same_numbers():
    assert stream(7, "drums", "fills").random(5).tolist() == stream(7, "drums", "fills").random(5).tolist()


def test_numbers_never_change_between_releases():
    """Golden: pieces are reproducible only while this holds."""
    assert stream(1, "melody", 2).integers(0, 1000, 4).tolist() == [180, 284, 471, 148]


@pytest.mark.parametrize("other", [(8, "drums"), (7, "bass"), (7, "drums", 0)])
def test_another_name_gives_other_numbers(other):
    assert stream(7, "drums").random(3).tolist() != stream(*other).random(3).tolist()


def test_choose_follows_the_weights():
    rng = stream(0, "test")
    drawn = [choose(rng, {"a": 3, "b": 1, "c": 0}) for _ in range(2000)]
    assert 0.70 < drawn.count("a") / 2000 < 0.80
    assert drawn.count("c") == 0


@pytest.mark.parametrize("weights", [{}, {"a": 0}, {"a": 1, "b": -1}])
def test_choose_refuses_impossible_weights(weights):
    with pytest.raises(ValueError, match="non-negative"):
        choose(stream(0), weights)
