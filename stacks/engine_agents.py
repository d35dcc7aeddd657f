"""Texts that the two CloudWatch agents are configured with: beside the engine, and on the host."""

from __future__ import annotations

import json
from collections.abc import Sequence

from metrics import ENGINE_NAMESPACE, HOST, engine_metric_names

__all__ = ["ENGINE_PORT", "host_agent_config", "sidecar_agent_config", "sidecar_scrape_config"]

ENGINE_PORT = 8000
_SCRAPE_S = 60
_JOB = "engine"
_HOST_PREFIX = "nvidia_smi_"


def sidecar_scrape_config(stack_id: str) -> str:
    """Prometheus configuration: the engine in the same task, once a minute.

    A longer or shorter interval would change what the sum of a level over a minute means.
    """
    # JSON is YAML.
    return json.dumps(
        {
            "global": {"scrape_interval": f"{_SCRAPE_S}s", "scrape_timeout": "10s"},
            "scrape_configs": [
                {
                    "job_name": _JOB,
                    "metrics_path": "/metrics",
                    "static_configs": [
                        {"targets": [f"127.0.0.1:{ENGINE_PORT}"], "labels": {"Stack": stack_id}}
                    ],
                }
            ],
        },
        sort_keys=True,
    )


def sidecar_agent_config(log_group: str) -> str:
    """Agent configuration: the allowed metrics, by stack, as events of a log group."""
    declaration = {
        "source_labels": ["job"],
        "label_matcher": f"^{_JOB}$",
        "dimensions": [["Stack"]],
        "metric_selectors": [f"^{name}$" for name in engine_metric_names()],
    }
    return json.dumps(
        {
            "logs": {
                "metrics_collected": {
                    "prometheus": {
                        "log_group_name": log_group,
                        "prometheus_config_path": "env:PROMETHEUS_CONFIG_CONTENT",
                        "emf_processor": {
                            "metric_namespace": ENGINE_NAMESPACE,
                            "metric_declaration": [declaration],
                        },
                    }
                },
                "force_flush_interval": 5,
            }
        },
        sort_keys=True,
    )


def host_agent_config(group_name: str) -> str:
    """Agent configuration: GPU use, one value for the whole group.

    The group's name is given, not looked up, so that the agent needs no right to read tags; the
    values of each GPU are not sent, since every series of them would be billed.
    """
    names: Sequence[str] = [metric.name.removeprefix(_HOST_PREFIX) for metric in HOST.values()]
    return json.dumps(
        {
            "agent": {"metrics_collection_interval": _SCRAPE_S, "omit_hostname": True},
            "metrics": {
                "namespace": ENGINE_NAMESPACE,
                "aggregation_dimensions": [["AutoScalingGroupName"]],
                "metrics_collected": {
                    "nvidia_gpu": {
                        "measurement": names,
                        "drop_original_metrics": names,
                        "append_dimensions": {"AutoScalingGroupName": group_name},
                    }
                },
            },
        },
        sort_keys=True,
    )
