SELECT
  *
FROM (
  SELECT
    "t1"."dt",
    "t1"."source",
    "t1"."provider",
    "t1"."service",
    "t1"."charge_kind",
    "t1"."stack",
    "t1"."line_item",
    "t1"."is_of_models",
    "t1"."is_spot",
    "t1"."is_instance",
    "t1"."is_covered",
    "t1"."quantity_unit",
    SUM("t1"."usd") AS "usd",
    SUM("t1"."cost_source_usd") AS "billed_usd",
    SUM("t1"."quantity") AS "quantity"
  FROM (
    SELECT
      "t0"."record_key",
      "t0"."parent_key",
      "t0"."source_line",
      "t0"."source_item",
      "t0"."revised_at",
      "t0"."kind",
      "t0"."view",
      "t0"."started_at",
      "t0"."bucket_s",
      "t0"."calls",
      "t0"."attempts",
      "t0"."failed_calls",
      "t0"."status",
      "t0"."provider",
      "t0"."model_raw",
      "t0"."region",
      "t0"."service_tier",
      "t0"."is_batch",
      "t0"."feature",
      "t0"."endpoint",
      "t0"."environment",
      "t0"."team",
      "t0"."prompt_version",
      "t0"."is_evaluation",
      "t0"."uncached_input_tokens",
      "t0"."cache_read_tokens",
      "t0"."cache_write_5m_tokens",
      "t0"."cache_write_30m_tokens",
      "t0"."cache_write_1h_tokens",
      "t0"."cache_write_12h_tokens",
      "t0"."cache_write_unknown_tokens",
      "t0"."output_tokens",
      "t0"."reasoning_tokens",
      "t0"."audio_input_tokens",
      "t0"."audio_output_tokens",
      "t0"."image_input_tokens",
      "t0"."image_output_tokens",
      "t0"."tool_calls",
      "t0"."latency_ms",
      "t0"."ttft_ms",
      "t0"."cost_source_usd",
      "t0"."cost_effective_usd",
      "t0"."cost_basis",
      "t0"."charge_kind",
      "t0"."billing_account",
      "t0"."billing_period",
      "t0"."line_item",
      "t0"."service",
      "t0"."resource_id",
      "t0"."quantity",
      "t0"."quantity_unit",
      "t0"."stack",
      "t0"."plan_hash",
      "t0"."saved_compression_usd",
      "t0"."saved_prompt_caching_usd",
      "t0"."saved_gateway_caching_usd",
      "t0"."saved_routing_usd",
      "t0"."notes",
      "t0"."model",
      "t0"."cost_list_usd",
      "t0"."price_status",
      "t0"."price_ref",
      "t0"."source_file",
      "t0"."file_sha256",
      "t0"."exported_at",
      "t0"."ingested_at",
      "t0"."schema_version",
      "t0"."source",
      "t0"."dt",
      CASE
        WHEN "t0"."status" = 'cache_hit'
        THEN CAST(CAST('0' AS DECIMAL) AS DECIMAL(24, 12))
        WHEN "t0"."kind" = 'bill'
        THEN COALESCE("t0"."cost_effective_usd", "t0"."cost_source_usd")
        ELSE COALESCE("t0"."cost_source_usd", "t0"."cost_list_usd")
      END AS "usd",
      (
        "t0"."provider" <> 'aws'
      )
      OR (
        (
          "t0"."uncached_input_tokens" + "t0"."cache_read_tokens" + "t0"."cache_write_5m_tokens" + "t0"."cache_write_30m_tokens" + "t0"."cache_write_1h_tokens" + "t0"."cache_write_12h_tokens" + "t0"."cache_write_unknown_tokens" + "t0"."output_tokens"
        ) > 0
      )
      OR (
        (
          "t0"."model_raw" <> ''
        )
        OR (
          STRPOS(LOWER("t0"."service"), 'bedrock') > 0
        )
      ) AS "is_of_models",
      STRPOS("t0"."line_item", 'SpotUsage') > 0 AS "is_spot",
      REGEXP_LIKE("t0"."line_item", '(BoxUsage|SpotUsage|HeavyUsage|DedicatedUsage)') AS "is_instance",
      (
        "t0"."cost_effective_usd" IS NOT NULL
      )
      AND (
        "t0"."cost_effective_usd" <> "t0"."cost_source_usd"
      ) AS "is_covered"
    FROM "records" AS "t0"
    WHERE
      "t0"."dt" >= FROM_ISO8601_DATE('2026-11-01')
      AND "t0"."dt" <= FROM_ISO8601_DATE('2026-11-30')
      AND "t0"."kind" = 'bill'
  ) AS "t1"
  GROUP BY
    1,
    2,
    3,
    4,
    5,
    6,
    7,
    8,
    9,
    10,
    11,
    12
) AS "t2"
ORDER BY
  "t2"."dt" ASC,
  "t2"."source" ASC,
  "t2"."provider" ASC,
  "t2"."service" ASC,
  "t2"."charge_kind" ASC,
  "t2"."stack" ASC,
  "t2"."line_item" ASC,
  "t2"."is_of_models" ASC,
  "t2"."is_spot" ASC,
  "t2"."is_instance" ASC,
  "t2"."is_covered" ASC,
  "t2"."quantity_unit" ASC;
