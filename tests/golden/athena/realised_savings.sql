SELECT
  *
FROM (
  SELECT
    "t1"."source",
    SUM("t1"."saved_compression_usd") AS "compression",
    SUM("t1"."saved_prompt_caching_usd") AS "prompt_caching",
    SUM("t1"."saved_gateway_caching_usd") AS "gateway_caching",
    SUM("t1"."saved_routing_usd") AS "routing"
  FROM (
    SELECT
      *
    FROM "records" AS "t0"
    WHERE
      "t0"."dt" >= FROM_ISO8601_DATE('2026-11-01')
      AND "t0"."dt" <= FROM_ISO8601_DATE('2026-11-30')
      AND "t0"."kind" <> 'share'
  ) AS "t1"
  GROUP BY
    1
) AS "t2"
ORDER BY
  "t2"."source" ASC;
