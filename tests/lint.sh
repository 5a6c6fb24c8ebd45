#!/bin/bash
# Reads the code: form, then cppcheck, then clang-tidy where it is installed. CFLAGS are the compiler's.
# A fault is one line that names its place; any fault fails.
set -u
cd "$(dirname "$0")/.." || exit 1
export LC_ALL=C.UTF-8
status=0

code=$(find engine scenarios views app tests -name '*.[ch]' | sort)
program=$(printf '%s\n' "$code" | grep -v '^tests/' | grep '\.c$')
text="$code $(find tests .ci -name '*.sh' -o -name '*.py' -o -name run -type f) Makefile $(find . -maxdepth 1 -name '*.md')"

# forbid WHAT PATTERN FILE...: no line of the files matches.
forbid()
{
    local what=$1 pattern=$2
    shift 2
    if grep -nHE "$pattern" "$@" | sed "s/\$/    <- $what/"; then
        [ "${PIPESTATUS[0]}" != 0 ] || status=1
    fi
}

forbid "white space at the end" '[[:blank:]]+$' $text
forbid "a tab" $'\t' $code
forbid "longer than 120 columns" '^.{121,}' $code
forbid "a typedef of a struct" '^typedef (struct|union|enum)[^(]*$' $code
forbid "a section banner" '^ */[*/] ?[-=*#]{4,}' $code
forbid "a note to self" '\b(TODO|FIXME|XXX|HACK)\b' $code
for file in $code; do
    lines=$(wc -l < "$file")
    if [ "$lines" -gt 900 ]; then
        echo "$file: $lines lines; a file of more than 900 is split"
        status=1
    fi
done
for header in $(printf '%s\n' "$code" | grep '\.h$'); do
    grep -q '[;{}]' "$header" && continue
    grep -q '^#define' "$header" && continue
    echo "$header: declares nothing: no umbrella headers"
    status=1
done

# Left out where the tool does not know what the code does: the assembler makes one array of two symbols, and
# the limits that were checked at the door bound the index and fill the array.
echo "cppcheck"
cppcheck --quiet --std=c11 --enable=warning,performance,portability --error-exitcode=1 -j "$(nproc)" \
    --suppress=missingIncludeSystem --suppress=arrayIndexThenCheck --suppress=comparePointers:scenarios/presets.c \
    --suppress=comparePointers:scenarios/lessons.c --suppress=comparePointers:scenarios/recipes.c \
    --suppress=negativeIndex:engine/nn/moe.c --suppress=uninitvar:scenarios/countdown_solve.c \
    -I. -D_GNU_SOURCE -D__x86_64__ $program || status=1

# Without the checks of style, and those of the analyzer that ask for an invariant to be told again in each function.
if command -v clang-tidy >/dev/null; then
    echo "clang-tidy"
    checks='-*,bugprone-*,clang-analyzer-core.*,clang-analyzer-unix.*,clang-analyzer-deadcode.*,misc-redundant-expression'
    for off in bugprone-{easily-swappable-parameters,reserved-identifier,narrowing-conversions,branch-clone} \
        bugprone-{implicit-widening-of-multiplication-result,assignment-in-if-condition,macro-parentheses} \
        bugprone-{suspicious-include,suspicious-string-compare,signed-char-misuse,sizeof-expression} \
        clang-analyzer-core.{NullDereference,NonNullParamChecker,UndefinedBinaryOperatorResult,uninitialized.'*'}; do
        checks+=",-$off"
    done
    recorded='-DGRPOLAB_VERSION="" -DGRPOLAB_ENGINE_ID="" -DGRPOLAB_FLAGS=""'
    printf '%s\n' $program | xargs -P "$(nproc)" -I FILE \
        clang-tidy --quiet --checks="$checks" --warnings-as-errors='*' FILE \
        -- ${CFLAGS:-} $recorded 2>/dev/null || status=1
else
    echo "clang-tidy is not installed: skipped"
fi
[ $status = 0 ] && echo "lint: nothing found"
exit $status
