#!/bin/bash
# All tests in a real terminal, one after the other; ends with `N passed, N failed`. The first one keeps the store
# in which it saw `quick` learn, and the others go on from copies of it.
cd "$(dirname "$0")" || exit 1
if ! command -v tmux >/dev/null; then
    echo "tmux is not installed: skipped"
    exit 77
fi
kept=$(mktemp -d "${TMPDIR:-/tmp}/tty-kept.XXXXXX") || exit 1
trap 'rm -rf "$kept"' EXIT
passed=0 failed=0

run()
{
    if "$@"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
    fi
}

run env KEEP="$kept/lab.db" bash cases/learns.sh
[ ! -e "$kept/lab.db" ] || export STORE="$kept/lab.db"
for case in cases/*.sh; do
    [ "$case" = cases/learns.sh ] || run bash "$case"
done
echo "$passed passed, $failed failed"
[ $failed = 0 ]
