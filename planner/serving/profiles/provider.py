"""Answers the search with step times from profiles, as a ``planner.serving.steps.Provider``.

Asked for weights of fewer bits than the GPU multiplies, it derives them from the bf16 profile (see
``weight_only``). Asked for an fp8 cache where only bf16 caches were measured, it answers with the
slower bf16 times and says so.
"""

from __future__ import annotations

from planner.catalog.types import ModelCard
from planner.serving.calibration import calibration
from planner.serving.precision import resolve_weights
from planner.serving.profiles.steps import ProfileSteps
from planner.serving.profiles.store import ProfileStore, shipped_profiles
from planner.serving.profiles.types import Profile, ProfileKey
from planner.serving.profiles.weight_only import SavedBytes, WeightOnlySteps
from planner.serving.steps import Answer, Question, StepTimes

__all__ = ["ProfileProvider"]

_MUCH_REPAIRED_PCT = 25.0
_A100 = "A100"


class ProfileProvider:
    """Answers for models, GPUs and degrees that have a profile."""

    def __init__(self, store: ProfileStore | None = None) -> None:
        self._store = store

    def answer(self, question: Question) -> Answer | None:
        """Step times and their band; None without a profile to take or derive them from."""
        for precision in (question.weights.precision, "bf16"):
            for kv_cache in ("fp8", "bf16") if question.kv_scale < 1 else ("bf16",):
                profile = self._profile(question, precision, kv_cache)
                if profile is None:
                    continue
                if precision == question.weights.precision:
                    return self._answered(question, profile, ProfileSteps(profile))
                if question.weights.compute_factor > 1:
                    steps = _derived(question, ProfileSteps(profile))
                    return None if steps is None else self._answered(question, profile, steps)
        return None

    def _profile(self, question: Question, precision: str, kv_cache: str) -> Profile | None:
        key = ProfileKey(
            accelerator=question.accelerator.name,
            precision=precision,
            kv_cache=kv_cache,
            tensor_parallel_size=question.tensor_parallel_size,
        )
        return self._folders().profile(_names(question.card), key)

    def _folders(self) -> ProfileStore:
        return shipped_profiles() if self._store is None else self._store

    def _answered(self, question: Question, profile: Profile, steps: StepTimes) -> Answer:
        found = self._folders().file(_names(question.card))
        assert found is not None
        derived = isinstance(steps, WeightOnlySteps)
        slow_link = question.tensor_parallel_size > 1 and not question.accelerator.nvlink
        band_class = _band_class(
            profile,
            seen=found.stem in calibration().seen,
            experts=bool(question.card.experts),
            derived=derived,
            slow_link=slow_link,
        )
        key = profile.key
        return Answer(
            steps=steps,
            provider="profile",
            band=calibration().bands[band_class].throughput,
            band_class=band_class,
            source_ids=(
                f"{found.stem}/{key.accelerator}/{key.precision}/kv-{key.kv_cache}"
                f"/tp{key.tensor_parallel_size} sha256 {profile.sha256[:12]}",
                f"{found.source.name} {found.source.version}, {profile.table}",
            ),
            warnings=_warnings(question, profile, derived=derived, slow_link=slow_link),
        )


def _names(card: ModelCard) -> tuple[str, ...]:
    return (card.id, *card.aliases)


def _band_class(
    profile: Profile, *, seen: bool, experts: bool, derived: bool, slow_link: bool
) -> str:
    """The class of bands a profile's predictions belong to, the least certain that holds."""
    if slow_link:
        return "pcie"
    if profile.method == "transferred":
        return "profile_transferred"
    if derived:
        return "profile_derived"
    if profile.key.accelerator.startswith(_A100):
        return "profile_a100"
    kind = "moe" if experts else "dense"
    return f"profile_{kind}" if seen else f"profile_unseen_{kind}"


def _derived(question: Question, bf16: ProfileSteps) -> WeightOnlySteps | None:
    """Weight-only times; None where the card or the data sheet lacks a figure."""
    card, gpu, weights = question.card, question.accelerator, question.weights
    whole = resolve_weights(card, gpu, "bf16")
    if isinstance(whole, str) or gpu.hbm_gb_per_s is None:
        return None
    idle = 1.0 - card.experts_per_token / card.experts if card.experts else 0.0
    return WeightOnlySteps(
        bf16=bf16,
        saved=SavedBytes(
            dense=whole.dense_bytes - weights.dense_bytes,
            experts=whole.expert_bytes - weights.expert_bytes,
            idle_share=idle,
        ),
        bandwidth_gb_per_s=gpu.hbm_gb_per_s,
        tensor_parallel_size=question.tensor_parallel_size,
        compute_factor=weights.compute_factor,
        least_share=weights.total_bytes / whole.total_bytes,
    )


def _warnings(
    question: Question, profile: Profile, *, derived: bool, slow_link: bool
) -> tuple[str, ...]:
    said = list(profile.notes)
    if derived:
        said.append(
            f"{question.weights.precision} on {question.accelerator.name} derived from bf16 times: "
            "latency and memory are credited, dense throughput is not"
        )
    if question.kv_scale < 1 and profile.key.kv_cache != "fp8":
        said.append("no times with an fp8 cache: those of a bf16 cache stand for them")
    if slow_link:
        said.append(
            f"tensor parallel over PCIe on {question.accelerator.name}: links differ from machine "
            "to machine"
        )
    if profile.repaired_most_pct > _MUCH_REPAIRED_PCT:
        said.append(
            f"{profile.repaired_points} points of the tables were mended, the most by "
            f"{profile.repaired_most_pct:.0f} %"
        )
    return tuple(said)
