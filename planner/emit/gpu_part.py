"""The ``gpu`` part of a serving plan: instances, engine, weights, scaling."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, cast

from planner.catalog.artifacts import ImageArtifact, image_artifact
from planner.catalog.hardware import shipped_instances
from planner.catalog.models import model_card
from planner.catalog.types import InstanceType
from planner.emit.facts import fact, text_fact
from planner.emit.reading import Json, Read
from planner.emit.serving_plan import EngineImage, GpuPart, NetworkPart, WeightsPart
from planner.errors import InputError
from planner.units import BYTES_PER_GIB, MS_PER_S

__all__ = ["engine_args", "gpu_part", "network_part", "weights_part"]

# What the root volume holds beside the weights where the plan priced none.
_VOLUME_WITHOUT_WEIGHTS_GIB = 60
_WEIGHTS_MARGIN = 1.2
_LARGEST_ANSWER_S = 3_600
# Ten tokens a second, slower than people read: where neither model nor service level says more.
_PLAIN_TPOT_MS = 100


def gpu_part(read: Read) -> GpuPart:
    """All that the stack must know of its GPUs; InputError where the plan does not say it."""
    serving = _serving(read)
    instance = _instance(serving["instance_type"])
    tensor_parallel = int(serving["tensor_parallel_size"])
    replicas = max(instance.accelerator_count // tensor_parallel, 1)
    weights = weights_part(read, serving)
    hours = read.part("hourly").get("instances_by_hour_utc")
    least, most = _instance_bounds(read, hours)
    prices = read.instance_prices()
    image = image_artifact("engine")
    return GpuPart(
        model=serving["model"],
        served_model_name=serving["model"],
        instance_type=instance.name,
        gpus_per_instance=instance.accelerator_count,
        tensor_parallel_size=tensor_parallel,
        replicas_per_instance=replicas,
        purchase=read.chosen.get("purchase") or "on_demand",
        min_instances=least,
        max_instances=most,
        on_demand_base_instances=int(read.part("spot").get("floor_instances_on_demand", 0)),
        instances_by_hour_utc=None if hours is None else tuple(hours),
        instances_by_hour_local=None
        if hours is None
        else tuple(read.part("hourly")["instances_by_hour_local"]),
        mean_instances=str(read.part("hourly").get("mean_instances") or least),
        usd_per_instance_hour=_planned_price(read, prices),
        most_usd_per_instance_hour=_dearest_price(read, prices),
        image=_image(read, image),
        agent_image=_image(read, image_artifact("agent")),
        weights=weights,
        replica_memory_mib=_replica_memory_mib(instance, replicas),
        shared_memory_mib=int(fact("memory", "shared_mib")) if tensor_parallel > 1 else 0,
        root_volume_gb=_root_volume_gb(read, weights),
        engine_args=engine_args(read, serving),
        engine_environment={
            "RUNAI_STREAMER_MEMORY_LIMIT": str(int(fact("memory", "streamer_bytes"))),
            "VLLM_MAX_N_SEQUENCES": str(int(fact("requests", "most_sequences_each"))),
        },
        grace_s=_grace_s(image, weights),
        longest_generation_s=_longest_generation_s(read, serving),
        waiting_per_replica_target=str(_waiting_target(serving)),
        # The plan prices no host that stands by for updates: one replica at a time is replaced.
        rolling_update="gap",
        zones=_zones(read),
    )


def network_part(read: Read) -> NetworkPart | None:
    """The network to create; None where the deployment has one."""
    if read.deployment.get("vpc_id") is not None:
        return None
    way_out = "endpoints" if read.has("interface endpoints") else "nat"
    return NetworkPart(zones=_zones(read), way_out=way_out)


def weights_part(read: Read, serving: Json) -> WeightsPart:
    """Where the weights lie: in the bucket that the scenario names, else in one of the stack."""
    size = int(serving["weights_bytes_per_accelerator"]) * int(serving["tensor_parallel_size"])
    given = cast("Json | None", read.part("engine").get("weights"))
    model = str(serving["model"])
    revision = None if given is None else given.get("revision")
    bucket, prefix = None, f"{model}/{revision or 'main'}"
    if given is not None:
        bucket, prefix = _s3_place(str(given["uri"]))
    return WeightsPart(
        model=model,
        bucket=bucket,
        prefix=prefix,
        revision=revision,
        sha256=None if given is None else given.get("sha256"),
        bytes=size,
    )


def _s3_place(uri: str) -> tuple[str, str]:
    bucket, _, prefix = uri.removeprefix("s3://").partition("/")
    prefix = prefix.strip("/")
    if not uri.startswith("s3://") or not bucket or not prefix:
        raise InputError(
            f"weights.uri is {uri!r}; the engine loads them from S3: write s3://BUCKET/PREFIX/"
        )
    return bucket, prefix


def engine_args(read: Read, serving: Json) -> tuple[str, ...]:
    """vLLM's flags: what the capacity was computed for, and nothing that could change it."""
    flags: dict[str, object] = {
        "--served-model-name": serving["model"],
        "--tensor-parallel-size": serving["tensor_parallel_size"],
        "--max-model-len": serving["max_model_len"],
        "--gpu-memory-utilization": read.chosen["engine"]["gpu_memory_utilization"],
        "--max-num-seqs": serving["max_num_seqs"],
        "--max-num-batched-tokens": serving["max_num_batched_tokens"],
        "--load-format": "runai_streamer",
        "--allowed-media-domains": text_fact("requests", "media_domain"),
        **_precision_flags(serving),
    }
    if serving["kv_cache_dtype"] != "auto":
        flags["--kv-cache-dtype"] = serving["kv_cache_dtype"]
    caching = "enable" if serving["prefix_caching"] else "no-enable"
    switches = [f"--{caching}-prefix-caching"]
    if read.deployment.get("log_prompts"):
        switches.append("--enable-log-requests")
    pairs = [text for flag, value in flags.items() for text in (flag, str(value))]
    return (*pairs, *switches)


def _precision_flags(serving: Json) -> Mapping[str, object]:
    """Weights of another precision than the published ones are converted, or are other files.

    vLLM converts to FP8 as it loads; what is stored in 4 bits says so itself.
    """
    card = model_card(str(serving["model"]))
    native = None if card is None else card.native_precision
    precision = serving["precision"]
    if precision == "fp8" and native != "fp8":
        return {"--quantization": "fp8"}
    return {"--dtype": "bfloat16"} if precision == "bf16" else {}


def _serving(read: Read) -> Json:
    serving = cast("Json | None", read.chosen.get("serving"))
    if serving is None or "engine" not in read.chosen:
        raise InputError(
            f"{read.chosen['name']} is priced by hand: which instances and which engine serve it "
            "is not known; give it as options.selfhost to deploy it"
        )
    return serving


def _instance(name: str) -> InstanceType:
    found = shipped_instances().get(name)
    if found is None:
        raise InputError(f"no facts of {name} are known, so no task can be sized for it")
    return found


def _instance_bounds(read: Read, hours: Sequence[int] | None) -> tuple[int, int]:
    """Fewest and most instances over the week and the horizon."""
    hybrid = cast("Mapping[str, Any] | None", read.chosen.get("hybrid"))
    if hours is not None:
        peak = max(hours)
        fleet = read.part("fleet").get("peak_instances") or peak
        return min(hours), max(peak, fleet, 1)
    if hybrid is not None:
        count = int(hybrid["base_instances"])
        return count, max(count, 1)
    fleet = read.chosen["fleet"]
    return int(fleet["instances"]), max(int(fleet["peak_instances"]), 1)


def _planned_price(read: Read, prices: Sequence[Decimal]) -> Decimal:
    if not prices:
        raise InputError(
            f"the plan has no price of {read.chosen['serving']['instance_type']}; run "
            "`planner prices refresh`, or give an override with source and date"
        )
    return min(prices)


def _dearest_price(read: Read, prices: Sequence[Decimal]) -> Decimal:
    """On demand, where another price is planned: what an instance may cost at most."""
    on_demand = read.part("commitment").get("on_demand_usd_per_instance_hour")
    known = [*prices, *([Decimal(on_demand)] if on_demand is not None else [])]
    return max(known)


def _image(read: Read, artifact: ImageArtifact) -> EngineImage:
    """From its own registry, or by the same digest from the deployment's mirror."""
    mirror = read.deployment.get("image_mirror")
    uri = artifact.uri
    if mirror is not None:
        uri = mirror if artifact.digest is None else f"{mirror}@{artifact.digest}"
    return EngineImage(
        uri=uri, compressed_bytes=artifact.compressed_bytes, mirrored=mirror is not None
    )


def _replica_memory_mib(instance: InstanceType, replicas: int) -> int:
    usable = instance.mem_mib * fact("memory", "instance_share") / replicas
    return int(usable - fact("memory", "agent_mib"))


def _root_volume_gb(read: Read, weights: WeightsPart) -> int:
    priced = read.units_each("root volume")
    if priced is not None:
        return int(priced)
    size = weights.bytes / BYTES_PER_GIB * _WEIGHTS_MARGIN
    return math.ceil(_VOLUME_WITHOUT_WEIGHTS_GIB + size)


def _grace_s(image: ImageArtifact, weights: WeightsPart) -> int:
    """Seconds before a check may give a new replica up, from the bytes it has to load."""
    start = (
        fact("start", "boot_s")
        + image.compressed_bytes / fact("start", "pull_bytes_per_s")
        + weights.bytes / fact("start", "load_bytes_per_s")
        + fact("start", "capture_s")
    )
    return math.ceil(start * fact("start", "margin_ratio"))


def _longest_generation_s(read: Read, serving: Json) -> int:
    """How long a stream may last: the longest answer at twice the predicted time for a token."""
    analytic = read.part("capacity_check").get("analytic")
    predicted = None if analytic is None else analytic["tpot_ms"]
    tpot_ms = float(predicted or read.section("slo").get("tpot_ms") or _PLAIN_TPOT_MS)
    tokens = min(
        float(read.demand["output_tokens_p99"]) * fact("gateway", "output_cap_ratio"),
        float(serving["max_model_len"]),
    )
    longest = tokens * tpot_ms / MS_PER_S * fact("requests", "longest_ratio")
    return min(max(math.ceil(longest), int(fact("requests", "least_longest_s"))), _LARGEST_ANSWER_S)


def _waiting_target(serving: Json) -> int:
    share = fact("requests", "waiting_share_of_sequences") * float(serving["max_num_seqs"])
    return max(round(share), int(fact("requests", "least_waiting")))


def _zones(read: Read) -> int:
    return int(read.section("slo").get("zones", 2))
