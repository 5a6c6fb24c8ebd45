#!/bin/bash
# score: each task's verifier by its name, on the contract's problems.
. tests/cli/lib.sh

# scores TASK PROBLEM COMPLETION ANSWER: one line is scored as the answer says.
scores()
{
    printf '{"problem":%s,"completion":"%s"}\n' "$2" "$3" | "$GRPOLAB" score "$1" >out 2>msg &&
        test "$(cat out)" = "$4"
}

# refuses TASK PROBLEM TEXT: exit status 2, and the message has the text.
refuses()
{
    printf '{"problem":%s,"completion":""}\n' "$2" | "$GRPOLAB" score "$1" >out 2>msg
    test $? = 2 && grep -qF -e "$3" msg
}

right='{"reward":1.1,"accuracy":1,"format":1,"why":"","at":-1}'
check 'multiply' scores multiply '{"a":47,"b":36}' '4 0 * 3 0 </think> <answer> 1 6 9 2 </answer>' "$right"
check 'multiply, no blanks' scores multiply '{"b":36,"a":47}' '</think><answer>1692</answer>' "$right"
check 'multiply, wrong' scores multiply '{"a":47,"b":36}' '</think> <answer> 1682 </answer>' \
    '{"reward":0.1,"accuracy":0,"format":1,"why":"gives 1682, wanted 1692","at":18}'
check 'multiply, cut off' scores multiply '{"a":47,"b":36}' '4 0 * 3 0' \
    '{"reward":0,"accuracy":0,"format":0,"why":"cut off: no </think>","at":9}'
check 'multiply, a missing factor' refuses multiply '{"a":47}' '"b" is missing'
check 'quadratic' scores quadratic '{"b":-5,"c":6}' '</think> <answer> \\boxed{ 3 , 2 } </answer>' "$right"
check 'quadratic, one root' scores quadratic '{"b":-4,"c":4}' '</think><answer>\\boxed{2}</answer>' "$right"
check 'quadratic, a missing root' scores quadratic '{"b":-5,"c":6}' '</think> <answer> \\boxed{3} </answer>' \
    '{"reward":0.1,"accuracy":0,"format":1,"why":"the root 2 is missing","at":26}'
check 'quadratic, no box' scores quadratic '{"b":-5,"c":6}' '</think> <answer> 2 , 3 </answer>' \
    '{"reward":0.1,"accuracy":0,"format":1,"why":"no \\boxed{ } in the answer","at":18}'
check 'quadratic, no roots' refuses quadratic '{"b":0,"c":1}' 'no integer roots'
check 'tiny' scores tiny '{"first":1,"sum":7}' 'b d d a </answer>' "$right"
check 'tiny, wrong' scores tiny '{"first":1,"sum":7}' 'b d d b' \
    '{"reward":0.1,"accuracy":0,"format":1,"why":"the sum is 8, wanted 7","at":6}'
check 'tiny, no such problem' refuses tiny '{"first":1,"sum":0}' 'it is 1..10'
check 'tasks are listed' prints multiply scenarios
finish
