#!/usr/bin/env bash
# One comparison of the action: outputs and step summary first, then the exit code of the diff.
# Everything that comes from a workflow arrives in the environment, never in the text of a script.
set -euo pipefail

# A comment of a run that began earlier never overwrites one of a later run.
printf 'started=%s\n' "$(date -u +%Y-%m-%dT%H:%M:%SZ)" >>"$GITHUB_OUTPUT"

mkdir -p "$FOLDER"
options=(
  --output "json=$FOLDER/diff.json"
  --output "sarif=$FOLDER/diff.sarif"
  --output "junit=$FOLDER/diff.junit.xml"
  --output "summary=$FOLDER/summary.md"
)
if [ -n "$INPUT_PREVIEW" ]; then
  options+=(--pulumi "$INPUT_PREVIEW")
  if [ -n "$INPUT_PLAN" ]; then options+=(--plan "$INPUT_PLAN"); fi
else
  # Several paths stand on lines of their own.
  while IFS= read -r path; do
    if [ -n "$path" ]; then options+=("$path"); fi
  done <<<"$INPUT_PATHS"
fi
if [ -n "$INPUT_BASE" ]; then options+=(--base "$INPUT_BASE"); fi
if [ -n "$INPUT_POLICY" ]; then options+=(--policy "$INPUT_POLICY"); fi
if [ -n "$INPUT_PRICES" ]; then options+=(--prices "$INPUT_PRICES"); fi
if [ "$INPUT_ALLOW_UNPRICED" = true ]; then options+=(--allow-unpriced); fi

code=0
"$PLANNER_BIN" diff "${options[@]}" || code=$?

# A file's own text could end a block of known name.
delimiter="$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')"
for output in json=diff.json sarif=diff.sarif junit=diff.junit.xml; do
  file="$FOLDER/${output#*=}"
  if [ -f "$file" ]; then
    printf '%s<<%s\n%s\n%s\n' "${output%%=*}" "$delimiter" "$file" "$delimiter" >>"$GITHUB_OUTPUT"
  fi
done
printf 'exit-code=%s\n' "$code" >>"$GITHUB_OUTPUT"
if [ -f "$FOLDER/summary.md" ]; then cat "$FOLDER/summary.md" >>"$GITHUB_STEP_SUMMARY"; fi
exit "$code"
