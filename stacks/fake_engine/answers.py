"""What the stand-in cloud answers: made-up ids, names and ARNs, the same in every run."""

from __future__ import annotations

import functools
import hashlib
import importlib
import inspect
import json
import threading
import warnings
from collections.abc import Mapping
from typing import Any

__all__ = ["UnknownInvoke", "auto_named", "invented_outputs", "invoke_answer", "resource_class"]

# What the provider names after the resource when the program gives no name (its argument `name`).
_NAME = "name"
# The service part of an ARN where it is not the module of the type token.
_ARN_SERVICES = {
    "alb": "elasticloadbalancing",
    "apigateway": "apigateway",
    "appautoscaling": "application-autoscaling",
    "cloudwatch": "cloudwatch",
    "costexplorer": "ce",
    "kms": "kms",
    "lb": "elasticloadbalancing",
}


class UnknownInvoke(KeyError):
    """The program looks something up that the stand-in cloud has no answer for."""


@functools.cache
def _modules() -> Mapping[str, tuple[str, str]]:
    """Type token -> (Python module, class), from the registration text of pulumi_aws."""
    import ast
    from pathlib import Path

    import pulumi_aws

    source = Path(str(pulumi_aws.__file__)).read_text(encoding="utf-8")
    start = source.index('resource_modules="""') + len("resource_modules=")
    text = ast.literal_eval(source[start : source.index('"""', start + 3) + 3])
    return {
        token: (row["fqn"], name)
        for row in json.loads(text)
        for token, name in row["classes"].items()
    }


# The package loads its modules as they are used, which two threads must not do at once.
_loading = threading.RLock()


@functools.cache
def resource_class(token: str) -> Any:
    """The pulumi_aws class of a type token; None when the package has none."""
    with _loading, warnings.catch_warnings():
        # Types that the package deprecates are imported beside the others, and say so.
        warnings.simplefilter("ignore", DeprecationWarning)
        if token not in _modules():
            return None
        module, name = _modules()[token]
        return getattr(importlib.import_module(module), name)


def auto_named(token: str, name: str, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """``inputs`` with a name where the provider would make one up."""
    argument = "bucket" if token == "aws:s3/bucket:Bucket" else _NAME
    if argument in inputs or f"{argument}Prefix" in inputs or not _takes(token, argument):
        return dict(inputs)
    return {**inputs, argument: f"{name}-{_digest(name)[:7]}"}


@functools.cache
def _takes(token: str, argument: str) -> bool:
    cls = resource_class(token)
    return cls is not None and argument in inspect.signature(cls._internal_init).parameters


def invented_outputs(
    token: str, name: str, inputs: Mapping[str, Any], *, region: str, account: str, urn: str
) -> tuple[str, dict[str, Any]]:
    """The id and all outputs of a resource that has just been created."""
    known = auto_named(token, name, inputs)
    digest = _digest(urn)
    arn = _arn(token, str(known.get("bucket") or known.get(_NAME) or name), region, account)
    identity = _identity(token, known, digest, arn)
    outputs = dict(known)
    for key, annotation in _output_types(token).items():
        if key in outputs and outputs[key] is not None:
            continue
        made = _made(token, key, annotation, arn=arn, digest=digest, region=region, account=account)
        if made is not None:
            outputs[key] = made
    return identity, outputs


@functools.cache
def _output_types(token: str) -> Mapping[str, str]:
    """camelCase output -> text of its annotation (``str``, ``int``, ``Sequence[str]``, ...)."""
    cls = resource_class(token)
    if cls is None:
        return {}
    getters: list[Any] = [m.fget for m in vars(cls).values() if isinstance(m, property)]
    return {
        getter._pulumi_name: str(getter.__annotations__.get("return", ""))
        for getter in getters
        if hasattr(getter, "_pulumi_name")
    }


# (token, output) -> text with {arn}, {digest}, {region}, {account} in it.
_SPECIAL = {
    ("aws:lambda/function:Function", "invokeArn"): (
        "arn:aws:apigateway:{region}:lambda:path/2015-03-31/functions/{arn}/invocations"
    ),
    ("aws:lambda/function:Function", "responseStreamingInvokeArn"): (
        "arn:aws:apigateway:{region}:lambda:path/2021-11-15/functions/{arn}"
        "/response-streaming-invocations"
    ),
    ("aws:lambda/function:Function", "qualifiedArn"): "{arn}:1",
    ("aws:lambda/function:Function", "version"): "1",
    ("aws:lb/loadBalancer:LoadBalancer", "dnsName"): (
        "internal-{digest}.{region}.elb.amazonaws.com"
    ),
    ("aws:lb/loadBalancer:LoadBalancer", "arnSuffix"): "app/lb/{digest}",
    ("aws:lb/targetGroup:TargetGroup", "arnSuffix"): "targetgroup/tg/{digest}",
    ("aws:apigateway/restApi:RestApi", "rootResourceId"): "root{digest}",
    ("aws:apigateway/restApi:RestApi", "executionArn"): (
        "arn:aws:execute-api:{region}:{account}:{digest}"
    ),
    ("aws:apigateway/stage:Stage", "invokeUrl"): (
        "https://{digest}.execute-api.{region}.amazonaws.com/prod"
    ),
}


def _made(
    token: str, key: str, annotation: str, *, arn: str, digest: str, region: str, account: str
) -> Any:
    """A value for one output that the inputs do not give; None where it may stay unset."""
    if (token, key) in _SPECIAL:
        return _SPECIAL[token, key].format(arn=arn, digest=digest, region=region, account=account)
    if "Optional" in annotation:
        return None
    if key == "arn":
        return arn
    if key == "region":
        return region
    for kind, made in (
        ("Output[str]", f"{key}-{digest}"),
        ("Output[int]", 1),
        ("Output[bool]", False),
        ("Output[collections.abc.Sequence", []),
        ("Output[typing.Sequence", []),
    ):
        if kind in annotation:
            return made
    return None


def _identity(token: str, inputs: Mapping[str, Any], digest: str, arn: str) -> str:
    prefix = _ID_PREFIXES.get(token)
    if prefix is not None:
        return f"{prefix}-{digest}"
    if token in _ID_IS_ARN:
        return arn
    named = inputs.get("bucket") if token == "aws:s3/bucket:Bucket" else inputs.get(_NAME)
    return str(named or f"{token.rsplit(':', 1)[-1].lower()}-{digest}")


_ID_PREFIXES = {
    "aws:ec2/vpc:Vpc": "vpc",
    "aws:ec2/subnet:Subnet": "subnet",
    "aws:ec2/securityGroup:SecurityGroup": "sg",
    "aws:ec2/routeTable:RouteTable": "rtb",
    "aws:ec2/internetGateway:InternetGateway": "igw",
    "aws:ec2/natGateway:NatGateway": "nat",
    "aws:ec2/eip:Eip": "eipalloc",
    "aws:ec2/vpcEndpoint:VpcEndpoint": "vpce",
    "aws:ec2/launchTemplate:LaunchTemplate": "lt",
}
_ID_IS_ARN = {
    "aws:ecs/capacityProvider:CapacityProvider",
    "aws:ecs/cluster:Cluster",
    "aws:ecs/service:Service",
    "aws:lb/listener:Listener",
    "aws:lb/listenerRule:ListenerRule",
    "aws:lb/loadBalancer:LoadBalancer",
    "aws:lb/targetGroup:TargetGroup",
    "aws:secretsmanager/secret:Secret",
    "aws:sns/topic:Topic",
    "aws:sns/topicSubscription:TopicSubscription",
}


# The ARNs that a program takes apart or compares: token -> form.
_ARNS = {
    "aws:cloudwatch/logGroup:LogGroup": "arn:aws:logs:{region}:{account}:log-group:{name}",
    "aws:cloudwatch/metricAlarm:MetricAlarm": "arn:aws:cloudwatch:{region}:{account}:alarm:{name}",
    "aws:cloudwatch/compositeAlarm:CompositeAlarm": (
        "arn:aws:cloudwatch:{region}:{account}:alarm:{name}"
    ),
    "aws:lambda/function:Function": "arn:aws:lambda:{region}:{account}:function:{name}",
    "aws:s3/bucket:Bucket": "arn:aws:s3:::{name}",
    "aws:secretsmanager/secret:Secret": "arn:aws:secretsmanager:{region}:{account}:secret:{name}",
    "aws:sns/topic:Topic": "arn:aws:sns:{region}:{account}:{name}",
    "aws:ssm/parameter:Parameter": "arn:aws:ssm:{region}:{account}:parameter/{name}",
}


def _arn(token: str, name: str, region: str, account: str) -> str:
    if token in _ARNS:
        name = name.lstrip("/")
        return _ARNS[token].format(region=region, account=account, name=name)
    module, _, kind = token.split(":")[1].partition("/")
    service = _ARN_SERVICES.get(module, module)
    if service in ("iam", "budgets"):
        region = ""
    return f"arn:aws:{service}:{region}:{account}:{kind}/{name}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:17]


def invoke_answer(token: str, args: Mapping[str, Any], *, region: str, account: str) -> Any:
    """The answer to a look-up; UnknownInvoke when there is none."""
    name = token.rsplit(":", 1)[-1]
    zones = [f"{region}{letter}" for letter in "abc"]
    answers: dict[str, dict[str, Any]] = {
        "getCallerIdentity": {
            "id": account,
            "accountId": account,
            "arn": f"arn:aws:iam::{account}:user/planner",
            "userId": "AIDAPLANNER",
        },
        "getRegion": {"id": region, "name": region, "region": region, "description": region},
        "getPartition": {
            "id": "aws",
            "partition": "aws",
            "dnsSuffix": "amazonaws.com",
            "reverseDnsPrefix": "com.amazonaws",
        },
        "getAvailabilityZones": {
            "id": region,
            "names": zones,
            "zoneIds": [f"use1-az{n}" for n in (1, 2, 3)],
            "groupNames": [region],
        },
        "getInstanceTypeOfferings": {"id": region, "locations": zones},
        "getParameter": {
            "id": args.get("name", ""),
            "name": args.get("name", ""),
            "arn": f"arn:aws:ssm:{region}::parameter{args.get('name', '')}",
            "type": "String",
            "value": "ami-0123456789abcdef0",
            "insecureValue": "ami-0123456789abcdef0",
            "version": 1,
        },
        "getVpc": {"id": args.get("id", "vpc-1"), "cidrBlock": "10.0.0.0/16", **args},
        "getSubnet": {"availabilityZone": zones[0], "vpcId": "vpc-1", **args},
        "getSubnets": {"id": region, "ids": [f"subnet-{n}" for n in (1, 2, 3)]},
        "getPrefixList": {"id": "pl-63a5400a", "cidrBlocks": [], **args},
    }
    if name not in answers:
        raise UnknownInvoke(token)
    return {**args, **answers[name]}
