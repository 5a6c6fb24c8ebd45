#!/bin/bash
# --script without a terminal: what it prints, where it ends, what it says of a wrong line.
. tests/cli/lib.sh

# script STATUS: the script on stdin ends with that.
script()
{
    local want=$1
    shift
    cat > the.script
    exits "$want" --script the.script "$@"
}

has()
{
    grep -qF -e "$1" out
}

check 'a run is driven' script 0 <<'S'
# from nothing to a fork
new ./tiny.ini seed=1
wait stage grpo and state done timeout 120
wait idle
remember mine
fork 2 rl.beta=0.5
to 4
expect setting rl.beta == 0.5 and step == 4
say {run} of {run mine}
key 6
expect text "tiny-2"
screen
S
check 'it says' has 'tiny-2 of tiny'
check 'it shows' test "$(sed -n '$=' out)" -ge 40
run digest tiny@2
want=$(cat out)
run digest tiny-2@2
check 'a fork driven by a script is the fork' test -n "$want" -a "$want" = "$(cat out)"

check 'an expert is knocked out' script 0 <<'S'
open tiny
wait state done
key 4
knock-out 1 2
wait text "without expert 1:2"
S

check 'the last screen' script 0 --snapshot 60x12 <<'S'
open tiny
wait state done
S
check 'it has the size' test "$(sed -n '$=' out)" = 12
check 'and the run' has 'tiny'

check 'what does not hold' script 3 <<'S'
open tiny
expect step > 100
S
check 'it is named' grep -qF "the.script:2: 'step > 100' does not hold" msg
check 'what never will hold' script 3 <<'S'
open tiny
wait step > 100 timeout 1000
S
check 'it says why' grep -qF 'all stands still' msg
check 'a wrong line' script 2 <<'S'
open tiny
wait rewrd > 1
S
check 'file, line, and what would be right' grep -qF 'the.script:2: there is no metric or event' msg
check 'nothing begins when a line is wrong' script 2 <<'S'
say begun
frok
S
check 'it did not' test ! -s out
check 'a command that fails' script 2 <<'S'
open nosuch
S
check 'no such file' says 'cannot read nosuch' 2 --script nosuch
check 'a target' prints 'tiny-2' open tiny-2 --script <(echo 'say {run}')
check 'quit ends it' script 0 <<'S'
quit
expect step > 100
S

check 'lessons are listed' prints 'clip-kl' lesson
check 'six of them' test "$(sed -n '$=' out)" = 6
check 'no such lesson' says 'did you mean `aha`' 2 lesson ahaa
check 'a lesson needs a terminal' says '--auto' 2 lesson aha
check 'the manual has the grammar' prints 'expect CONDITION' --man
check 'and the config file' has 'smoothing'
finish
