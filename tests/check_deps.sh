#!/bin/bash
# The rules of who may see whom and of what the engine may do, checked on the sources and on the engine's objects.
#
# Usage: tests/check_deps.sh [ROOT [OBJECTS]]. A fault is one line FILE:LINE: what is wrong; any fault fails.
# tests/check_deps_test.sh plants faults and sees that each is found.
set -u
cd "${1:-$(dirname "$0")/..}" || exit 1
objects=${2:-build}

# What a room sees: folders and single headers. Tests see everything.
rules='
room engine/base  engine/base/
room engine/nn    engine/base/ engine/nn/
room engine/rl    engine/base/ engine/nn/ engine/rl/
room engine/run   engine/base/ engine/nn/ engine/rl/ engine/run/
room engine/store engine/base/ engine/store/ engine/run/record.h engine/run/sink.h
room scenarios    engine/base/ engine/rl/scenario.h scenarios/
room scenarios/examples engine/base/ engine/rl/scenario.h scenarios/
room views        engine/base/ engine/run/snapshot.h engine/run/record.h engine/run/facts.h engine/store/query.h views/
room app/base     engine/ scenarios/ views/ app/base/
room app/session  engine/ scenarios/ views/ app/base/ app/session/
room app/desk     engine/ scenarios/ views/ app/base/ app/session/ app/desk/ app/command/ app/script/ app/term.h app/theme.h
room app/command  engine/ scenarios/ views/ app/
room app/script   engine/ scenarios/ views/ app/
room app/cli      engine/ scenarios/ views/ app/
room app/bench    engine/ scenarios/ views/ app/
room app          engine/ scenarios/ views/ app/
room tests        engine/ scenarios/ views/ app/ tests/
inside engine/store/store_db.h  engine/store/ tests/
foreign ncurses  app/term.c              curses.h ncurses.h term.h panel.h
foreign readline app/prompt.c            readline/
foreign libpng   views/png.c             png.h zlib.h
foreign BLAS     engine/nn/blas.c        cblas.h openblas_config.h lapacke.h
foreign SQLite   engine/store/           sqlite3.h
foreign Philox   engine/base/rng.c       Random123/
foreign inih     engine/run/settings_text.c,engine/run/recipe.c,app/config.c ini.h
foreign jansson  app/                    jansson.h
foreign Criterion tests/                 criterion/
libc assert.h ctype.h dirent.h errno.h fcntl.h fenv.h float.h getopt.h immintrin.h inttypes.h langinfo.h limits.h
libc linux/ locale.h math.h poll.h pthread.h pwd.h sanitizer/ sched.h setjmp.h signal.h spawn.h stdarg.h stdatomic.h
libc stdbool.h stddef.h stdint.h stdio.h stdlib.h string.h strings.h sys/ termios.h time.h unistd.h wchar.h wctype.h
never prints                  printf vprintf puts putchar putc perror psignal stdout stderr stdin
never exits                   exit _exit _Exit quick_exit abort atexit on_exit
never handles-signals         signal sigaction raise kill killpg alarm setitimer
never asks-the-environment    getenv secure_getenv setenv putenv unsetenv setlocale
never draws-hidden-randomness rand srand rand_r random srandom drand48 lrand48 srand48 arc4random getrandom getentropy
never sleeps                  sleep usleep nanosleep clock_nanosleep
never starts-processes        system popen fork vfork execv execvp execve execl execlp posix_spawn
never keeps-hidden-state      strtok localtime gmtime ctime asctime tmpnam tempnam mktemp
clock engine/run/  clock_gettime gettimeofday time clock times timespec_get
'

files=$(find engine scenarios views app tests -name '*.[ch]' 2>/dev/null | LC_ALL=C sort)
if [ -z "$files" ]; then
    echo "check_deps: no sources in $PWD"
    exit 1
fi

# Comments and the insides of strings are blanked first; only the name in an include line is kept.
faults=$(awk -v rules="$rules" '
function begins(path, list,    n, w, i)
{
    n = split(list, w, /[ ,]+/)
    for (i = 1; i <= n; i++)
        if (w[i] != "" && (path == w[i] || (w[i] ~ /\/$/ && index(path, w[i]) == 1)))
            return 1
    return 0
}

function fault(text)
{
    print FILENAME ":" FNR ": " text
}

function blank(line,    out, c, two)
{
    out = ""
    while (line != "") {
        c = substr(line, 1, 1)
        two = substr(line, 1, 2)
        if (in_comment) {
            if (two == "*/") {
                in_comment = 0
                line = substr(line, 3)
            } else
                line = substr(line, 2)
        } else if (two == "/*") {
            in_comment = 1
            line = substr(line, 3)
        } else if (two == "//")
            return out
        else if (c == "\"" || c == "\047") {
            line = substr(line, 2)
            while (line != "" && substr(line, 1, 1) != c)
                line = substr(line, substr(line, 1, 1) == "\\" ? 3 : 2)
            line = substr(line, 2)
            out = out c c
        } else {
            out = out c
            line = substr(line, 2)
        }
    }
    return out
}

function include_ours(name,    r)
{
    for (r in sees)
        if (begins(name, r "/")) {
            if (room in sees && !begins(name, sees[room]))
                fault(room " does not see " name)
            if (name in within && !begins(FILENAME, within[name]))
                fault(name " is for " within[name] " only")
            return
        }
    fault("\"" name "\" is not a path from the root of the tree")
}

function include_foreign(name,    k)
{
    if (begins(name, libc))
        return
    for (k = 1; k <= foreign_n; k++)
        if (begins(name, header[k])) {
            if (room != "tests" && !begins(FILENAME, place[k]))
                fault(library[k] " (" name ") is for " place[k] " only")
            return
        }
    fault("<" name "> is in no rule: a foreign header stands in one place only")
}

function calls(line,    word, before)
{
    while (match(line, /[A-Za-z_][A-Za-z0-9_]*/)) {
        word = substr(line, RSTART, RLENGTH)
        before = substr(line, 1, RSTART - 1)
        line = substr(line, RSTART + RLENGTH)
        # A member of that name is no call, and only the streams count without one.
        if (before ~ /(\.|->) *$/)
            continue
        if (!(word ~ /^std(in|out|err)$/) && !(line ~ /^ *\(/))
            continue
        if (word in never)
            fault("the engine, a scenario or a view never " never[word] ": " word)
        if (word in clock && !begins(FILENAME, clock[word]))
            fault("a clock outside " clock[word] ": " word)
    }
}

BEGIN {
    n = split(rules, row, /\n/)
    for (i = 1; i <= n; i++) {
        m = split(row[i], f, / +/)
        rest = ""
        for (j = 3; j <= m; j++)
            rest = rest " " f[j]
        if (f[1] == "room")
            sees[f[2]] = rest
        else if (f[1] == "inside")
            within[f[2]] = rest
        else if (f[1] == "foreign") {
            library[++foreign_n] = f[2]
            place[foreign_n] = f[3]
            header[foreign_n] = rest
            sub(" " f[3], "", header[foreign_n])
        } else if (f[1] == "libc")
            libc = libc " " f[2] rest
        else if (f[1] == "never") {
            gsub(/-/, " ", f[2])
            for (j = 3; j <= m; j++)
                never[f[j]] = f[2]
        } else if (f[1] == "clock")
            for (j = 3; j <= m; j++)
                clock[f[j]] = f[2]
    }
}

FNR == 1 {
    in_comment = 0
    room = FILENAME
    sub(/\/[^\/]*$/, "", room)
    if (room ~ /^tests\//)
        room = "tests"
    quiet = room ~ /^engine\// || room == "scenarios" || room == "views"
    if (!(room in sees))
        fault("stands in no room")
}

{
    if (!in_comment && match($0, /^[ \t]*#[ \t]*include[ \t]*["<][^">]+[">]/)) {
        name = substr($0, RSTART, RLENGTH)
        angled = name ~ /<[^<]*$/
        sub(/^[^"<]*["<]/, "", name)
        sub(/[">]$/, "", name)
        if (angled)
            include_foreign(name)
        else
            include_ours(name)
        next
    }
    line = blank($0)
    if (quiet)
        calls(line)
}
' $files)

# A variable that can be written lies in .data, .bss or their kin for threads.
globals=
built=0
for source in $(printf '%s\n' "$files" | grep '^engine/.*\.c$'); do
    object=$objects/${source%.c}.o
    [ -e "$object" ] || continue
    built=$((built + 1))
    globals=$globals$(objdump -t "$object" | awk -v source="$source" '
        NF >= 5 && $(NF - 2) ~ /^(\.data|\.bss|\.tdata|\.tbss|\*COM\*)(\.|$)/ && $(NF - 2) !~ /^\.data\.rel\.ro/ && !/ d  / {
            print source ": a variable of the engine that is no constant: " $NF
        }')
done
[ $built -gt 0 ] || echo "check_deps: no objects in $objects: looked at the sources only"
faults=$(printf '%s\n%s' "$faults" "$globals" | sed '/^$/d')

[ -z "$faults" ] && exit 0
printf '%s\n' "$faults"
exit 1
