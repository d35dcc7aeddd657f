"""What the engine reads and writes: weights, logs, its key, its agent's configuration."""

from __future__ import annotations

import pulumi
import pulumi_aws as aws

from config import Settings
from engine_agents import sidecar_agent_config, sidecar_scrape_config

__all__ = ["EngineStorage"]

_WEIGHTS = "weights"
_LOGS = "logs"


class EngineStorage(pulumi.ComponentResource):
    """Buckets, log groups, parameters and the secret of the engine.

    The secret is created without a value: it is set with the AWS command line and so lies in no
    program, configuration or state.
    """

    weights_bucket: pulumi.Output[str]
    weights_arn: pulumi.Output[str]
    access_logs: aws.s3.Bucket
    secret: aws.secretsmanager.Secret
    engine_log: aws.cloudwatch.LogGroup
    metric_log: aws.cloudwatch.LogGroup
    agent_config: aws.ssm.Parameter
    scrape_config: aws.ssm.Parameter

    def __init__(
        self, name: str, *, settings: Settings, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("llm-serving:stacks:EngineStorage", name, None, opts)
        self._settings = settings
        self._child = pulumi.ResourceOptions(parent=self)
        self.weights_bucket, self.weights_arn = self._weights()
        # A load balancer cannot write to a bucket under a key of KMS.
        self.access_logs = self._bucket(_LOGS, kms_key_arn=None)
        self.access_policy = self._access_policy()
        self._expire_logs()
        self.secret = aws.secretsmanager.Secret(
            settings.name("engine-key"),
            description="Key that clients of the engine send; set its value with the AWS CLI",
            kms_key_id=settings.kms_key_arn,
            tags=settings.tags.of("engine-key"),
            opts=self._child,
        )
        self.engine_log = self._log("engine")
        self.metric_log = self._log("engine-metrics")
        self.agent_config = self._parameter(
            "agent-config", self.metric_log.name.apply(sidecar_agent_config)
        )
        self.scrape_config = self._parameter(
            "scrape-config", sidecar_scrape_config(settings.plan.stack_id)
        )
        self.register_outputs({"weightsBucket": self.weights_bucket})

    def _weights(self) -> tuple[pulumi.Output[str], pulumi.Output[str]]:
        """Name and ARN of the bucket with the weights: the scenario's, or one of the stack."""
        gpu = self._settings.plan.gpu
        assert gpu is not None
        given = gpu.weights.bucket
        if given is not None:
            return pulumi.Output.from_input(given), pulumi.Output.from_input(
                f"arn:aws:s3:::{given}"
            )
        bucket = self._bucket(_WEIGHTS, kms_key_arn=self._settings.kms_key_arn)
        return bucket.bucket, bucket.arn

    def _bucket(self, part: str, *, kms_key_arn: str | None) -> aws.s3.Bucket:
        settings = self._settings
        bucket = aws.s3.Bucket(
            settings.name(part),
            # Weights can be uploaded again, and a stack that is destroyed leaves nothing behind.
            force_destroy=True,
            tags=settings.tags.of(part),
            opts=self._child,
        )
        aws.s3.BucketPublicAccessBlock(
            settings.name(part),
            bucket=bucket.id,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
            opts=self._child,
        )
        if kms_key_arn is not None:
            _encrypt(settings.name(part), bucket, kms_key_arn, self._child)
        return bucket

    def _access_policy(self) -> aws.s3.BucketPolicy:
        arn = self.access_logs.arn
        account = aws.get_caller_identity_output().account_id
        return aws.s3.BucketPolicy(
            self._settings.name(_LOGS),
            bucket=self.access_logs.id,
            policy=pulumi.Output.json_dumps(
                {
                    "Version": "2012-10-17",
                    "Statement": [
                        {
                            "Effect": "Allow",
                            "Principal": {
                                "Service": "logdelivery.elasticloadbalancing.amazonaws.com"
                            },
                            "Action": "s3:PutObject",
                            "Resource": pulumi.Output.concat(arn, "/alb/AWSLogs/", account, "/*"),
                        }
                    ],
                },
                sort_keys=True,
            ),
            opts=self._child,
        )

    def _expire_logs(self) -> None:
        aws.s3.BucketLifecycleConfiguration(
            self._settings.name(_LOGS),
            bucket=self.access_logs.id,
            rules=[
                aws.s3.BucketLifecycleConfigurationRuleArgs(
                    id="expire",
                    status="Enabled",
                    filter=aws.s3.BucketLifecycleConfigurationRuleFilterArgs(prefix="alb/"),
                    expiration=aws.s3.BucketLifecycleConfigurationRuleExpirationArgs(
                        days=self._settings.log_retention_days
                    ),
                )
            ],
            opts=self._child,
        )

    def _log(self, part: str) -> aws.cloudwatch.LogGroup:
        settings = self._settings
        return aws.cloudwatch.LogGroup(
            settings.name(part),
            retention_in_days=settings.log_retention_days,
            kms_key_id=settings.kms_key_arn,
            tags=settings.tags.of(part),
            opts=self._child,
        )

    def _parameter(self, part: str, value: pulumi.Input[str]) -> aws.ssm.Parameter:
        return aws.ssm.Parameter(
            self._settings.name(part),
            type="String",
            value=value,
            tags=self._settings.tags.of(part),
            opts=self._child,
        )


def _encrypt(
    name: str, bucket: aws.s3.Bucket, kms_key_arn: str, opts: pulumi.ResourceOptions
) -> None:
    aws.s3.BucketServerSideEncryptionConfiguration(
        name,
        bucket=bucket.id,
        rules=[
            aws.s3.BucketServerSideEncryptionConfigurationRuleArgs(
                apply_server_side_encryption_by_default=aws.s3.BucketServerSideEncryptionConfigurationRuleApplyServerSideEncryptionByDefaultArgs(
                    sse_algorithm="aws:kms", kms_master_key_id=kms_key_arn
                ),
                bucket_key_enabled=True,
            )
        ],
        opts=opts,
    )
