SELECT
  *
FROM (
  SELECT
    "t2"."dt",
    "t2"."source",
    "t2"."provider",
    "t2"."model",
    "t2"."endpoint",
    "t2"."feature",
    "t2"."environment",
    SUM("t2"."rows") AS "rows",
    SUM("t2"."calls") AS "all_calls",
    SUM("t2"."attempts") AS "all_attempts",
    SUM("t2"."cache_read_tokens") AS "all_cache_read_tokens",
    SUM("t2"."cost") AS "cost_usd",
    SUM("t2"."list_usd") AS "list_usd",
    SUM(IF("t2"."is_listed", "t2"."cost", NULL)) AS "listed_usd",
    SUM("t2"."calls" * IF("t2"."is_unpriced", 1, 0)) AS "unpriced_calls",
    SUM("t2"."rows" * IF("t2"."is_unpriced", 1, 0)) AS "unpriced_rows",
    SUM((
      "t2"."input_tokens" + "t2"."output_tokens"
    ) * IF("t2"."is_unpriced", 1, 0)) AS "unpriced_tokens",
    SUM("t2"."input_tokens") AS "all_input_tokens",
    SUM("t2"."output_tokens") AS "all_output_tokens",
    SUM("t2"."failed_calls") AS "failed_calls",
    SUM("t2"."calls" * IF("t2"."is_cache_hit", 1, 0)) AS "cache_hit_calls",
    SUM(IF("t2"."is_evaluation", "t2"."cost", NULL)) AS "evaluation_usd",
    MIN("t2"."first_second") AS "first_second",
    MAX("t2"."last_second") AS "last_second",
    SUM("t2"."calls" * (
      1 - IF("t2"."is_unpriced", 1, 0)
    )) AS "calls",
    SUM("t2"."attempts" * (
      1 - IF("t2"."is_unpriced", 1, 0)
    )) AS "attempts",
    SUM("t2"."uncached_input_tokens" * (
      1 - IF("t2"."is_unpriced", 1, 0)
    )) AS "uncached_input_tokens",
    SUM("t2"."cache_read_tokens" * (
      1 - IF("t2"."is_unpriced", 1, 0)
    )) AS "cache_read_tokens",
    SUM("t2"."write_tokens" * (
      1 - IF("t2"."is_unpriced", 1, 0)
    )) AS "write_tokens",
    SUM("t2"."output_tokens" * (
      1 - IF("t2"."is_unpriced", 1, 0)
    )) AS "output_tokens"
  FROM (
    SELECT
      "t1"."dt",
      "t1"."source",
      "t1"."provider",
      "t1"."model",
      "t1"."endpoint",
      "t1"."feature",
      "t1"."environment",
      "t1"."prompt_version",
      "t1"."kind",
      "t1"."hour",
      "t1"."is_spend",
      "t1"."is_unpriced",
      "t1"."is_listed",
      "t1"."is_cache_hit",
      "t1"."is_evaluation",
      "t1"."is_answered",
      "t1"."is_hourly",
      "t1"."is_short",
      COUNT(*) AS "rows",
      SUM("t1"."cost_list_usd") AS "list_usd",
      MIN("t1"."second") AS "first_second",
      MAX("t1"."ends") AS "last_second",
      SUM("t1"."calls") AS "calls",
      SUM("t1"."attempts") AS "attempts",
      SUM("t1"."extra") AS "extra",
      SUM("t1"."failed_calls") AS "failed_calls",
      SUM("t1"."cost") AS "cost",
      SUM("t1"."input_tokens") AS "input_tokens",
      SUM("t1"."output_tokens") AS "output_tokens",
      SUM("t1"."uncached_input_tokens") AS "uncached_input_tokens",
      SUM("t1"."cache_read_tokens") AS "cache_read_tokens",
      SUM("t1"."write_tokens") AS "write_tokens"
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
        CASE
          WHEN TRUE AND REGEXP_LIKE(COALESCE("t0"."model", ''), '^.*gpt.*$')
          THEN 'chat'
          WHEN TRUE AND REGEXP_LIKE(COALESCE("t0"."service", ''), '^Amazon.Bedrock$')
          THEN "t0"."feature"
          ELSE "t0"."feature"
        END AS "feature",
        CASE
          WHEN TRUE AND REGEXP_LIKE(COALESCE("t0"."model", ''), '^.*gpt.*$')
          THEN "t0"."endpoint"
          WHEN TRUE AND REGEXP_LIKE(COALESCE("t0"."service", ''), '^Amazon.Bedrock$')
          THEN "t0"."endpoint"
          ELSE "t0"."endpoint"
        END AS "endpoint",
        CASE
          WHEN TRUE AND REGEXP_LIKE(COALESCE("t0"."model", ''), '^.*gpt.*$')
          THEN "t0"."environment"
          WHEN TRUE AND REGEXP_LIKE(COALESCE("t0"."service", ''), '^Amazon.Bedrock$')
          THEN "t0"."environment"
          ELSE "t0"."environment"
        END AS "environment",
        CASE
          WHEN TRUE AND REGEXP_LIKE(COALESCE("t0"."model", ''), '^.*gpt.*$')
          THEN "t0"."team"
          WHEN TRUE AND REGEXP_LIKE(COALESCE("t0"."service", ''), '^Amazon.Bedrock$')
          THEN 'platform'
          ELSE "t0"."team"
        END AS "team",
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
        IF("t0"."model" = '', 'unassigned', "t0"."model") AS "model",
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
        END AS "cost",
        CAST(FLOOR(CAST(TO_UNIXTIME("t0"."started_at") AS DOUBLE)) AS BIGINT) AS "second",
        "t0"."uncached_input_tokens" + "t0"."cache_read_tokens" + "t0"."cache_write_5m_tokens" + "t0"."cache_write_30m_tokens" + "t0"."cache_write_1h_tokens" + "t0"."cache_write_12h_tokens" + "t0"."cache_write_unknown_tokens" AS "input_tokens",
        (
          (
            "t0"."uncached_input_tokens" + "t0"."cache_read_tokens" + "t0"."cache_write_5m_tokens" + "t0"."cache_write_30m_tokens" + "t0"."cache_write_1h_tokens" + "t0"."cache_write_12h_tokens" + "t0"."cache_write_unknown_tokens"
          ) - "t0"."uncached_input_tokens"
        ) - "t0"."cache_read_tokens" AS "write_tokens",
        (
          "t0"."kind" <> 'share'
        )
        AND (
          (
            "t0"."kind" <> 'bill'
          )
          OR (
            "t0"."charge_kind" IN ('usage', 'fee', 'discount')
            AND (
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
              )
            )
          )
        ) AS "is_spend",
        (
          CASE
            WHEN "t0"."status" = 'cache_hit'
            THEN CAST(CAST('0' AS DECIMAL) AS DECIMAL(24, 12))
            WHEN "t0"."kind" = 'bill'
            THEN COALESCE("t0"."cost_effective_usd", "t0"."cost_source_usd")
            ELSE COALESCE("t0"."cost_source_usd", "t0"."cost_list_usd")
          END IS NULL
        )
        AND (
          "t0"."price_status" <> 'not_applicable'
        ) AS "is_unpriced",
        CAST(CAST((
          CAST(FLOOR(CAST(TO_UNIXTIME("t0"."started_at") AS DOUBLE)) AS BIGINT) - (
            CAST(FLOOR(CAST(TO_UNIXTIME("t0"."started_at") AS DOUBLE)) AS BIGINT) % 3600
          )
        ) AS DOUBLE) / 3600 AS BIGINT) AS "hour",
        IF((
          "t0"."attempts" - "t0"."calls"
        ) > 0, "t0"."attempts" - "t0"."calls", 0) AS "extra",
        CAST(FLOOR(CAST(TO_UNIXTIME("t0"."started_at") AS DOUBLE)) AS BIGINT) + "t0"."bucket_s" AS "ends",
        "t0"."cost_list_usd" IS NOT NULL AS "is_listed",
        "t0"."status" = 'cache_hit' AS "is_cache_hit",
        (
          "t0"."calls" > 0
        ) AND "t0"."status" IN ('ok', 'mixed') AS "is_answered",
        (
          "t0"."bucket_s" <= 3600
        ) AND (
          "t0"."kind" <> 'bill'
        ) AS "is_hourly",
        (
          "t0"."bucket_s" <= 300
        ) AND (
          "t0"."kind" <> 'bill'
        ) AS "is_short"
      FROM "records" AS "t0"
      WHERE
        "t0"."dt" >= FROM_ISO8601_DATE('2026-11-01')
        AND "t0"."dt" <= FROM_ISO8601_DATE('2026-11-30')
        AND (
          FALSE
          OR (
            (
              "t0"."source" = 'litellm'
            ) AND (
              "t0"."provider" = 'openai'
            )
          )
          OR (
            (
              "t0"."source" = 'cur'
            ) AND (
              "t0"."provider" = 'aws'
            )
          )
          OR (
            (
              "t0"."source" = 'bedrock'
            ) AND (
              "t0"."provider" = 'aws'
            )
          )
          OR (
            (
              "t0"."source" = 'langfuse'
            ) AND (
              "t0"."provider" = 'openai'
            )
          )
        )
        AND (
          (
            "t0"."kind" <> 'share'
          )
          AND (
            (
              "t0"."kind" <> 'bill'
            )
            OR (
              "t0"."charge_kind" IN ('usage', 'fee', 'discount')
              AND (
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
                )
              )
            )
          )
        )
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
      12,
      13,
      14,
      15,
      16,
      17,
      18
  ) AS "t2"
  GROUP BY
    1,
    2,
    3,
    4,
    5,
    6,
    7
) AS "t3"
ORDER BY
  "t3"."dt" ASC,
  "t3"."source" ASC,
  "t3"."provider" ASC,
  "t3"."model" ASC,
  "t3"."endpoint" ASC,
  "t3"."feature" ASC,
  "t3"."environment" ASC;
