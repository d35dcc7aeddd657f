"""The set of decoded sequences against counting each of them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from planner.serving.simulate.decoding import Decoding

_BLOCK = 16
_LENGTHS = st.lists(
    st.tuples(st.integers(32, 200), st.sampled_from([0, 16, 32]), st.integers(1, 60)),
    min_size=1,
    max_size=12,
)


def _filled(sequences: list[tuple[int, int, int]], after: int) -> Decoding:
    decoding = Decoding(_BLOCK)
    decoding.advance(after)
    for number, (tokens, shared, left) in enumerate(sequences):
        decoding.add(number, tokens=tokens, shared_tokens=shared, left=left)
    return decoding


def _blocks(sequences: list[tuple[int, int, int]], steps: int) -> int:
    return sum(-(-(tokens + steps) // _BLOCK) - shared // _BLOCK for tokens, shared, _ in sequences)


@given(_LENGTHS, st.integers(0, 50), st.integers(0, 40))
def test_blocks_are_the_sum_over_sequences(
    sequences: list[tuple[int, int, int]], after: int, steps: int
) -> None:
    decoding = _filled(sequences, after)
    assert decoding.blocks(steps) == _blocks(sequences, steps)
    assert decoding.most_blocks(steps) >= decoding.blocks(steps)


@given(_LENGTHS, st.integers(0, 50), st.integers(0, 60), st.integers(1, 60))
def test_as_many_steps_fit_as_there_are_blocks_for(
    sequences: list[tuple[int, int, int]], after: int, free: int, most: int
) -> None:
    steps = _filled(sequences, after).steps_that_fit(free, most)
    limit = _blocks(sequences, 0) + free
    assert steps <= most
    assert _blocks(sequences, steps) <= limit
    assert steps == most or _blocks(sequences, steps + 1) > limit


@given(_LENGTHS, st.integers(0, 50))
def test_sequences_leave_at_their_own_end(
    sequences: list[tuple[int, int, int]], after: int
) -> None:
    decoding, left_at = _filled(sequences, after), dict[int, int]()
    while decoding.members:
        decoding.advance(decoding.steps_to_next_end())
        for number in decoding.pop_ended():
            left_at[number] = decoding.step - after
    assert left_at == {number: left for number, (_, _, left) in enumerate(sequences)}
    assert (decoding.tokens, decoding.shared_tokens, decoding.blocks()) == (0, 0, 0)


@given(_LENGTHS)
def test_the_youngest_leaves_with_what_it_holds(sequences: list[tuple[int, int, int]]) -> None:
    decoding = _filled(sequences, 0)
    steps = min(left for _, _, left in sequences) - 1
    decoding.advance(steps)
    tokens, shared, left = sequences[-1]
    assert decoding.pop_youngest() == (len(sequences) - 1, left - steps, tokens + steps - shared)
    assert decoding.blocks() == _blocks(sequences[:-1], steps)


def test_the_end_of_a_sequence_that_left_early_is_forgotten() -> None:
    decoding = _filled([(32, 0, 9), (32, 0, 3)], 0)
    decoding.pop_youngest()
    assert decoding.steps_to_next_end() == 9
    # It comes back with another end, and only that one counts.
    decoding.add(1, tokens=40, shared_tokens=0, left=5)
    decoding.advance(3)
    assert decoding.pop_ended() == []
    decoding.advance(2)
    assert decoding.pop_ended() == [1]
