#!/bin/bash
# What accuracy costs in tokens: the table, the JSON, the chart; the same whatever the threads.
. tests/cli/lib.sh

run train ./tiny.ini --quiet
check 'a run to sample' test "$status" = 0
run compute tiny --k 6 --problems 9 --json
check 'compute --json' json_has run step problems k forced_samples word curves name temperature top_p points tokens accuracy error gain gain_error words cut_off n
check 'of what was asked' test "$(number step) $(number problems) $(number k)" = '6 9 6'
check 'five curves at two temperatures' test "$(grep -o '"name":' out | wc -l) $(grep -o '"temperature":0.6,"top_p":0.95' out | wc -l)" = '10 5'
check 'k 1, 2, 4, 6' test "$(grep -o '"k":[0-9]*,"tokens"' out | head -n 4 | tr -d '\n')" = '"k":1,"tokens""k":2,"tokens""k":4,"tokens""k":6,"tokens"'
check 'none to four words' test "$(grep -o '"n":[0-9]*,"tokens"' out | head -n 5 | cut -d, -f1 | tr -d '\n')" = '"n":0"n":1"n":2"n":3"n":4'
cp out first
run compute tiny --k 6 --problems 9 --json --threads 1
check 'compute is deterministic' cmp -s out first
check 'an earlier step' exits 0 compute tiny@2 --k 2 --problems 3 --json
check 'it is that step' test "$(number step)" = 2
check 'as a table' prints 'likeliest of k' compute tiny --k 2 --problems 3
check 'progress goes to stderr' grep -q '3 of 3 problems' msg
check 'quiet' exits 0 compute tiny --k 2 --problems 3 --quiet
check 'then nothing is said' test ! -s msg
check 'a base run, too' exits 0 compute tiny-base --k 2 --problems 3
check 'as a picture' exits 0 compute tiny --k 4 --problems 5 -o c.png
check 'which is a PNG' test "$(head -c 4 c.png | tail -c 3)" = PNG
check 'where to is wrong' exits 1 compute tiny --k 2 --problems 3 -o nosuch/c.png
check 'too many samples' says '64' 2 compute tiny --k 65
check 'no run' exits 2 compute nosuch

finish
