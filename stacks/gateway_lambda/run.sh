#!/bin/sh
# Started by the web adapter layer; /var/runtime holds the boto3 of the Lambda runtime.
export PYTHONPATH="${LAMBDA_TASK_ROOT:-.}:${PYTHONPATH:-}:${LAMBDA_RUNTIME_DIR:-}"
exec python3 -m gateway_lambda.server
