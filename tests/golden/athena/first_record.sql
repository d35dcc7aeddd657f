SELECT
  *
FROM (
  SELECT
    "t1"."dt",
    MIN("t1"."second") AS "second"
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
      ) AS "is_unpriced"
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
      AND CASE
        WHEN TRUE AND REGEXP_LIKE(COALESCE("t0"."model", ''), '^.*gpt.*$')
        THEN 'chat'
        WHEN TRUE AND REGEXP_LIKE(COALESCE("t0"."service", ''), '^Amazon.Bedrock$')
        THEN "t0"."feature"
        ELSE "t0"."feature"
      END = 'chat'
  ) AS "t1"
  GROUP BY
    1
) AS "t2"
ORDER BY
  "t2"."dt" ASC;
