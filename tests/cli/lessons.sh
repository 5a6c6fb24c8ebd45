#!/bin/bash
# Each lesson answers its own questions, from its first page to its last.
. tests/cli/lib.sh

whole()
{
    exits 0 lesson "$1" --auto || return 1
    local last
    last=$(grep -o '^[0-9]*/[0-9]* ' out | tail -n 1)
    [ -n "$last" ] && [ "${last%%/*}" = "$(echo "${last##*/}" | tr -d ' ')" ] && ! grep -q '[{}]' out
}

for name in $("$GRPOLAB" lesson | cut -d' ' -f1); do
    check "lesson $name" whole "$name"
done
check 'with its screens' exits 0 lesson advantage --auto --snapshot 40x10
check 'they have the strip' grep -qF -e '─ 2/' out
finish
