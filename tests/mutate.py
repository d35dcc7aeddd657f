# ruff: noqa: E501 - tables of odd values
"""Broken scenario files, and whether the command line meets them with a message and an exit code.

    python tests/mutate.py --count 2000
    python tests/mutate.py --count 500 --command recommend --seed 3 --keep /tmp/failures

Each case is a shipped scenario or preset with one to three mutations, made from a seed: the same
seed gives the same files. A case fails when a command raises, prints a traceback, takes longer
than the limit, or ends with another code than 0, 1, 2 or 3.
"""

from __future__ import annotations

import argparse
import contextlib
import copy
import io
import random
import signal
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent
CODES = (0, 1, 2, 3)

_ODD_VALUES = (
    "-1", "0", "1", "1e400", "-1e400", "1.0e+400", "1.0e-400", "1.0e+15", "nan", ".nan", ".inf",
    "-.inf", "[]", "{}", "[[]]", "{a: 1}", "null", "~", "''", "'x'", '""', "true", "no", "on", "Off",
    "2026-13-45", "2026-02-30", "2026-11-21", "2026-11-21 10:00:00", "12:30", "010", "08", "0x1F",
    "0b11", "0o17", "1_000", "10,000", "1.000,5", "10%", "$5", "5 ms", "99999999999999999999",
    "9" * 60, "9" * 6000, "0.1", "1e-9", "0.0000001", "-0.0", ".5", "5.", "+5", ".", "-", "..", "=",
    "<<", "!!python/object:os.system ls", "!!python/object/apply:os.system ['true']", "!!binary aGk=",
    "!!float nope", "!!int x", "!local 5", "! 5", "&a [*a]", "*undefined", "&x 5", "|", ">", "|9", ">-\n",
    "\u202e", "\u200b", "\U0001f600", "é", "\ud800", "％", "１２", "'\\0'", '"\\0"', '"\\x1b[31m"',
    '"\\ud800"', '"a\\nb"', "`", "@", "%", "{{ x }}", "${X}", "[1, 2", "{a: ", "'", '"', "a: b", "- a",
    "../../../../etc/passwd", "/dev/zero", "/dev/stdin", "con", "x" * 5000, "us-east-1", "any", "flat",
)  # fmt: skip

_WHOLE_FILES = (
    b"", b" ", b"\n", b"#", b"[]", b"{}", b"null", b"~", b"1", b"'", b'"', b"---", b"---\n---\n",
    b"--- \n...\n", b"%YAML 1.2\n---\n{}", b"%", b"a: &x\n  b: *x\n", b"&a [*a]", b"*a", b"? \n", b": ",
    b"{" * 2000, b"[" * 5000, b"- " * 500, b"? " * 500, b"a: " * 500, b"a:\n " * 300, b"\xff" * 10,
    b"\xfe\xff\x00a", b"\xff\xfea\x00", b"\x00" * 20, b"\xef\xbb\xbf", b"\xef\xbb\xbf\xef\xbb\xbfa: 1",
    b"version: 1\n" * 3, b"version: 2\n", b"version: '1'\n", b"version: -1", b"version: 1\nid: x\n",
    b"<<: [1]\n", b"<<: *a\n", b"a: !!python/name:os.system\n", b"{a, b, c}", b"- 1\n- 2\n", b"\t", b"\ta: 1",
    b"a: b\n" * 20000, b"x" * 200000, b"\r\r\r", b"a: 1\rb: 2\r", b"\xc3\x28", b"\xed\xa0\x80",
)  # fmt: skip

_LAUGHS = "\n".join(
    ["l0: &l0 [x, x, x, x, x, x, x, x, x]"]
    + [f"l{i}: &l{i} [{', '.join([f'*l{i - 1}'] * 9)}]" for i in range(1, 10)]
)
_NUMBERS = (
    -1, 0, 1, 2, 3, 10**6, 10**9, 10**12, 10**13, -(10**9), 10**30, 1e-9, 0.1, 0.5, 0.999999, 1.0000001,
    99, 100, 1000.5, float("nan"), float("inf"),
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Failure:
    """One case a command did not survive."""

    case: int
    kinds: tuple[str, ...]
    command: str
    reason: str


def _lines_with_text(text: str) -> tuple[list[str], list[int]]:
    lines = text.split("\n")
    found = [
        i for i, line in enumerate(lines) if line.strip() and not line.lstrip().startswith("#")
    ]
    return lines, found or [0]


def _on_line(change: Callable[[list[str], int, random.Random], None]) -> Callable[..., str]:
    def mutate(text: str, rng: random.Random) -> str:
        lines, found = _lines_with_text(text)
        change(lines, rng.choice(found), rng)
        return "\n".join(lines)

    return mutate


def _delete(lines: list[str], i: int, rng: random.Random) -> None:
    del lines[i]


def _double(lines: list[str], i: int, rng: random.Random) -> None:
    lines.insert(rng.choice([i, rng.randrange(len(lines))]), lines[i])


def _odd_value(lines: list[str], i: int, rng: random.Random) -> None:
    key, colon, _ = lines[i].partition(":")
    lines[i] = f"{key}{colon or ':'} {rng.choice(_ODD_VALUES)}"


def _odd_flow_value(lines: list[str], i: int, rng: random.Random) -> None:
    """A value inside ``{…}`` or after a comma."""
    spots = [p for p, c in enumerate(lines[i]) if c in ":,"]
    if spots:
        at = rng.choice(spots) + 1
        end = min((p for c in ",}]" if (p := lines[i].find(c, at)) > 0), default=len(lines[i]))
        lines[i] = f"{lines[i][:at]} {rng.choice(_ODD_VALUES)}{lines[i][end:]}"


def _misspell(lines: list[str], i: int, rng: random.Random) -> None:
    letters = [p for p, c in enumerate(lines[i].partition(":")[0]) if c.isalpha()]
    if letters:
        at = rng.choice(letters)
        lines[i] = (
            lines[i][:at] + rng.choice(["", "x", "A", "é", ".", " ", "_"]) + lines[i][at + 1 :]
        )


def _indent(lines: list[str], i: int, rng: random.Random) -> None:
    by = rng.choice(["\t", " ", "  ", "   ", "\u00a0", "- ", "-", "? ", "\u3000"])
    lines[i] = by + lines[i] if rng.random() < 0.7 else lines[i][len(by) :]


def _odd_character(lines: list[str], i: int, rng: random.Random) -> None:
    at = rng.randrange(len(lines[i]) + 1)
    odd = rng.choice("\x00\x07\x1b\x7f\x85\u2028\ufeff\ud800%@`*&!{}[]|>?:#'\"\\,-~=\r\t\U0010ffff")
    lines[i] = lines[i][:at] + odd + rng.choice([lines[i][at:], ""])


def _anchor(lines: list[str], i: int, rng: random.Random) -> None:
    key, colon, value = lines[i].partition(":")
    j = rng.randrange(len(lines))
    lines[i] = f"{key}{colon} &n {value}"
    other, colon, _ = lines[j].partition(":")
    lines[j] = f"{other}{colon or ':'} {rng.choice(['*n', '{<<: *n}', '[*n, *n]', '*m'])}"


def _swap(text: str, rng: random.Random) -> str:
    lines, found = _lines_with_text(text)
    i, j = rng.choice(found), rng.choice(found)
    lines[i], lines[j] = lines[j], lines[i]
    return "\n".join(lines)


def _shuffle(text: str, rng: random.Random) -> str:
    lines = text.split("\n")
    rng.shuffle(lines)
    return "\n".join(lines)


def _ragged(text: str, rng: random.Random) -> str:
    lines = text.split("\n")
    return "\n".join(s.replace("  ", "   ") if rng.random() < 0.2 else s for s in lines)


def _cut(text: str, rng: random.Random) -> str:
    return text[: rng.randrange(len(text) + 1)]


def _append(text: str, rng: random.Random) -> str:
    nested = rng.choice("[{") * rng.choice([10, 31, 33, 500, 5000])
    extra = (
        _LAUGHS,
        f"deep: {nested}",
        "---\nversion: 1",
        "...",
        "version: 1",
        "? [a]\n: b",
        nested,
    )
    return f"{text}\n{rng.choice(extra)}\n"


class _WithoutAliases(yaml.SafeLoader):
    """Data that is not a tree cannot be walked: an earlier mutation may have made such."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            raise yaml.YAMLError("an alias")
        return super().compose_node(parent, index)


# Key -> values that a schema takes; what they lead to is for the command to bear.
_OTHERS: dict[str, tuple[Any, ...]] = {
    "provider": ("openai", "anthropic", "aws", "azure", "groq", "deepseek", "google", "fireworks"),
    "model": (
        "gpt-4o", "gpt-6-luna", "gpt-6-astra", "claude-opus-5-5", "claude-haiku-4-5", "deepseek-chat",
        "deepseek-v4-pro", "gemini-2.5-flash-lite", "meta.llama3-1-8b-instruct-v1:0", "qwen3-32b",
        "llama-3.3-70b-versatile", "meta-llama/Llama-3.1-8B-Instruct", "Qwen/Qwen3-32B",
        "meta-llama/Llama-3.3-70B-Instruct", "deepseek-ai/DeepSeek-R1", "openai/gpt-oss-120b",
        "mistralai/Mixtral-8x7B-Instruct-v0.1",
    ),
    "region": ("us-east-1", "us-west-2", "eu-central-1", "eu-west-2", "ap-northeast-1", "me-south-1"),
    "timezone": ("UTC", "Europe/Berlin", "Asia/Kolkata", "America/St_Johns", "Pacific/Kiritimati"),
    "profile": (
        "flat", "azure_2023_conv", "azure_2023_code", "mooncake_conv", "mooncake_synth",
        "servegen_m_large", "servegen_m_small", "servegen_deepseek_r1", "servegen_mm_image",
    ),
    "instance_types": ("any", ["g5.xlarge"], ["g6e.48xlarge", "p5.48xlarge"], ["inf2.xlarge"], "g4dn.xlarge"),
    "precision": ("native", "bf16", "fp8", "fp4", "int4"),
    "purchase": (["spot"], ["on_demand"], ["ri_1y_no_upfront"], ["spot", "on_demand"]),
    "redundancy": ("none", "n_plus_1", "zones"),
    "arm": ("api_frontier", "api_bedrock", "selfhost_ondemand", "selfhost_spot", "hybrid"),
    "role": ("frontier", "same_weights"),
    "mode": ("add", "replace"),
    "ttl_s": (300, 3600),
}  # fmt: skip
_ADDITIONS: tuple[tuple[str, Any], ...] = (
    ("workload.growth_per_month", -0.5),
    ("workload.growth_per_month", 0.9),
    ("workload.deferrable_share", 1),
    ("workload.shared_prefix", {"tokens": 100000, "distinct_prefixes": 1000, "ttl_s": 3600}),
    ("workload.shared_prefix", {"tokens": 0}),
    ("workload.traffic", {"weights": [0] * 23 + [1], "burst_within_hour": 100}),
    ("workload.traffic", {"profile": "servegen_mm_image", "peak_to_mean": 30}),
    ("workload.input_tokens", {"quantiles": {"p0": 0, "p50": 0, "p100": 10_000_000}}),
    ("workload.input_tokens", {"mean": 9_000_000, "cv": 20}),
    ("workload.output_tokens", 0),
    ("workload.output_tokens", {"mean": 0.001, "cv": 0.001}),
    ("workload.requests_per_day", 0.000001),
    ("workload.requests_per_day", 10**12),
    ("slo.ttft_ms", 1),
    ("slo.tpot_ms", 0.001),
    ("slo.max_utilisation", 0.0001),
    ("slo.zones", 6),
    ("slo.availability", 0),
    ("horizon", {"months": 120, "discount_rate_per_year": 1}),
    ("horizon", {"months": 1}),
    ("conventions", {"days_per_month": 28, "hours_per_month": 744}),
    ("starts_on", "1999-12-31"),
    ("starts_on", "2099-01-31"),
    ("limits", {"max_instances": 1}),
    ("limits", {"vcpu_quota": {"L-DB2E81BA": 0, "L-417A185B": 0}}),
    ("limits", {"data_residency": {"allowed_regions": ["eu-north-1"], "reason": "x"}}),
    ("prices", {"discounts": [{"provider": "aws", "percent": 99.99, "source": "x"}]}),
    (
        "prices",
        {"credits": [{"provider": "aws", "usd": 10**11, "ends_on": "2027-01-01", "source": "x"}]},
    ),
    ("tco", {}),
    ("tco", {"engineering": {"usd_per_hour": 0, "hours_per_month": 0}}),
    ("budget", {"monthly_usd": 0}),
    ("budget", {"monthly_usd": 10**12, "headroom_ratio": 10}),
    ("deployment", {"log_prompts": True, "image_mirror": "x", "tags": {"a": "b"}}),
    ("options.api", []),
    ("options.selfhost", []),
    (
        "options.manual",
        [
            {
                "name": "m",
                "arm": "hybrid",
                "fixed_monthly_usd": 10**12,
                "capacity_requests_per_month": 0.001,
                "source": "x",
            }
        ],
    ),
    ("options.selfhost.0.fixed_replicas", 10**9),
    ("options.selfhost.0.max_instances", 1),
    ("options.selfhost.0.limits", {"max_num_seqs": 1, "max_num_batched_tokens": 1}),
    ("options.selfhost.0.limits", {"gpu_memory_utilization": 0.000001}),
    ("options.selfhost.0.tensor_parallel_sizes", [8]),
)


def _plausible(text: str, rng: random.Random) -> str:
    """Changes that the schema mostly takes: other sizes, other names, blocks added or removed."""
    data = _data(text)
    if data is None:
        return text
    for _ in range(rng.choice([1, 2, 4])):
        spots = list(_spots(data))
        if not spots or rng.random() < 0.4:
            _add(data, *rng.choice(_ADDITIONS))
            continue
        parent, key = rng.choice(spots)
        value = parent[key]
        if key in _OTHERS:
            parent[key] = rng.choice(_OTHERS[key])
        elif isinstance(value, int) and not isinstance(value, bool):
            parent[key] = int(value * rng.choice([0.01, 0.1, 0.5, 2, 10, 100, 10_000]))
        elif isinstance(value, float):
            parent[key] = rng.choice([value / 10, value * 0.9, 0.0, 1.0, value * 3])
        elif rng.random() < 0.2 and isinstance(parent, dict):
            del parent[key]
    return yaml.safe_dump(data, allow_unicode=True)


def _add(data: Any, path: str, value: Any) -> None:
    *parents, last = path.split(".")
    for part in parents:
        below = data[int(part)] if isinstance(data, list) and data else None
        data = data.setdefault(part, {}) if isinstance(data, dict) else below
        if not isinstance(data, dict | list):
            return
    if isinstance(data, dict):
        data[last] = copy.deepcopy(value)


def _data(text: str) -> dict[Any, Any] | None:
    try:
        data = yaml.load(text, Loader=_WithoutAliases)
    except (yaml.YAMLError, ValueError, RecursionError):
        return None
    return data if isinstance(data, dict) else None


def _tree(text: str, rng: random.Random) -> str:
    """Changes the data and writes it anew: valid YAML with wrong content."""
    data = _data(text)
    if data is None:
        return text
    for _ in range(rng.choice([1, 1, 2, 5])):
        spots = list(_spots(data))
        if spots:
            _change(*rng.choice(spots), rng)
    try:
        return yaml.safe_dump(data, allow_unicode=True, sort_keys=rng.random() < 0.2)
    except (yaml.YAMLError, ValueError, RecursionError):
        return text


def _spots(data: Any) -> Iterator[tuple[Any, Any]]:
    """Every place of a tree, as its container and key."""
    items = data.items() if isinstance(data, dict) else enumerate(data)
    for key, value in list(items):
        yield data, key
        if isinstance(value, dict | list):
            yield from _spots(value)


def _change(parent: Any, key: Any, rng: random.Random) -> None:
    value = parent[key]
    kind = rng.randrange(7)
    if kind == 0:
        del parent[key]
    elif kind == 1:
        parent[key] = rng.choice(_NUMBERS)
    elif kind == 2 and isinstance(value, int | float):
        parent[key] = value * rng.choice([-1, 0, 0.001, 10, 1000, 10**6, 10**12])
    elif kind == 3:
        parent[key] = rng.choice([[], {}, [value], {"a": value}, [value, value], None, "", True])
    elif kind == 4:
        parent[key] = str(value)
    elif kind == 5 and isinstance(parent, dict):
        parent[f"{key}_"] = parent.pop(key)
    else:
        parent[key] = rng.choice(
            ["x", "us-east-9", "gpt-7", "p9.large", "any", "2027-01-01", "é" * 50]
        )


_TEXT_KINDS: dict[str, Callable[[str, random.Random], str]] = {
    "delete": _on_line(_delete),
    "double": _on_line(_double),
    "odd value": _on_line(_odd_value),
    "odd flow value": _on_line(_odd_flow_value),
    "misspell": _on_line(_misspell),
    "indent": _on_line(_indent),
    "odd character": _on_line(_odd_character),
    "anchor": _on_line(_anchor),
    "swap": _swap,
    "shuffle": _shuffle,
    "ragged": _ragged,
    "cut": _cut,
    "append": _append,
    "tree": _tree,
    "plausible": _plausible,
}
# The data changes go deepest into the commands, so they come most often.
_WEIGHTS = {"plausible": 16, "tree": 8, "odd value": 4, "odd flow value": 3}


def _bytes(text: str, rng: random.Random) -> bytes:
    encoding = rng.choice(
        ["utf-16", "utf-32", "latin-1", "cp1252", "utf-8-sig", "utf-16-be", "cp037"]
    )
    return text.encode(encoding, "replace")


def mutate(text: str, rng: random.Random) -> tuple[tuple[str, ...], bytes]:
    """The kinds of mutation that were drawn, and the file they made of ``text``."""
    roll = rng.random()
    if roll < 0.04:
        return ("whole file",), rng.choice(_WHOLE_FILES)
    if roll < 0.07:
        return ("encoding",), _bytes(text, rng)
    names = list(_TEXT_KINDS)
    weights = [_WEIGHTS.get(name, 1) for name in names]
    kinds = tuple(rng.choices(names, weights, k=rng.choice([1, 1, 1, 2, 3])))
    for kind in kinds:
        text = _TEXT_KINDS[kind](text, rng)
    return kinds, text.encode("utf-8", "surrogatepass")


def sources() -> list[str]:
    """The texts of all shipped scenarios and presets."""
    from planner.scenario.presets import PRESETS, preset_text

    shipped = sorted((ROOT / "scenarios").glob("*.yaml"))
    return [*(path.read_text(encoding="utf-8") for path in shipped), *map(preset_text, PRESETS)]


def run(
    count: int, seed: int, commands: Sequence[str], *, limit_s: int = 60, keep: Path | None = None
) -> tuple[list[Failure], Counter[str]]:
    """Run each command on ``count`` mutated files; the failures and how often each code came."""
    failures: list[Failure] = []
    codes: Counter[str] = Counter()
    texts = sources()
    with tempfile.TemporaryDirectory() as folder:
        # Scenarios name files beside themselves.
        for entry in (ROOT / "scenarios").iterdir():
            if entry.is_dir():
                (Path(folder) / entry.name).symlink_to(entry)
        for case in range(count):
            rng = random.Random(f"{seed}/{case}")
            kinds, content = mutate(rng.choice(texts), rng)
            file = Path(folder) / f"case-{case}.yaml"
            file.write_bytes(content)
            for command in commands:
                code, reason = _run_one([*command.split(), str(file)], limit_s)
                codes[f"{command}: {code}"] += 1
                if reason:
                    failures.append(Failure(case=case, kinds=kinds, command=command, reason=reason))
                    if keep is not None:
                        (keep / file.name).write_bytes(content)
            file.unlink()
    return failures, codes


class _TooSlow(BaseException):
    """Not an Exception, so that nothing in the command catches it."""


def _stop(_signal: int, _frame: object) -> None:
    raise _TooSlow


def _run_one(arguments: list[str], limit_s: int) -> tuple[int | None, str | None]:
    """The exit code, and why the case fails; None when it does not."""
    from planner.cli.app import main

    written = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", errors="strict", write_through=True)
    previous = signal.signal(signal.SIGALRM, _stop)
    signal.alarm(limit_s)
    try:
        with contextlib.redirect_stdout(written), contextlib.redirect_stderr(written):
            code = main(arguments)
    except _TooSlow:
        return None, f"took more than {limit_s} s"
    except BaseException as error:
        return None, f"raised {type(error).__name__}: {error}"
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, previous)
    written.seek(0)
    text = written.read()
    if code not in CODES or "Traceback (most recent call last)" in text:
        return code, f"exit {code}: {text.strip()[-300:]}"
    return code, None


def _main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--count", type=int, default=2000, help="files to make (default 2000)")
    parser.add_argument("--seed", type=int, default=7, help="of the drawing (default 7)")
    parser.add_argument(
        "--command",
        action="append",
        help="planner command with its options; repeatable (default: validate, then recommend --no-emit)",
    )
    parser.add_argument("--limit-s", type=int, default=60, help="longest one case may take")
    parser.add_argument("--keep", type=Path, help="folder for the files that failed")
    args = parser.parse_args()
    if args.keep:
        args.keep.mkdir(parents=True, exist_ok=True)
    failures, codes = run(
        args.count,
        args.seed,
        args.command or ["validate", "recommend --no-emit"],
        limit_s=args.limit_s,
        keep=args.keep,
    )
    for failure in failures:
        sys.stdout.write(
            f"case {failure.case} {failure.kinds} {failure.command}: {failure.reason}\n"
        )
    summary = ", ".join(f"{name} x{times}" for name, times in sorted(codes.items()))
    sys.stdout.write(f"{args.count} files, {len(failures)} failures; {summary}\n")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    sys.exit(_main())
