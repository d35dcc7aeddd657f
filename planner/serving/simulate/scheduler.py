"""An engine's scheduler, step by step: decode first, then prompts in order of arrival.

A step decodes one token of every sequence that is through its prompt, and fills what is left of
``max_num_batched_tokens`` with prompts, the last of them in part (chunked prefill). A request is
admitted when a place is free and its whole prompt fits into the cache beside what runs. Where the
decoded sequences need a block and there is none, unused prefixes go first, then the sequence
admitted last: it loses its cache, returns to the head of the queue and computes prompt and output
so far again. No request is admitted in a step in which one is sent back.

Source: vLLM V1 scheduler (docs.vllm.ai, ``vllm.v1.core.sched.scheduler`` 0.22, with
``scheduler_reserve_full_isl`` at its default). A prompt's blocks are taken as a whole at admission;
vLLM takes them chunk by chunk.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

from planner.serving.simulate.arrivals import Queueing
from planner.serving.simulate.decoding import Decoding
from planner.serving.simulate.kvcache import KvCache
from planner.serving.simulate.misses import Misses
from planner.serving.simulate.prefixes import Key
from planner.serving.simulate.record import Run
from planner.serving.simulate.steptable import TIME_TOLERANCE_MS, DecodeLines, steps_until
from planner.serving.simulate.types import Engine, SimRequest, Workload
from planner.serving.steps import StepTimes

__all__ = ["Scheduler"]


@dataclass(slots=True)
class _Prompt:
    """A request in prefill: tokens to reach, tokens there, blocks of its own, tokens this step."""

    request: int
    target: int
    done: int
    blocks: int
    chunk: int = 0


class Scheduler:
    """One run of a workload on an engine.

    ``marks``: numbers of arrivals after which totals are kept, in ascending order. The run ends
    early when ``misses`` are decided.
    """

    def __init__(
        self,
        workload: Workload,
        steps: StepTimes,
        engine: Engine,
        *,
        marks: tuple[int, ...] = (),
        misses: Misses | None = None,
    ) -> None:
        requests = workload.requests
        self._engine = engine
        self._steps = steps
        self._lines = DecodeLines(
            steps, host_ms_per_sequence=engine.host_ms_per_sequence, slowdown=engine.slowdown
        )
        self._inputs = [request.input_tokens for request in requests]
        self._outputs = [request.output_tokens for request in requests]
        self._prefix = [_prefix_of(request, engine) for request in requests]
        self._emitted = [0] * len(requests)
        # Tokens each running request reads from a stored prefix.
        self._shared = [0] * len(requests)
        self._run = Run(len(requests))
        self._arrivals = Queueing(workload, engine, self._run.arrival_ms)
        self._marks = deque(marks)
        self._decoding = Decoding(engine.block_tokens)
        self._cache = KvCache(
            self._decoding, tokens=engine.kv_cache_tokens, block_tokens=engine.block_tokens
        )
        if engine.warm_prefixes:
            self._cache.warm(dict.fromkeys(key for key in self._prefix if key is not None))
        # A refused request is answered after the step under way, and the next one sent.
        longest = max((each.input_tokens + each.output_tokens for each in requests), default=1)
        self._refuses = not self._cache.fits_alone(longest - 1)
        self._waiting: deque[int] = deque()
        self._partial: _Prompt | None = None
        self._clock_ms = 0.0
        self._misses = misses
        self._decided = False

    def simulate(self) -> Run:
        """Run until every request that can be served has been; totals at the end are kept too."""
        while self._turn() and not self._decided:
            pass
        arrived = self._arrivals.arrived
        self._run.mark(len(self._inputs), clock_ms=self._clock_ms, arrived=arrived)
        return self._run

    def _turn(self) -> bool:
        """One step, or several alike; or waiting for the next arrival. False at the end."""
        while self._arrivals.next_ms <= self._clock_ms + TIME_TOLERANCE_MS:
            self._enqueue()
        decoding = self._decoding
        if not (self._waiting or self._partial):
            if not decoding.members:
                return self._wait()
            steps = decoding.steps_to_next_end()
            if self._cache.surely_fits(steps):
                self._decode(steps)
                return True
        if self._sent_back():
            self._decode(1)
        elif prompts := self._schedule_prompts():
            self._mixed(prompts)
        else:
            self._decode(self._cache.steps_that_fit(decoding.steps_to_next_end()))
        return True

    def _wait(self) -> bool:
        """For the next arrival; False where there is none."""
        next_ms = self._arrivals.next_ms
        if next_ms == math.inf:
            return False
        self._clock_ms = max(self._clock_ms, next_ms)
        return True

    def _enqueue(self) -> None:
        """Take the next arrival in; refuse what could never fit."""
        request = self._arrivals.take()
        if not self._refuses or self._fits_alone(request):
            self._waiting.append(request)
        else:
            self._run.refused += 1
            self._arrivals.ended(self._clock_ms)
        if self._marks and self._marks[0] < self._arrivals.arrived:
            self._run.mark(
                self._marks.popleft(), clock_ms=self._clock_ms, arrived=self._arrivals.arrived
            )

    def _fits_alone(self, request: int) -> bool:
        return self._cache.fits_alone(self._inputs[request] + self._outputs[request] - 1)

    # -- room in the cache ----------------------------------------------------------------------

    def _sent_back(self) -> bool:
        """Make room for the next decode step; True if that took sending a request back."""
        sent_back = False
        while not self._cache.find_room(0):
            if not self._cache.evict():
                self._send_back()
                sent_back = True
        return sent_back

    def _send_back(self) -> None:
        """The request admitted last returns to the head of the queue without its cache."""
        prompt = self._partial
        if prompt is not None:
            request = prompt.request
            lost = prompt.done - self._shared[request]
            self._cache.beside -= prompt.blocks
            self._partial = None
        else:
            request, left, lost = self._decoding.pop_youngest()
            self._emitted[request] = self._outputs[request] - left
        self._run.lost_tokens += lost
        self._run.preemptions[request] += 1
        self._run.cached_tokens -= self._shared[request]
        self._leave_prefix(request)
        self._waiting.appendleft(request)

    def _leave_prefix(self, request: int) -> None:
        prefix = self._prefix[request]
        if prefix is not None and self._shared[request]:
            self._cache.prefixes.release(prefix)
            self._shared[request] = 0

    # -- prompts --------------------------------------------------------------------------------

    def _schedule_prompts(self) -> list[_Prompt]:
        """The prompts that go into the next step, with their chunks."""
        prompts: list[_Prompt] = []
        running = len(self._decoding.members)
        budget = self._engine.max_num_batched_tokens - running
        places = self._engine.max_num_seqs - running
        if self._partial is not None:
            prompts.append(self._partial)
            budget -= self._take_chunk(self._partial, budget)
        while budget > 0 and self._waiting and len(prompts) < places:
            prompt = self._admit(self._waiting[0])
            if prompt is None:
                break
            self._waiting.popleft()
            prompts.append(prompt)
            budget -= self._take_chunk(prompt, budget)
        return prompts

    def _admit(self, request: int) -> _Prompt | None:
        """Take a request in if its prompt, and output from before, fits beside what runs."""
        cache, prefix = self._cache, self._prefix[request]
        target = self._inputs[request] + self._emitted[request]
        shared = 0
        if prefix is not None:
            shared = self._shared[request] = cache.use_prefix(prefix)
        needed = cache.blocks_of(target) - shared // cache.block_tokens
        if not cache.find_room(needed):
            self._leave_prefix(request)
            return None
        self._run.cached_tokens += shared
        cache.beside += needed
        return _Prompt(request, target, shared, needed)

    def _take_chunk(self, prompt: _Prompt, budget: int) -> int:
        """Tokens of a prompt that go into the step; its shared prefix is stored once computed."""
        left = prompt.target - prompt.done
        prompt.chunk = left if left < budget else budget
        prompt.done += prompt.chunk
        prefix = self._prefix[prompt.request]
        if prefix is not None and prefix[1] <= prompt.done and prefix not in self._cache.prefixes:
            prompt.blocks -= self._cache.store_prefix(prefix)
            self._shared[prompt.request] = prefix[1]
        return prompt.chunk

    # -- steps ----------------------------------------------------------------------------------

    def _mixed(self, prompts: list[_Prompt]) -> None:
        """One step with prompts in it."""
        engine, running = self._engine, len(self._decoding.members)
        tokens, pairs = 0, 0.0
        for prompt in prompts:
            tokens += prompt.chunk
            pairs += prompt.chunk * (prompt.done - prompt.chunk / 2.0)
        context = self._decoding.tokens / running + 1.0 if running else 0.0
        step_ms = self._steps.mixed_ms(tokens, pairs / tokens, running, context)
        sequences = running + len(prompts)
        step_ms += engine.host_ms_per_sequence * sequences
        self._run.step(sequences=sequences, tokens=running + tokens)
        self._run.prompt_tokens += tokens
        last = prompts[-1]
        self._partial = last if last.done < last.target else None
        self._pass(1, step_ms * engine.slowdown)
        for prompt in prompts:
            if prompt.done == prompt.target:
                self._through(prompt)

    def _through(self, prompt: _Prompt) -> None:
        """A prompt is computed: it has given a token, and is decoded from now on."""
        request, run = prompt.request, self._run
        self._cache.beside -= prompt.blocks
        self._emitted[request] += 1
        run.first_tokens += 1
        if math.isnan(run.first_token_ms[request]):
            run.first_token_ms[request] = self._clock_ms
        left = self._outputs[request] - self._emitted[request]
        if not left:
            self._finish(request)
            return
        self._decoding.add(
            request, tokens=prompt.target, shared_tokens=self._shared[request], left=left
        )

    def _decode(self, most: int) -> None:
        """Up to ``most`` steps without prompts, to the next arrival that could change them."""
        running = len(self._decoding.members)
        context = self._decoding.tokens / running + 1.0
        first_ms, slope_ms, valid = self._lines.at(running, context)
        steps = most if most < valid else valid
        joins = not self._waiting and running < self._engine.max_num_seqs
        if joins or self._refuses:
            gap_ms = self._arrivals.next_ms - self._clock_ms
            if gap_ms < steps * (first_ms + slope_ms * steps):
                steps = min(steps, steps_until(gap_ms, first_ms, slope_ms))
        if running > self._run.peak_sequences:
            self._run.step(sequences=running, tokens=running)
        self._pass(steps, steps * (first_ms + slope_ms * (steps - 1) / 2.0))

    def _pass(self, steps: int, took_ms: float) -> None:
        """Time goes by; sequences grow, and leave at their end."""
        decoding, run = self._decoding, self._run
        self._clock_ms += took_ms
        run.busy_ms += took_ms
        run.steps += steps
        run.decoded += decoding.advance(steps)
        run.peak_blocks = self._cache.peak(run.peak_blocks)
        if decoding.ends and decoding.ends[0][0] <= decoding.step:
            for request in decoding.pop_ended():
                self._finish(request)

    def _finish(self, request: int) -> None:
        run, clock_ms = self._run, self._clock_ms
        run.finish_ms[request] = clock_ms
        run.completed += 1
        self._leave_prefix(request)
        self._arrivals.ended(clock_ms)
        if self._misses is not None and self._misses.decided(
            request, run.arrival_ms[request], run.first_token_ms[request], clock_ms
        ):
            self._decided = True


def _prefix_of(request: SimRequest, engine: Engine) -> Key | None:
    """The prefix a request can share: whole blocks, and never the last token of a prompt."""
    if request.prefix is None or not engine.prefix_caching:
        return None
    tokens = min(request.prefix_tokens, request.input_tokens - 1)
    whole = tokens // engine.block_tokens * engine.block_tokens
    return (request.prefix, whole) if whole else None
