"""Continuous batching in a steady state with g sequences decoded together on average.

Every step adds a token to each sequence; the prompts that came meanwhile go into it too, up to M
tokens in all (chunked prefill). Rates and times follow from the time per output token T that a
request sees: g = λ·O·T (Little), so X(g) = g ÷ (O·T(g)), and the largest X(g) up to the most
sequences that fit (see ``places``) is the capacity. With a prompts a step of work w each:

    T = D(N) + w·g ÷ O + what comes with the request itself ÷ (O − 1)

- N. Poisson arrivals see time averages: a request is decoded beside g others and itself. In bursts
  it has companions: beside g + k in all, k the dispersion of the arrivals in one stay (see
  ``bursts``), as far as two stays overlap. The steps they stretch let in 1 ÷ (1 − ρ) as many,
  ρ = λ·w the share of time that goes to prompts. Where all places are taken nobody joins: the
  excess is reduced by that chance.
- w. The number of prompts in a step is random (see ``prompts``), and the first tokens cost less
  than the others, which is why many prompts in one step cost more than one in each of many. Steps
  that took long let in more: the variance of that number is 1 ÷ (1 − ρ²) times that of chance.
- With the request itself. Its own prompt makes a long step, in which ρ prompts and more come; then
  its companions' prompts; each makes room for 1 ÷ (1 − ρ) in all, as far as its steps can take
  them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from planner.serving.bursts import Bursts, bursts
from planner.serving.lengths import Lengths
from planner.serving.places import Limits, Places, places_of
from planner.serving.steps import StepTimes
from planner.serving.waits import delay_chance, full_chance

__all__ = [
    "Limits",
    "Replica",
    "State",
    "decode_step_ms",
    "largest_sequences",
    "mixed_step_ms",
    "state_at",
    "step_budget_tokens",
]

_MS_PER_S = 1e3
_TINY = 1e-9
# Where the share of time that goes to prompts comes near 1, there is no steady state.
_MOST_SHARE = 0.95
_ROUNDS, _FIRST_ROUNDS = 3, 2
# Regular arrivals come one at a time.
_LEAST_CLUSTER = 0.2
# Answers shorter than this meet other numbers of prompts per step than the average step does; a
# second pass settles them.
_SHORT_ANSWER = 64.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Replica:
    """A replica and the requests it gets.

    ``arrival_cv2`` is the squared coefficient of variation of gaps between arrivals: 1 for Poisson
    arrivals, 0 for a fixed number in flight. ``slowdown`` multiplies every step time: 1 ÷ edge of
    the throughput band.
    """

    steps: StepTimes
    lengths: Lengths
    limits: Limits
    arrival_cv2: float
    host_ms_per_sequence: float
    front_end_ms: float
    slowdown: float = 1.0

    @property
    def places(self) -> Places:
        """How many sequences fit, by what bounds them."""
        return places_of(self.lengths, self.limits)


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """A replica with ``sequences`` under way on average.

    ``mean_step_ms`` is the time per output token as requests see it, ``step_ms`` that of the mean
    step; ``decode_step_ms`` a step without prompts, ``least_step_ms`` that of one sequence,
    ``full_step_ms`` one with M tokens, ``mixed_step_ms`` one with prompts on average. A request
    sees ``seen_sequences``, itself included, in a decode step of ``seen_ms``; one more adds
    ``ms_per_sequence``.
    ``prompts`` a step, ``cluster`` at a time, make work of ``prompt_ms`` each, with
    ``work_variance`` a step; one more where a step has some adds ``further_prompt_ms``.
    ``dispersion`` is the variance ÷ mean of those under way by arrivals alone; ``free_share`` the
    chance of a free place, ``wait_chance`` that of an arrival to find none.
    """

    sequences: float
    rate_rps: float
    mean_step_ms: float
    step_ms: float
    decode_step_ms: float
    mixed_step_ms: float
    full_step_ms: float
    least_step_ms: float
    seen_ms: float
    seen_sequences: float
    ms_per_sequence: float
    prompts: float
    cluster: float
    prompt_ms: float
    further_prompt_ms: float
    work_variance: float
    dispersion: float
    free_share: float
    wait_chance: float

    @property
    def rate_per_ms(self) -> float:
        """Requests per millisecond."""
        return self.rate_rps / _MS_PER_S


def largest_sequences(replica: Replica) -> float:
    """g_max: slots, cache, and prompt tokens that fit into a step beside the decoded ones."""
    return replica.places.most


def step_budget_tokens(replica: Replica, sequences: float) -> float:
    """Prompt tokens a step has room for beside the decoded ones."""
    return max(replica.limits.max_num_batched_tokens - sequences, 1.0)


@dataclass(frozen=True, slots=True)
class _Batch:
    """Decoding at g sequences: ``decoding`` of them, steps of at least one, ``number``.

    ``joining`` is what a request sees beyond them, where places are free with ``free``; ``most``
    the sequences there can be. A full chunk adds ``full_ms``, ``prompts`` come with each token.
    ``uneven`` is what sequences of different size add to the variance of the cache in use.
    """

    sequences: float
    decoding: float
    number: float
    step_ms: float
    slope_ms: float
    joining: float
    free: float
    most: float
    budget: float
    full_ms: float
    prompts: float
    arrivals: Bursts
    places: Places
    uneven: float

    def seen(self, more: float) -> float:
        """Sequences a request is decoded beside, itself included; ``more`` that join."""
        wanted = self.decoding + self.free * (self.joining + more)
        return self.most if wanted > self.most else wanted if wanted > 1.0 else 1.0

    def seen_ms(self, more: float) -> float:
        """A decode step beside them."""
        return self.step_ms + self.slope_ms * (self.seen(more) - self.number)


@dataclass(frozen=True, slots=True)
class _Work:
    """Prompts in a step: how many, how clustered, and the work of each and of all."""

    prompts: float
    cluster: float
    prompt_ms: float
    variance: float
    some: float


def state_at(replica: Replica, sequences: float) -> State:
    """Step times and rate with so many sequences under way."""
    batch = _batch(replica, sequences)
    output = replica.lengths.output_tokens
    further_ms = batch.full_ms / batch.budget * replica.lengths.input_tokens
    work = _Work(batch.prompts, batch.arrivals.dispersion(batch.prompts), further_ms, 0.0, 1.0)
    for _ in range(2 if output < _SHORT_ANSWER else 1):
        work = _work(replica, batch, _in_a_step(replica, batch, work, further_ms))
    token_ms, share, more = _token_ms(replica, batch, work, further_ms, _ROUNDS)
    step_ms = min(batch.step_ms / (1.0 - share), token_ms)
    mixed_ms = batch.step_ms + min(
        work.prompts * work.prompt_ms / max(work.some, _TINY), batch.full_ms
    )
    return State(
        sequences=sequences,
        rate_rps=sequences / (token_ms * output) * _MS_PER_S,
        mean_step_ms=token_ms,
        step_ms=step_ms,
        decode_step_ms=batch.step_ms,
        mixed_step_ms=mixed_ms,
        full_step_ms=batch.step_ms + batch.full_ms,
        least_step_ms=decode_step_ms(replica, 1.0),
        seen_ms=batch.seen_ms(more),
        seen_sequences=batch.seen(more),
        ms_per_sequence=batch.slope_ms,
        prompts=work.prompts,
        cluster=work.cluster,
        prompt_ms=work.prompt_ms,
        further_prompt_ms=further_ms,
        work_variance=work.variance,
        dispersion=batch.joining,
        free_share=batch.free,
        wait_chance=_wait_chance(replica, batch, share, batch.seen_ms(more)),
    )


def _batch(replica: Replica, sequences: float) -> _Batch:
    lengths, places = replica.lengths, replica.places
    uneven = lengths.context_cv2 if places.cache_bound else 0.0
    arrivals = bursts(replica.arrival_cv2)
    output = lengths.output_tokens
    joining = 1.0 + (arrivals.dispersion(sequences) - 1.0) * lengths.overlap
    full = full_chance(
        sequences,
        joining + uneven,
        places.held,
        (joining + lengths.output_cv2) / 2.0,
    )
    most = max(places.held, sequences, 1.0)
    decoding = sequences * (1.0 - 1.0 / output)
    number = min(max(decoding, 1.0), most)
    # The slope is taken up to one standard deviation beyond what a request sees.
    seen = min(max(decoding + joining * (1.0 - full), 1.0), most)
    high = min(seen + math.sqrt(joining * seen), most)
    step_ms = decode_step_ms(replica, number)
    slope_ms = 0.0
    if high > number * (1.0 + _TINY):
        slope_ms = max((decode_step_ms(replica, high) - step_ms) / (high - number), 0.0)
    budget = step_budget_tokens(replica, number)
    prompts = sequences / output
    if places.cache_bound:
        # Whoever finds the cache full has been sent back, and is computed again.
        prompts *= 1.0 + full * output / lengths.input_tokens
    return _Batch(
        sequences=sequences,
        decoding=decoding,
        number=number,
        step_ms=step_ms,
        slope_ms=slope_ms,
        joining=joining,
        free=1.0 - full,
        most=most,
        budget=budget,
        full_ms=max(mixed_step_ms(replica, budget, number) - step_ms, 0.0),
        prompts=min(prompts, budget / lengths.input_tokens),
        arrivals=arrivals,
        places=places,
        uneven=uneven,
    )


def _in_a_step(replica: Replica, batch: _Batch, work: _Work, further_ms: float) -> float:
    """Prompts per mean step: λ × its length, which is shorter than a step as requests see it."""
    token_ms, share, _ = _token_ms(replica, batch, work, further_ms, _FIRST_ROUNDS)
    step_ms = min(batch.step_ms / (1.0 - share), token_ms)
    return max(batch.prompts * step_ms / token_ms, _TINY)


def _work(replica: Replica, batch: _Batch, prompts: float) -> _Work:
    """Work of the prompts of a step, over their random number and lengths.

    What does not fit into a step goes into the next ones: whole chunks and a rest. The more often
    prompts wait for that, the more chunks are whole.
    """
    lengths = replica.lengths
    budget, full_ms = batch.budget, batch.full_ms
    filled = min(prompts * lengths.input_tokens / budget, 1.0)
    whole_share = delay_chance(budget / (lengths.input_tokens * (1.0 + lengths.input_cv2)), filled)
    chunks_ms = filled * full_ms
    share = min(chunks_ms / (batch.step_ms + chunks_ms), _MOST_SHARE)
    cluster = batch.arrivals.dispersion(prompts) / (1.0 - share * share)
    cluster = max(1.0 + batch.free * (cluster - 1.0), _LEAST_CLUSTER)
    mean = second = some = 0.0
    number, step_ms = batch.number, batch.step_ms
    for chance, tokens in lengths.prompts.in_a_step(prompts, cluster):
        whole = tokens // budget
        rest = tokens - whole * budget
        ms = whole * full_ms
        if rest >= 1.0:
            ms += max(mixed_step_ms(replica, rest, number) - step_ms, 0.0)
        mean += chance * ms
        second += chance * ms * ms
        some += chance
    variance = max(second - mean * mean, 0.0)
    mean += whole_share * (chunks_ms - mean)
    return _Work(prompts, cluster, mean / prompts, variance, some)


def _token_ms(
    replica: Replica, batch: _Batch, work: _Work, further_ms: float, rounds: int
) -> tuple[float, float, float]:
    """Time per output token, share of time that goes to prompts, further sequences that join.

    ρ = w·λ with λ = prompts per output token ÷ its time: a few rounds from ρ without the rest.
    """
    steps = max(replica.lengths.output_tokens - 1.0, _TINY)
    late = max(
        batch.arrivals.companions(batch.sequences)
        - (batch.arrivals.dispersion(work.prompts / 2.0) - 1.0) / 2.0,
        0.0,
    )
    work_ms = work.prompt_ms * batch.prompts
    token_ms = batch.seen_ms(0.0) + work_ms
    share = more = 0.0
    for _ in range(rounds):
        share = min(work_ms / token_ms, _MOST_SHARE)
        more = batch.joining * share / (1.0 - share)
        own = batch.free * (work.cluster * share * (1.0 - share**steps) + late) / steps
        plain_ms = batch.seen_ms(more) + work_ms
        token_ms = plain_ms + _as_far_as(batch.full_ms - work_ms, own * further_ms)
    return token_ms, min(work_ms / token_ms, _MOST_SHARE), more


def _as_far_as(room_ms: float, wanted_ms: float) -> float:
    """What of random work with a mean finds room: exponential work, cut off."""
    if room_ms <= 0.0:
        return 0.0
    return -room_ms * math.expm1(-wanted_ms / room_ms)


def _wait_chance(replica: Replica, batch: _Batch, share: float, seen_ms: float) -> float:
    """Chance that an arrival finds all places taken.

    It finds its companions before it. The number varies more than arrivals do: prompts stretch
    steps, in which more come, and so do sequences, by g·slope ÷ T.
    """
    gain = min(batch.slope_ms * batch.sequences / seen_ms, _MOST_SHARE)
    peakedness = batch.joining / ((1.0 - share) ** 2 * (1.0 - gain)) + batch.uneven
    before = batch.arrivals.companions(batch.sequences) * replica.lengths.overlap
    return full_chance(
        max(batch.sequences + before, 0.0),
        peakedness,
        batch.places.held,
        (peakedness + replica.lengths.output_cv2) / 2.0,
    )


def decode_step_ms(replica: Replica, sequences: float) -> float:
    """A step without prompt tokens, host included; never below that for one sequence."""
    number = sequences if sequences > 1.0 else 1.0
    step = replica.steps.decode_ms(number, replica.lengths.context_tokens)
    return (step + replica.host_ms_per_sequence * number) * replica.slowdown


def mixed_step_ms(
    replica: Replica, tokens: float, sequences: float, attended: float | None = None
) -> float:
    """A step with so many prompt tokens, host included for them and the sequences.

    ``attended``: earlier tokens each of them attends to; default the workload's mean.
    """
    lengths = replica.lengths
    step = replica.steps.mixed_ms(
        tokens,
        lengths.attended_tokens if attended is None else attended,
        sequences,
        lengths.context_tokens,
    )
    number = sequences + tokens / lengths.input_tokens
    return (step + replica.host_ms_per_sequence * max(number, 1.0)) * replica.slowdown
