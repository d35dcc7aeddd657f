"""One request from key to settlement: authorise, route, look up, reserve, forward, settle."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from .asked import PATHS, Asked, cache_key, read_request
from .cache import CachedAnswer, ExactCache
from .caps import CapReached, Counters, Reservation
from .forwarding import Forwarder, Opened, Unanswered
from .keys import ClientKey, Keys
from .metrics import Metering
from .refusals import Refusal, error_body
from .routing import AUTO, routes_for
from .rules import Caps, Route, Rules
from .settings import Cached, Switch
from .stream import StreamTap
from .upstream import Closed, Failure, TimedOut
from .usage import Usage, cost_usd, estimated_tokens, microusd, most_cost_microusd, usage_of

__all__ = ["Gateway", "Reply", "Request"]

_MICRO = Decimal(1_000_000)
_CONTENT_TYPE = "content-type"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What the server read; header names are lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What the server writes; it closes ``body`` whatever happens, which settles the request."""

    status: int
    headers: Mapping[str, str]
    body: Iterator[bytes]


@dataclass(slots=True, kw_only=True)
class _Job:
    """A request that has passed the checks, until it is settled."""

    rules: Rules
    key: ClientKey
    asked: Asked
    route: Route
    held: list[Reservation] = field(default_factory=list[Reservation])
    settled: bool = False


class Gateway:
    """The request path. Everything outside enters here: tables, providers, clock, log."""

    def __init__(
        self,
        *,
        settings: Cached[Switch],
        keys: Keys,
        counters: Counters,
        cache: Callable[[Rules], ExactCache],
        forwarder: Forwarder,
        meter: Callable[[Metering], None],
        log: Callable[[str], None],
    ) -> None:
        self._settings = settings
        self._keys = keys
        self._counters = counters
        self._cache = cache
        self._forwarder = forwarder
        self._meter = meter
        self._log = log

    def answer(self, request: Request) -> Reply:
        """The reply to any request; failures inside come back as an OpenAI error."""
        try:
            return self._answer(request)
        except Refusal as refusal:
            return _refused(refusal)
        except Exception as error:
            # No cap is enforced without its tables, so nothing is forwarded without them.
            self._log(f"{type(error).__name__}: {error}")
            failed = Refusal(
                503, "the gateway cannot reach its tables or rules", kind="api_error", retry=False
            )
            return _refused(failed)

    def _answer(self, request: Request) -> Reply:
        key = self._keys.find(request.headers.get("authorization"))
        if key is None:
            raise Refusal(
                401,
                "no valid key: send `Authorization: Bearer <key>`",
                kind="authentication_error",
                code="invalid_api_key",
            )
        switch = self._settings.get()
        if (request.method, request.path) == ("GET", "/v1/models"):
            return _models(switch.rules)
        if request.method != "POST" or request.path not in PATHS:
            raise Refusal(404, f"no {request.method} {request.path} here", code="not_found")
        rules = switch.rules
        asked = read_request(request.path, request.body, rules.max_output_tokens)
        routes = routes_for(asked, rules)
        job = _Job(rules=rules, key=key, asked=asked, route=routes[0])
        if not switch.is_open:
            self._record(job, blocked="switch")
            raise Refusal(
                503,
                "the gateway is switched off by its operator",
                kind="api_error",
                code="gateway_closed",
                retry=False,
            )
        return self._cached(job, request) or self._forwarded(job, request, routes)

    def _cached(self, job: _Job, request: Request) -> Reply | None:
        if not _uses_cache(job.asked, request):
            return None
        found = self._cache(job.rules).get(cache_key(job.asked, job.key.tenant))
        if found is None:
            return None
        self._record(job, requests=1, cache_hits=1)
        headers = {_CONTENT_TYPE: found.content_type, "x-llm-planner-cache": "hit"}
        return Reply(status=200, headers=headers, body=iter([found.body]))

    def _forwarded(self, job: _Job, request: Request, routes: tuple[Route, ...]) -> Reply:
        self._reserve(job, routes)
        try:
            opened = self._forwarder.open(job.asked, routes)
        except Unanswered as failed:
            self._settle_unanswered(job, failed)
            raise failed.refusal from None
        except BaseException:
            self._settle(job, Usage(), requests=0)
            raise
        job.route = opened.route
        headers = {**opened.answer.headers, "x-llm-planner-route": opened.route.name}
        if job.asked.stream and opened.answer.status < 400:
            body = self._streamed(job, request, opened)
            # Begun here, so that closing it settles even when nothing could be written.
            next(body)
        else:
            body = iter([self._whole(job, request, opened)])
        return Reply(status=opened.answer.status, headers=headers, body=body)

    def _reserve(self, job: _Job, routes: tuple[Route, ...]) -> None:
        """Hold the most it can cost under the key's cap, then under the stack's."""
        key, asked = job.key, job.asked
        most = most_cost_microusd(routes, asked.input_bound, asked.output_bound)
        # A key may carry all the traffic, so its counter is divided as the stack's is.
        key_caps = Caps(
            month_microusd=key.cap_month_microusd,
            day_microusd=key.cap_day_microusd,
            shards=job.rules.caps.shards,
        )
        try:
            job.held.append(self._counters.reserve(f"key#{key.key_id}", key_caps, most))
            job.held.append(self._counters.reserve("stack", job.rules.caps, most))
        except CapReached as reached:
            self._release(job)
            whose = "this gateway" if reached.scope == "stack" else "this key"
            self._record(job, blocked="stack" if reached.scope == "stack" else "key")
            raise Refusal(
                429,
                f"the spend cap of {whose} leaves no room for this request, which could cost "
                f"${Decimal(most) / _MICRO:f}; a smaller `max_tokens` needs less",
                kind="insufficient_quota",
                code="spend_cap_reached",
                retry=False,
                headers={"retry-after": str(reached.retry_after_s)},
            ) from None
        except Exception:
            self._release(job)
            raise

    def _release(self, job: _Job) -> None:
        """Give back what was held of a request that is not forwarded."""
        for held in job.held:
            try:
                self._counters.settle(held, 0)
            except Exception as error:
                self._log(f"not released, {held.item}: {type(error).__name__}: {error}")
        job.held.clear()

    def _streamed(self, job: _Job, request: Request, opened: Opened) -> Iterator[bytes]:
        """The provider's events; settled before the last byte, after which a function may sleep."""
        tap = StreamTap(hide_usage=not job.asked.wants_usage)
        sent: list[bytes] = []
        complete = False
        try:
            yield b""
            data = opened.first
            while data:
                if out := tap.feed(data):
                    sent.append(out)
                    yield out
                data = opened.answer.read()
            if rest := tap.rest():
                sent.append(rest)
                yield rest
            if not (tap.done or tap.finished or tap.failed):
                raise Closed("the provider ended its stream before the answer did")
            complete = tap.done and not tap.failed
        except Failure as broken:
            # The client cannot be asked to begin again: it has part of the answer.
            yield b"data: " + error_body(str(broken), "api_error", "stream_broken") + b"\n\n"
        finally:
            opened.answer.close()
            opened.leave()
            self._settle(job, tap.usage or tap.estimate(job.asked.input_estimate))
        if complete and tap.usage is not None:
            self._keep(job, request, opened, b"".join(sent))

    def _whole(self, job: _Job, request: Request, opened: Opened) -> bytes:
        """An answer that is not streamed: read, settled, passed on. Refusal when it breaks off."""
        ok = opened.answer.status < 400
        usage = Usage(input_tokens=job.asked.input_estimate, estimated=True)
        answered = False
        try:
            body = opened.answer.read_all()
            usage = _usage_in(body, job.asked) if ok else Usage()
            answered = ok
        except Failure as broken:
            status = 504 if isinstance(broken, TimedOut) else 502
            raise Refusal(
                status, str(broken), kind="api_error", code="answer_broken", retry=False
            ) from None
        finally:
            opened.answer.close()
            opened.leave()
            self._settle(job, usage, requests=int(answered))
        if answered and not usage.estimated:
            self._keep(job, request, opened, body)
        return body

    def _keep(self, job: _Job, request: Request, opened: Opened, body: bytes) -> None:
        if opened.answer.status == 200 and _uses_cache(job.asked, request):
            kind = opened.answer.headers.get(_CONTENT_TYPE, "application/json")
            answer = CachedAnswer(content_type=kind, body=body)
            try:
                self._cache(job.rules).put(cache_key(job.asked, job.key.tenant), answer)
            except Exception as error:
                self._log(f"answer not cached: {type(error).__name__}: {error}")

    def _settle_unanswered(self, job: _Job, failed: Unanswered) -> None:
        if failed.sent_to is None:
            self._settle(job, Usage(), requests=0)
            return
        job.route = failed.sent_to
        sent = Usage(input_tokens=job.asked.input_estimate, estimated=True)
        self._settle(job, sent, requests=0)

    def _settle(self, job: _Job, usage: Usage, *, requests: int = 1) -> None:
        """Replace the reservations by the cost, once, and write the metric line."""
        if job.settled:
            return
        job.settled = True
        spend = cost_usd(job.route, usage)
        unsettled = 0
        for held in job.held:
            try:
                unsettled = self._counters.settle(held, microusd(spend))
            except Exception as error:
                # The reservation stays: the cap is then reached too early, never too late.
                self._log(f"not settled, {held.item}: {type(error).__name__}: {error}")
                unsettled = held.microusd
        self._record(job, usage=usage, spend=spend, requests=requests, unsettled=unsettled)

    def _record(
        self,
        job: _Job,
        *,
        usage: Usage | None = None,
        spend: Decimal = Decimal(0),
        requests: int = 0,
        cache_hits: int = 0,
        blocked: str | None = None,
        unsettled: int = 0,
    ) -> None:
        usage = usage or Usage()
        facts: dict[str, str | int] = {
            "KeyId": job.key.key_id,
            "Route": job.route.name,
            "Provider": job.route.provider,
            "Asked": AUTO if job.asked.model == AUTO else "model",
            "Estimated": int(usage.estimated),
        }
        if blocked is not None:
            facts["BlockedBy"] = blocked
        self._meter(
            Metering(
                stack=job.rules.stack,
                model=job.route.metered_model,
                tenant=job.key.tenant if job.key.own_metrics else None,
                spend_usd=spend,
                input_tokens=usage.input_tokens,
                output_tokens=usage.output_tokens,
                cached_tokens=usage.cached_tokens,
                requests=requests,
                cache_hits=cache_hits,
                blocked=int(blocked is not None),
                unsettled_usd=Decimal(unsettled) / _MICRO,
                facts=facts,
            )
        )


def _uses_cache(asked: Asked, request: Request) -> bool:
    control = request.headers.get("cache-control", "").lower()
    return asked.cacheable and "no-cache" not in control and "no-store" not in control


def _usage_in(body: bytes, asked: Asked) -> Usage:
    """The usage of a whole answer; of one without, an estimate by its size."""
    try:
        found = json.loads(body)
    except ValueError:
        found = None
    usage = found.get("usage") if isinstance(found, dict) else None
    if isinstance(usage, dict):
        return usage_of(usage)
    return Usage(
        input_tokens=asked.input_estimate,
        output_tokens=estimated_tokens(len(body)),
        estimated=True,
    )


def _models(rules: Rules) -> Reply:
    names = dict.fromkeys([AUTO, *(route.name for route in rules.routes)])
    rows = [{"id": name, "object": "model", "owned_by": rules.stack} for name in names]
    body = json.dumps({"object": "list", "data": rows}).encode()
    return Reply(status=200, headers={_CONTENT_TYPE: "application/json"}, body=iter([body]))


def _refused(refusal: Refusal) -> Reply:
    return Reply(status=refusal.status, headers=refusal.headers, body=iter([refusal.body]))
