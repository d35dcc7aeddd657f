"""The same engine without any short cut: one step at a time, one sequence at a time.

Written to be checked by eye against the rules of vLLM's scheduler. Blocks are counted for each
sequence by its length, prefixes by name; nothing is carried from step to step but the state itself.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from planner.serving.simulate import Engine, SimRequest, Workload
from planner.serving.steps import StepTimes

__all__ = ["Naive"]

_TIE_MS = 1e-6


@dataclass
class _Sequence:
    request: SimRequest
    number: int
    emitted: int = 0
    # Tokens in the cache, of them read from a stored prefix, and tokens to prefill.
    cached: int = 0
    shared: int = 0
    target: int = 0
    lost: int = 0
    found: int = 0
    preemptions: int = 0
    first_ms: float = -1.0
    finish_ms: float = -1.0

    @property
    def decoding(self) -> bool:
        return self.cached >= self.target


@dataclass
class Naive:
    """Run it with ``run()``; results are in ``sequences`` and the counters."""

    workload: Workload
    steps: StepTimes
    engine: Engine
    clock_ms: float = 0.0
    step_count: int = 0
    computed: int = 0
    sequences: list[_Sequence] = field(default_factory=lambda: list[_Sequence]())
    waiting: list[_Sequence] = field(default_factory=lambda: list[_Sequence]())
    running: list[_Sequence] = field(default_factory=lambda: list[_Sequence]())
    due: list[float] = field(default_factory=lambda: list[float]())
    sent: int = 0
    arrival_ms: dict[int, float] = field(default_factory=lambda: dict[int, float]())
    # Prefixes in the cache in the order of their last release.
    stored: list[tuple[int, int]] = field(default_factory=lambda: list[tuple[int, int]]())

    def run(self) -> Naive:
        self.sequences = [_Sequence(r, n) for n, r in enumerate(self.workload.requests)]
        closed = self.workload.arrivals == "closed_loop"
        first = (self.workload.in_flight or 0) if closed else len(self.sequences)
        ramp = self.workload.ramp_ms
        for sequence in self.sequences[:first]:
            later = ramp * sequence.number / min(first, len(self.sequences)) if closed else 0.0
            self._send(later if closed else sequence.request.arrival_ms)
        while self.due or self.waiting or self.running:
            if not (self.waiting or self.running):
                self.clock_ms = max(self.clock_ms, self.due[0] + self.engine.front_end_ms)
            self._enqueue()
            if self.waiting or self.running:
                self._step()
        return self

    def _send(self, moment: float) -> None:
        self.sent += 1
        self.due.append(moment)
        self.due.sort()

    def _ended(self) -> None:
        if self.workload.arrivals == "closed_loop" and self.sent < len(self.sequences):
            self._send(self.clock_ms)

    def _enqueue(self) -> None:
        while self.due and self.due[0] + self.engine.front_end_ms <= self.clock_ms + _TIE_MS:
            sequence = self.sequences[len(self.arrival_ms)]
            self.arrival_ms[sequence.number] = self.due.pop(0)
            longest = sequence.request.input_tokens + sequence.request.output_tokens - 1
            if self._blocks(longest) <= self._total:
                self.waiting.append(sequence)
            else:
                self._ended()

    @property
    def _total(self) -> int:
        return self.engine.kv_cache_tokens // self.engine.block_tokens

    def _blocks(self, tokens: int) -> int:
        return (tokens + self.engine.block_tokens - 1) // self.engine.block_tokens

    def _key(self, sequence: _Sequence) -> tuple[int, int] | None:
        request, block = sequence.request, self.engine.block_tokens
        if not self.engine.prefix_caching or request.prefix is None:
            return None
        tokens = min(request.prefix_tokens, request.input_tokens - 1) // block * block
        return (request.prefix, tokens) if tokens else None

    def _used(self, growing: int = 0) -> int:
        """Blocks in use once every decoded sequence has ``growing`` tokens more."""
        used = 0
        for sequence in self.running:
            tokens = sequence.cached + growing if sequence.decoding else sequence.target
            used += self._blocks(tokens) - sequence.shared // self.engine.block_tokens
        for _, tokens in self.stored:
            used += tokens // self.engine.block_tokens
        return used

    def _idle(self) -> list[tuple[int, int]]:
        in_use = {self._key(s) for s in self.running if s.shared}
        return [key for key in self.stored if key not in in_use]

    def _leave(self, sequence: _Sequence) -> None:
        """Stop reading a prefix; it goes to the end of the line if nobody else reads it."""
        key = self._key(sequence)
        if sequence.shared and key is not None:
            sequence.shared = 0
            if key in self._idle():
                self.stored.remove(key)
                self.stored.append(key)

    def _preempt_until_it_fits(self) -> bool:
        preempted = False
        while self._used(growing=1) > self._total:
            idle = self._idle()
            if idle:
                self.stored.remove(idle[0])
                continue
            victim = self.running.pop()
            victim.lost += victim.cached - victim.shared
            victim.found -= victim.shared
            victim.preemptions += 1
            self._leave(victim)
            victim.cached = 0
            victim.target = victim.request.input_tokens + victim.emitted
            self.waiting.insert(0, victim)
            preempted = True
        return preempted

    def _admit(self) -> bool:
        """Move the head of the queue into the running ones, if its prompt fits."""
        head, engine = self.waiting[0], self.engine
        key = self._key(head)
        hit = key[1] if key is not None and key in self.stored else 0
        head.target = head.request.input_tokens + head.emitted
        needed = self._blocks(head.target) - hit // engine.block_tokens
        # The prefix it is about to read cannot be thrown out for it.
        evictable = [other for other in self._idle() if other != key]
        over = self._used(growing=1) + needed - self._total
        if over > sum(tokens // engine.block_tokens for _, tokens in evictable):
            # A failed try counts as a use of the prefix.
            if hit and key is not None and key in self._idle():
                self.stored.remove(key)
                self.stored.append(key)
            return False
        while self._used(growing=1) + needed > self._total:
            self.stored.remove(evictable.pop(0))
        head.cached = head.shared = hit
        head.found += hit
        self.running.append(self.waiting.pop(0))
        return True

    def _step(self) -> None:
        preempted = self._preempt_until_it_fits()
        decoded = [s for s in self.running if s.decoding]
        budget = self.engine.max_num_batched_tokens - len(decoded)
        chunks: list[tuple[_Sequence, int]] = []
        for sequence in [s for s in self.running if not s.decoding]:
            budget -= self._chunk(sequence, budget, chunks)
        places = self.engine.max_num_seqs
        while not preempted and budget > 0 and self.waiting and len(self.running) < places:
            if not self._admit():
                break
            budget -= self._chunk(self.running[-1], budget, chunks)
        assert decoded or chunks, "an engine with work does some"
        self._pass(decoded, chunks)

    def _chunk(self, sequence: _Sequence, budget: int, chunks: list[tuple[_Sequence, int]]) -> int:
        tokens = min(sequence.target - sequence.cached, budget)
        chunks.append((sequence, tokens))
        key = self._key(sequence)
        computed = sequence.cached + tokens
        if key is not None and key not in self.stored and key[1] <= computed:
            self.stored.append(key)
            sequence.shared = key[1]
        return tokens

    def _pass(self, decoded: list[_Sequence], chunks: list[tuple[_Sequence, int]]) -> None:
        engine = self.engine
        context = sum(s.cached for s in decoded) / len(decoded) + 1.0 if decoded else 0.0
        tokens = sum(chunk for _, chunk in chunks)
        if chunks:
            pairs = sum(chunk * (s.cached + chunk / 2.0) for s, chunk in chunks)
            took = self.steps.mixed_ms(tokens, pairs / tokens, len(decoded), context)
        else:
            took = self.steps.decode_ms(len(decoded), context)
        took += engine.host_ms_per_sequence * (len(decoded) + len(chunks))
        self.clock_ms += took * engine.slowdown
        self.step_count += 1
        self.computed += tokens + len(decoded)
        for sequence in decoded:
            sequence.cached += 1
            sequence.target = sequence.cached
            self._token(sequence)
        for sequence, chunk in chunks:
            sequence.cached += chunk
            if sequence.decoding:
                self._token(sequence)
        self._check()

    def _token(self, sequence: _Sequence) -> None:
        sequence.emitted += 1
        if sequence.first_ms < 0.0:
            sequence.first_ms = self.clock_ms
        if sequence.emitted == sequence.request.output_tokens:
            sequence.finish_ms = self.clock_ms
            self.running.remove(sequence)
            self._leave(sequence)
            self._ended()

    def _check(self) -> None:
        assert self._used() <= self._total
        assert len(self.running) <= self.engine.max_num_seqs
