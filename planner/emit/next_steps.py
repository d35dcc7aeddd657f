"""The commands between an emitted plan and the first answered request."""

from __future__ import annotations

from dataclasses import dataclass

from planner.catalog.artifacts import ImageArtifact, image_artifact
from planner.decision import Plan
from planner.emit.reading import Read
from planner.emit.serving_plan import GatewayPart, GpuPart, ServingPlan

__all__ = ["Step", "missing_digests", "next_steps", "plan_notes"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What is to be done, and the commands that do it, in order."""

    what: str
    commands: tuple[str, ...]


def next_steps(plan: ServingPlan, stack: str, *, new: bool) -> tuple[Step, ...]:
    """All of them, in order; ``new``: the stack's configuration file was not there before."""
    steps = [_stack(plan, stack, new=new)]
    if plan.gpu is not None:
        steps += [*_mirror(plan.gpu), *_digests(plan.gpu, stack)]
    steps.append(Step(what="see it, then deploy it", commands=_up(stack)))
    if plan.gpu is not None:
        steps += [*_weights(plan.gpu, stack), _engine_key(stack), _ready(stack)]
    if plan.gateway is not None:
        steps += [*_provider_keys(plan.gateway, stack), _client_key(stack)]
    steps.append(
        Step(
            what="send the first request, from where the endpoint can be reached",
            commands=(f"python3 stacks/smoke.py {stack}",),
        )
    )
    return tuple(steps)


def plan_notes(plan: Plan, serving: ServingPlan) -> tuple[str, ...]:
    """What a reader of the plan must know before it is deployed."""
    notes: list[str] = []
    if Read(plan).section("tco").get("infrastructure", {}).get("mode") == "replace":
        notes.append(
            "tco.infrastructure.mode is replace: what the stack itself costs is not in this plan, "
            "nor in its budget and alarms."
        )
    if serving.gpu is not None and serving.deployment.certificate_arn is None:
        notes.append(
            "No deployment.certificate_arn: the endpoint speaks plain HTTP inside the network."
        )
    return tuple(notes)


def missing_digests(gpu: GpuPart) -> tuple[tuple[str, ImageArtifact], ...]:
    """Images that the plan cannot pin, by the configuration key that pins them."""
    images = (
        ("imageDigest", gpu.image, image_artifact("engine")),
        ("agentImageDigest", gpu.agent_image, image_artifact("agent")),
    )
    return tuple((key, artifact) for key, image, artifact in images if "@" not in image.uri)


def _stack(plan: ServingPlan, stack: str, *, new: bool) -> Step:
    init = (f"pulumi stack init {stack}",) if new else ()
    return Step(
        what="the stack and its region",
        commands=(*init, f"pulumi config set aws:region {plan.region} --stack {stack}"),
    )


def _mirror(gpu: GpuPart) -> list[Step]:
    """A copy by `crane` keeps the digest; one by pull and push may not."""
    if not gpu.image.mirrored:
        return []
    mirror = gpu.image.uri.partition("@")[0]
    sources = [image_artifact(name) for name in ("engine", "agent")]
    return [
        Step(
            what="both images into the mirror, with the digests they have",
            commands=tuple(
                f"crane copy {each.repository}:{each.tag} {mirror}:{name}-{each.tag}"
                if each.digest is None
                else f"crane copy {each.uri} {mirror}:{name}-{each.tag}"
                for name, each in zip(("engine", "agent"), sources, strict=True)
            ),
        )
    ]


def _digests(gpu: GpuPart, stack: str) -> list[Step]:
    return [
        Step(
            what=f"pin {artifact.repository}: its digest is not in the plan",
            commands=(
                f'pulumi config set {key} "$(docker buildx imagetools inspect '
                f"{artifact.repository}:{artifact.tag} --format '{{{{.Manifest.Digest}}}}')\" "
                f"--stack {stack}",
            ),
        )
        for key, artifact in missing_digests(gpu)
    ]


def _up(stack: str) -> tuple[str, ...]:
    return (f"pulumi preview --stack {stack}", f"pulumi up --stack {stack}")


def _weights(gpu: GpuPart, stack: str) -> list[Step]:
    weights = gpu.weights
    if weights.bucket is not None:
        return []
    revision = "" if weights.revision is None else f" --revision {weights.revision}"
    return [
        Step(
            what=f"the weights, {weights.bytes / 1e9:.1f} GB, into the stack's bucket",
            commands=(
                f"hf download {weights.model}{revision} --local-dir weights",
                f'aws s3 sync weights "s3://$(pulumi stack output weightsBucket --stack {stack})/'
                f"{weights.prefix}/\" --exclude '.cache/*'",
            ),
        )
    ]


def _engine_key(stack: str) -> Step:
    return Step(
        what="the key that clients send to the engine",
        commands=(
            "aws secretsmanager put-secret-value "
            f'--secret-id "$(pulumi stack output engineKeySecret --stack {stack})" '
            '--secret-string "$(openssl rand -hex 32)"',
        ),
    )


def _ready(stack: str) -> Step:
    return Step(
        what="start the replicas, which until now were held at none",
        commands=(
            f"pulumi config set weightsReady true --stack {stack}",
            f"pulumi up --stack {stack}",
        ),
    )


def _provider_keys(gateway: GatewayPart, stack: str) -> list[Step]:
    return [
        Step(
            what=f"your key of {provider.id}",
            commands=(
                "aws secretsmanager put-secret-value --secret-id "
                f'"$(pulumi stack output providerKeySecrets --stack {stack} --json '
                f'| jq -r \'."{provider.id}"\')" --secret-string "$KEY_OF_{_shell(provider.id)}"',
            ),
        )
        for provider in gateway.providers
        if provider.base_url
    ]


def _shell(name: str) -> str:
    return "".join(letter if letter.isalnum() else "_" for letter in name).upper()


def _client_key(stack: str) -> Step:
    return Step(
        what="a key for a client, with a cap of its own",
        commands=(
            f'planner keys create --table "$(pulumi stack output keysTable --stack {stack})" '
            "--tenant NAME --cap-month-usd USD",
        ),
    )
