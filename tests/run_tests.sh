#!/bin/bash
# Runs tests one after the other, and ends with one line: N passed, N failed.
#
# Usage: tests/run_tests.sh [criterion PROGRAM... | plain PROGRAM...]...
#   criterion   programs of Criterion tests; each test counts
#   plain       programs and scripts; each counts as one test by its exit status, 77 is skipped, or as many as
#               its own last line says, N passed, N failed
#
# The tests find the same surroundings everywhere: an environment of their own, an empty home and temporary folder
# that are removed at the end, no terminal and no input. GRPOLAB names the program, GRPOLAB_RENEW renews the
# golden screens. WRAP is put before plain programs, FILTER chooses Criterion tests. A sanitizer's report fails its
# part, whatever the exit status.
set -u
cd "$(dirname "$0")/.." || exit 1

# Short, for a socket's path has room for 107 bytes; open to a test that drops to an unprivileged user.
tmp=$(mktemp -d /tmp/grpolab-test.XXXXXX) || exit 1
trap 'rm -rf "$tmp"' EXIT
trap 'exit 1' HUP INT TERM
chmod 711 "$tmp"
mkdir "$tmp/home" "$tmp/tmp" "$tmp/run" "$tmp/reports"
chmod 1777 "$tmp/tmp" "$tmp/reports"
chmod 700 "$tmp/run"

# A test that hangs shall not hang its runner for ever; nothing passes or fails by being fast.
HANG=1200
report="log_path=$tmp/reports/report"
surroundings=(
    PATH="$PATH" LC_ALL=C.UTF-8 TZ=UTC TERM=xterm-256color SHELL=/bin/bash
    HOME="$tmp/home" TMPDIR="$tmp/tmp" TMUX_TMPDIR="$tmp/tmp" GRPOLAB="$PWD/grpolab"
    XDG_DATA_HOME="$tmp/home/data" XDG_CONFIG_HOME="$tmp/home/config" XDG_CACHE_HOME="$tmp/home/cache"
    XDG_STATE_HOME="$tmp/home/state" XDG_RUNTIME_DIR="$tmp/run"
    ASAN_OPTIONS="$report:detect_leaks=1" UBSAN_OPTIONS="$report:print_stacktrace=1" TSAN_OPTIONS="$report"
)
[ -z "${GRPOLAB_RENEW:-}" ] || surroundings+=(GRPOLAB_RENEW="$GRPOLAB_RENEW")

passed=0 failed=0 skipped=0

run()
{
    env -i "${surroundings[@]}" timeout --foreground -k 10 "$HANG" "$@" </dev/null
}

# Whether the sanitizers wrote nothing; what they wrote is shown once.
clean()
{
    set -- "$tmp"/reports/report*
    [ -e "$1" ] || return 0
    head -n 60 "$@"
    rm -f "$@"
    return 1
}

count_of()
{
    sed -n "s/^  \"$1\": \([0-9]*\),\{0,1\}\$/\1/p" "$tmp/result.json" 2>/dev/null
}

run_criterion()
{
    local status good bad off
    rm -f "$tmp/result.json"
    run "$1" --jobs 2 --color=never ${FILTER:+--filter "$FILTER"} --json="$tmp/result.json" 2>&1
    status=$?
    good=$(count_of passed) bad=$(count_of failed) off=$(count_of skipped)
    if [ -z "$good" ] || [ -z "$bad" ]; then
        echo "$1: ended with status $status and told nothing"
        good=0 bad=1
    elif [ "$bad" = 0 ] && [ $status -ne 0 ]; then
        echo "$1: ended with status $status"
        bad=1
    elif [ $((good + bad)) = 0 ]; then
        echo "$1: no test ran"
        bad=1
    fi
    passed=$((passed + good)) failed=$((failed + bad)) skipped=$((skipped + ${off:-0}))
}

run_plain()
{
    local status good=0 bad=0 output=$tmp/output
    run ${WRAP:-} "$1" >"$output" 2>&1
    status=$?
    if [[ $(tail -n 1 "$output") =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed$ ]]; then
        good=${BASH_REMATCH[1]} bad=${BASH_REMATCH[2]}
    fi
    if [ $status = 77 ]; then
        skipped=$((skipped + 1))
        echo "$1: skipped"
    elif [ $status = 0 ] && [ $((good + bad)) = 0 ]; then
        good=1
    elif [ $status != 0 ] && [ "$bad" = 0 ]; then
        bad=1
        echo "$1: ended with status $status"
    fi
    [ $status = 0 ] && [ "$bad" = 0 ] || sed 's/^/    /' "$output"
    passed=$((passed + good)) failed=$((failed + bad))
}

how=plain
for part in "$@"; do
    case $part in
    criterion|plain)
        how=$part
        continue ;;
    esac
    before=$failed
    echo "== $part"
    run_$how "$part"
    if ! clean; then
        echo "$part: the sanitizer found faults"
        [ "$failed" != "$before" ] || failed=$((failed + 1))
    fi
done
[ $skipped = 0 ] || echo "$skipped skipped"
echo "$passed passed, $failed failed"
[ $failed = 0 ] && [ $passed -gt 0 ]
