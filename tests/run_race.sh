#!/bin/bash
# Runs programs that were built for ThreadSanitizer, without address randomisation, which it does not bear.
# Usage: tests/run_race.sh PROGRAM...
set -u
cd "$(dirname "$0")/.." || exit 1
if [ $# = 0 ]; then
    echo "tsan: no programs in tests/race"
    exit 1
fi
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
echo 'int main(void) { return 0; }' > "$tmp/empty.c"
gcc -fsanitize=thread -o "$tmp/empty" "$tmp/empty.c" || exit 1
if ! why=$(setarch -R "$tmp/empty" 2>&1); then
    echo "tsan: skipped, for an empty program does not run under ThreadSanitizer here: ${why:0:200}"
    exit 0
fi
WRAP="setarch -R" tests/run_tests.sh plain "$@"
