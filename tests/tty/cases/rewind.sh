#!/bin/bash
# The view goes to an earlier step, the run is rewound, and going on replays what is on record.
. "$(dirname "$0")/../lib.sh"
start_new 120 36
wait_rl 8
keys Space
wait_for "PAUSED"
command_line "goto 3"
wait_for "FROM THE STORE"
wait_match "step 3 "
wait_match "step 3, from the store"
keys '<'
wait_match "step 2, from the store"
keys l
wait_gone "FROM THE STORE"
command_line "goto 99999"
wait_match "has steps 0 to [0-9]+, not 99999"
command_line "rewind 2"
wait_match "rewound to step 2"
keys Space
wait_match "replayed to step [0-9]+: every digest equal"
pass
