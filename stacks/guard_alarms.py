"""Registers alarms: metric alarms, composites, and the mute rule of the anomaly alarm."""

from __future__ import annotations

import datetime
from collections.abc import Mapping

import pulumi
import pulumi_aws as aws

from config import Settings
from guard_topic import GuardTopic
from planner.emit.guard import AlarmSpec, CompositeSpec, Expression, GuardSet, Query, thresholds

__all__ = ["GuardAlarms"]

_PART = "spend-guard"
# The schedule names a minute that must not have passed when the rule reaches AWS.
_MUTE_IN = datetime.timedelta(minutes=15)


class GuardAlarms(pulumi.ComponentResource):
    """The alarms of ``guards``. ``names`` are the values of dimensions in angle brackets."""

    def __init__(
        self,
        name: str,
        *,
        settings: Settings,
        guards: GuardSet,
        names: Mapping[str, pulumi.Input[str]],
        topic: GuardTopic,
        deployed_at: datetime.datetime,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("llm-serving:stacks:GuardAlarms", name, None, opts)
        self._settings = settings
        self._names = names
        self._topic = topic
        self._tags = settings.tags.of(_PART)
        alarms = [self._alarm(spec) for spec in guards.alarms]
        for spec in guards.composites:
            self._composite(spec, after=alarms)
        self._mute(guards.anomaly, deployed_at)
        self.register_outputs({})

    def _alarm(self, spec: AlarmSpec) -> aws.cloudwatch.MetricAlarm:
        actions = list(self._topic.actions) if spec.notifies else []
        return aws.cloudwatch.MetricAlarm(
            spec.name,
            name=spec.name,
            alarm_description=spec.description,
            metric_queries=[self._query(spec, query) for query in spec.queries],
            comparison_operator=spec.comparison,
            threshold=spec.threshold,
            threshold_metric_id=spec.band,
            evaluation_periods=spec.evaluation_periods,
            datapoints_to_alarm=spec.datapoints_to_alarm,
            treat_missing_data=spec.missing,
            evaluation_window=_window(spec),
            alarm_actions=actions,
            ok_actions=actions,
            tags=self._tags,
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _query(self, spec: AlarmSpec, query: Query) -> aws.cloudwatch.MetricAlarmMetricQueryArgs:
        # With a band the alarm compares two queries, and returns both.
        returned = query.id in (spec.returned, spec.band)
        if isinstance(query, Expression):
            return aws.cloudwatch.MetricAlarmMetricQueryArgs(
                id=query.id,
                expression=query.text,
                label=query.label or query.id,
                return_data=returned,
            )
        metric = aws.cloudwatch.MetricAlarmMetricQueryMetricArgs(
            namespace=query.namespace,
            metric_name=query.name,
            dimensions={
                key: self._names.get(value, value) for key, value in query.dimensions.items()
            },
            period=query.period_s,
            stat=query.stat,
        )
        return aws.cloudwatch.MetricAlarmMetricQueryArgs(
            id=query.id, metric=metric, return_data=returned
        )

    def _composite(self, spec: CompositeSpec, *, after: list[aws.cloudwatch.MetricAlarm]) -> None:
        actions = list(self._topic.actions)
        aws.cloudwatch.CompositeAlarm(
            spec.name,
            alarm_name=spec.name,
            alarm_description=spec.description,
            alarm_rule=spec.rule,
            alarm_actions=actions,
            ok_actions=actions,
            tags=self._tags,
            # The rule names alarms, which must be there before it.
            opts=pulumi.ResourceOptions(parent=self, depends_on=after),
        )

    def _mute(self, alarm_names: tuple[str, ...], deployed_at: datetime.datetime) -> None:
        """A band learnt from less than two weeks means nothing. The first deployment sets it."""
        start = deployed_at + _MUTE_IN
        aws.cloudwatch.AlarmMuteRule(
            self._settings.name("anomaly-learning"),
            name=f"{self._settings.plan.stack_id}-anomaly-learning",
            description="quiet while the anomaly band is learnt",
            rule=aws.cloudwatch.AlarmMuteRuleRuleArgs(
                schedule=aws.cloudwatch.AlarmMuteRuleRuleScheduleArgs(
                    expression=f"at({start:%Y-%m-%dT%H:%M})",
                    duration=f"P{thresholds().mute_days}D",
                    timezone="UTC",
                )
            ),
            mute_targets=aws.cloudwatch.AlarmMuteRuleMuteTargetsArgs(alarm_names=list(alarm_names)),
            tags=self._tags,
            opts=pulumi.ResourceOptions(parent=self, ignore_changes=["rule"]),
        )


def _window(spec: AlarmSpec) -> aws.cloudwatch.MetricAlarmEvaluationWindowArgs | None:
    if spec.wall_clock is None:
        return None
    return aws.cloudwatch.MetricAlarmEvaluationWindowArgs(
        wall_clock_window=aws.cloudwatch.MetricAlarmEvaluationWindowWallClockWindowArgs(
            timezone=spec.wall_clock
        )
    )
