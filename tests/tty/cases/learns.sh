#!/bin/bash
# The first start: `quick` begins by itself; its loss falls, then its reward is drawn; what is committed stays.
. "$(dirname "$0")/../lib.sh"
start 100 30
wait_match "quick-base .* base .*RUNNING"
wait_match "base [0-9]+/[0-9]+"
wait_match "loss ─+ [1-9]\.[0-9]"
wait_match "loss ─+ 0\.[0-9]"
WAIT=240
wait_match " quick .*grpo .*RUNNING"
wait_step_past 3
wait_match "group [0-9]+/16 .*->"
wait_match "mean [0-9.]+ +std"
keys q
wait_for "quit? y/n"
keys n
wait_gone "quit? y/n"
keys Q
wait_for "quit? y/n"
keys y
wait_for "ready>"
[ -z "${KEEP:-}" ] || "$GRPOLAB" check --store "$work/lab.db" --quiet >/dev/null || fail "the store is not whole"
[ -z "${KEEP:-}" ] || cp "$work/lab.db" "$KEEP" || fail "no store to keep"
pass
