#!/bin/bash
# Runs the tests of the command line, all files of this folder or those named, from the tree's root with a built ./grpolab
# (or the program that GRPOLAB names). One line a test: `ok NAME` or `not ok NAME`; the last line counts them.
set -u
cd "$(dirname "$0")/../.." || exit 1
passed=0 failed=0
[ $# -gt 0 ] || set -- usage calc score train script recipe objectives bench lessons exchange speculate compute attention
for part in "$@"; do
    echo "# $part"
    output=$(bash "tests/cli/$part.sh" 2>&1)
    printf '%s\n' "$output" | sed '$d'
    counts=$(printf '%s\n' "$output" | tail -n 1)
    if [[ $counts =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed$ ]]; then
        passed=$((passed + BASH_REMATCH[1])) failed=$((failed + BASH_REMATCH[2]))
    else
        echo "not ok $part: ended early: $counts"
        failed=$((failed + 1))
    fi
done
echo "$passed passed, $failed failed"
[ $failed = 0 ] && [ $passed -gt 0 ]
