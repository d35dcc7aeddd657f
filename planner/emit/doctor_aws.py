"""What AWS says to ``planner doctor --aws``: reading calls only."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

__all__ = ["AwsAccount"]

# (service, region) -> boto3 client; boto3 has no types.
Clients = Callable[[str, str], Any]


class AwsAccount:
    """The account behind the user's credentials, asked through boto3."""

    def __init__(self, clients: Clients, region: str) -> None:
        self._clients = clients
        self._region = region

    def identity(self) -> str:
        """The account and who asks."""
        found = self._answer("sts", "get_caller_identity")
        return f"account {found['Account']}, {found['Arn']}"

    def offering_zones(self, instance_type: str, region: str) -> Sequence[str]:
        """Zones that offer a type, by name."""
        found = self._answer(
            "ec2",
            "describe_instance_type_offerings",
            region,
            LocationType="availability-zone",
            Filters=[{"Name": "instance-type", "Values": [instance_type]}],
        )
        return sorted(each["Location"] for each in found["InstanceTypeOfferings"])

    def vcpu_quota(self, code: str, region: str) -> int:
        """vCPUs the account may run under a quota."""
        found = self._answer(
            "service-quotas", "get_service_quota", region, ServiceCode="ec2", QuotaCode=code
        )
        return int(found["Quota"]["Value"])

    def tag_is_active(self, key: str) -> bool:
        """Whether a cost allocation tag is active; only the paying account may ask."""
        # The service has one endpoint for all regions.
        found = self._answer("ce", "list_cost_allocation_tags", "us-east-1", TagKeys=[key])
        return any(each["Status"] == "Active" for each in found["CostAllocationTags"])

    def certificate_status(self, arn: str, region: str) -> str:
        """Status of a certificate."""
        found = self._answer("acm", "describe_certificate", region, CertificateArn=arn)
        return str(found["Certificate"]["Status"])

    def objects_under(self, bucket: str, prefix: str) -> int:
        """Bytes under a prefix."""
        total, token = 0, None
        while True:
            more = {} if token is None else {"ContinuationToken": token}
            found = self._answer(
                "s3", "list_objects_v2", Bucket=bucket, Prefix=f"{prefix}/", **more
            )
            total += sum(int(each["Size"]) for each in found.get("Contents", ()))
            token = found.get("NextContinuationToken")
            if token is None:
                return total

    def _answer(
        self, service: str, operation: str, region: str | None = None, **arguments: Any
    ) -> Any:
        """LookupError with one line where AWS refuses or cannot be reached."""
        try:
            client = self._clients(service, region or self._region)
            return getattr(client, operation)(**arguments)
        # botocore's errors are made while it runs; none of them may end the other checks.
        except Exception as error:
            raise LookupError(f"{service} {operation}: {str(error).splitlines()[0]}") from None
