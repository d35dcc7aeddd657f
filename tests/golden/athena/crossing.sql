SELECT
  "t4"."number",
  "t4"."second",
  "t4"."sum_usd"
FROM (
  SELECT
    "t3"."record_key",
    "t3"."parent_key",
    "t3"."source_line",
    "t3"."source_item",
    "t3"."revised_at",
    "t3"."kind",
    "t3"."view",
    "t3"."started_at",
    "t3"."bucket_s",
    "t3"."calls",
    "t3"."attempts",
    "t3"."failed_calls",
    "t3"."status",
    "t3"."provider",
    "t3"."model_raw",
    "t3"."region",
    "t3"."service_tier",
    "t3"."is_batch",
    "t3"."feature",
    "t3"."endpoint",
    "t3"."environment",
    "t3"."team",
    "t3"."prompt_version",
    "t3"."is_evaluation",
    "t3"."uncached_input_tokens",
    "t3"."cache_read_tokens",
    "t3"."cache_write_5m_tokens",
    "t3"."cache_write_30m_tokens",
    "t3"."cache_write_1h_tokens",
    "t3"."cache_write_12h_tokens",
    "t3"."cache_write_unknown_tokens",
    "t3"."output_tokens",
    "t3"."reasoning_tokens",
    "t3"."audio_input_tokens",
    "t3"."audio_output_tokens",
    "t3"."image_input_tokens",
    "t3"."image_output_tokens",
    "t3"."tool_calls",
    "t3"."latency_ms",
    "t3"."ttft_ms",
    "t3"."cost_source_usd",
    "t3"."cost_effective_usd",
    "t3"."cost_basis",
    "t3"."charge_kind",
    "t3"."billing_account",
    "t3"."billing_period",
    "t3"."line_item",
    "t3"."service",
    "t3"."resource_id",
    "t3"."quantity",
    "t3"."quantity_unit",
    "t3"."stack",
    "t3"."plan_hash",
    "t3"."saved_compression_usd",
    "t3"."saved_prompt_caching_usd",
    "t3"."saved_gateway_caching_usd",
    "t3"."saved_routing_usd",
    "t3"."notes",
    "t3"."model",
    "t3"."cost_list_usd",
    "t3"."price_status",
    "t3"."price_ref",
    "t3"."source_file",
    "t3"."file_sha256",
    "t3"."exported_at",
    "t3"."ingested_at",
    "t3"."schema_version",
    "t3"."source",
    "t3"."dt",
    "t3"."cost",
    "t3"."second",
    "t3"."input_tokens",
    "t3"."write_tokens",
    "t3"."is_spend",
    "t3"."is_unpriced",
    "t3"."number",
    "t3"."known",
    SUM("t3"."known") OVER (
      ORDER BY "t3"."started_at" ASC, "t3"."source" ASC, "t3"."source_file" ASC, "t3"."source_item" ASC, "t3"."record_key" ASC
      ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    ) AS "sum_usd"
  FROM (
    SELECT
      "t2"."record_key",
      "t2"."parent_key",
      "t2"."source_line",
      "t2"."source_item",
      "t2"."revised_at",
      "t2"."kind",
      "t2"."view",
      "t2"."started_at",
      "t2"."bucket_s",
      "t2"."calls",
      "t2"."attempts",
      "t2"."failed_calls",
      "t2"."status",
      "t2"."provider",
      "t2"."model_raw",
      "t2"."region",
      "t2"."service_tier",
      "t2"."is_batch",
      "t2"."feature",
      "t2"."endpoint",
      "t2"."environment",
      "t2"."team",
      "t2"."prompt_version",
      "t2"."is_evaluation",
      "t2"."uncached_input_tokens",
      "t2"."cache_read_tokens",
      "t2"."cache_write_5m_tokens",
      "t2"."cache_write_30m_tokens",
      "t2"."cache_write_1h_tokens",
      "t2"."cache_write_12h_tokens",
      "t2"."cache_write_unknown_tokens",
      "t2"."output_tokens",
      "t2"."reasoning_tokens",
      "t2"."audio_input_tokens",
      "t2"."audio_output_tokens",
      "t2"."image_input_tokens",
      "t2"."image_output_tokens",
      "t2"."tool_calls",
      "t2"."latency_ms",
      "t2"."ttft_ms",
      "t2"."cost_source_usd",
      "t2"."cost_effective_usd",
      "t2"."cost_basis",
      "t2"."charge_kind",
      "t2"."billing_account",
      "t2"."billing_period",
      "t2"."line_item",
      "t2"."service",
      "t2"."resource_id",
      "t2"."quantity",
      "t2"."quantity_unit",
      "t2"."stack",
      "t2"."plan_hash",
      "t2"."saved_compression_usd",
      "t2"."saved_prompt_caching_usd",
      "t2"."saved_gateway_caching_usd",
      "t2"."saved_routing_usd",
      "t2"."notes",
      "t2"."model",
      "t2"."cost_list_usd",
      "t2"."price_status",
      "t2"."price_ref",
      "t2"."source_file",
      "t2"."file_sha256",
      "t2"."exported_at",
      "t2"."ingested_at",
      "t2"."schema_version",
      "t2"."source",
      "t2"."dt",
      "t2"."cost",
      "t2"."second",
      "t2"."input_tokens",
      "t2"."write_tokens",
      "t2"."is_spend",
      "t2"."is_unpriced",
      "t2"."number",
      COALESCE("t2"."cost", CAST(CAST('0' AS DECIMAL) AS DECIMAL(24, 12))) AS "known"
    FROM (
      SELECT
        "t1"."record_key",
        "t1"."parent_key",
        "t1"."source_line",
        "t1"."source_item",
        "t1"."revised_at",
        "t1"."kind",
        "t1"."view",
        "t1"."started_at",
        "t1"."bucket_s",
        "t1"."calls",
        "t1"."attempts",
        "t1"."failed_calls",
        "t1"."status",
        "t1"."provider",
        "t1"."model_raw",
        "t1"."region",
        "t1"."service_tier",
        "t1"."is_batch",
        "t1"."feature",
        "t1"."endpoint",
        "t1"."environment",
        "t1"."team",
        "t1"."prompt_version",
        "t1"."is_evaluation",
        "t1"."uncached_input_tokens",
        "t1"."cache_read_tokens",
        "t1"."cache_write_5m_tokens",
        "t1"."cache_write_30m_tokens",
        "t1"."cache_write_1h_tokens",
        "t1"."cache_write_12h_tokens",
        "t1"."cache_write_unknown_tokens",
        "t1"."output_tokens",
        "t1"."reasoning_tokens",
        "t1"."audio_input_tokens",
        "t1"."audio_output_tokens",
        "t1"."image_input_tokens",
        "t1"."image_output_tokens",
        "t1"."tool_calls",
        "t1"."latency_ms",
        "t1"."ttft_ms",
        "t1"."cost_source_usd",
        "t1"."cost_effective_usd",
        "t1"."cost_basis",
        "t1"."charge_kind",
        "t1"."billing_account",
        "t1"."billing_period",
        "t1"."line_item",
        "t1"."service",
        "t1"."resource_id",
        "t1"."quantity",
        "t1"."quantity_unit",
        "t1"."stack",
        "t1"."plan_hash",
        "t1"."saved_compression_usd",
        "t1"."saved_prompt_caching_usd",
        "t1"."saved_gateway_caching_usd",
        "t1"."saved_routing_usd",
        "t1"."notes",
        "t1"."model",
        "t1"."cost_list_usd",
        "t1"."price_status",
        "t1"."price_ref",
        "t1"."source_file",
        "t1"."file_sha256",
        "t1"."exported_at",
        "t1"."ingested_at",
        "t1"."schema_version",
        "t1"."source",
        "t1"."dt",
        "t1"."cost",
        "t1"."second",
        "t1"."input_tokens",
        "t1"."write_tokens",
        "t1"."is_spend",
        "t1"."is_unpriced",
        (
          ROW_NUMBER() OVER (
            ORDER BY "t1"."started_at" ASC, "t1"."source" ASC, "t1"."source_file" ASC, "t1"."source_item" ASC, "t1"."record_key" ASC
          ) - 1
        ) + 1 AS "number"
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
          AND "t0"."dt" = FROM_ISO8601_DATE('2026-11-20')
      ) AS "t1"
    ) AS "t2"
  ) AS "t3"
) AS "t4"
WHERE
  "t4"."sum_usd" > CAST('0.0001' AS DECIMAL)
ORDER BY
  "t4"."number" ASC
LIMIT 1;
