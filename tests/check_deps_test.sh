#!/bin/bash
# Plants one fault at a time in a small tree, and sees that tests/check_deps.sh finds it, and finds nothing else.
set -u
check=$(cd "$(dirname "$0")" && pwd)/check_deps.sh
tmp=$(mktemp -d "${TMPDIR:-/tmp}/deps.XXXXXX") || exit 1
trap 'rm -rf "$tmp"' EXIT
status=0

tree()
{
    rm -rf "$tmp/tree"
    mkdir -p "$tmp"/tree/engine/{base,nn,rl,run,store} "$tmp"/tree/{views,scenarios,app/session,tests/unit}
    cd "$tmp/tree" || exit 1
    # All of this is allowed, or only looks like a fault.
    cat > engine/base/good.c <<'C'
#include <stdio.h>
#include <sys/mman.h>
#include "engine/base/status.h"
/* printf("no"); exit(1);
#include <curses.h>
signal(9) */
static const char *const text[] = {"printf(\"x\")", "stdout", "time(", "\\"}; // abort();
struct s { int (*time)(void); int exit; };
int good(struct s *s, char *b) { return s->time() + s->exit + snprintf(b, 1, "%s", text[0]) + '"'; }
C
    printf '#include "engine/rl/scenario.h"\n#include "engine/nn/model.h"\n' > engine/run/good.c
    printf 'long f(void) { return clock_gettime(0, 0); }\n' >> engine/run/good.c
    printf '#include "engine/run/record.h"\n#include <sqlite3.h>\n#include "engine/store/store_db.h"\n' > engine/store/good.c
    printf '#include "engine/run/snapshot.h"\n#include "engine/store/query.h"\n' > views/good.c
    printf '#include <png.h>\n' > views/png.c
    printf '#include <curses.h>\n#include "views/canvas.h"\nint f(void) { exit(1); }\n' > app/term.c
    printf '#include <jansson.h>\n#include "engine/rl/scenario.h"\n' > app/json.c
    printf '#include <sqlite3.h>\n#include "app/command/command.h"\n#include "engine/store/store_db.h"\n' > tests/unit/good.c
}

# plant FILE LINE: LINE at the end of FILE is found, there and only there.
plant()
{
    tree
    printf '%s\n' "$2" >> "$1"
    local found
    found=$("$check" "$tmp/tree" | grep -v 'looked at the sources only')
    if [ "$(printf '%s' "$found" | grep -c '')" != 1 ] || [ "${found%%:*}" != "$1" ]; then
        printf 'planted in %s: %s\nfound: %s\n' "$1" "$2" "$found"
        status=1
    fi
}

tree
if ! "$check" "$tmp/tree" > "$tmp/found"; then
    echo "the tree without a fault:"
    cat "$tmp/found"
    status=1
fi

plant engine/base/a.c  '#include "engine/nn/model.h"'
plant engine/nn/a.c    '#include "engine/rl/batch.h"'
plant engine/rl/a.h    '#include "engine/run/record.h"'
plant engine/run/a.c   '#include "engine/store/store.h"'
plant engine/store/a.c '#include "engine/run/trainer.h"'
plant engine/store/a.c '#include "engine/nn/model.h"'
plant scenarios/a.c    '#include "engine/rl/batch.h"'
plant scenarios/a.c    '#include "engine/nn/vocab.h"'
plant views/a.c        '#include "engine/run/trainer.h"'
plant views/a.c        '#include "engine/store/store.h"'
plant views/a.c        '#include "app/term.h"'
plant engine/run/a.c   '#include "app/session/session.h"'
plant app/a.c          '#include "tests/unit/store_data.h"'
plant app/a.c          '#include "engine/store/store_db.h"'
plant app/a.c          '#include "term.h"'
plant app/session/a.c  '#include "app/desk/desk.h"'
plant app/a.c          '#include <curses.h>'
plant views/a.c        '  # include <ncurses.h> /* here too */'
plant app/term.c       '#include <readline/readline.h>'
plant views/a.c        '#include <png.h>'
plant engine/nn/a.c    '#include <cblas.h>'
plant engine/run/a.c   '#include <sqlite3.h>'
plant engine/rl/a.c    '#include <Random123/philox.h>'
plant app/a.c          '#include <ini.h>'
plant scenarios/a.c    '#include <jansson.h>'
plant engine/base/a.c  '#include <criterion/criterion.h>'
plant app/a.c          '#include <glib.h>'
plant engine/base/a.c  'void f(void) { printf("x"); }'
plant engine/nn/a.c    'void f(void) { fprintf(stderr, "x"); }'
plant engine/store/a.c 'void f(void) { exit(1); }'
plant engine/run/a.c   'void f(void) { signal(2, 0); }'
plant engine/rl/a.c    'int f(void) { return rand(); }'
plant engine/base/a.c  'void f(void) { usleep(1); }'
plant engine/base/a.c  'char *f(void) { return getenv("HOME"); }'
plant engine/base/a.c  'int f(void) { return fork(); }'
plant engine/rl/a.c    'long f(void) { return time (0); }'
plant views/a.c        'char *f(char *s) { return strtok(s, " "); }'
plant scenarios/a.c    'void f(void) { /* why */ abort(); }'
plant engine/other.c   'int x;'

# Variables are seen in the objects.
for line in 'static int n; int f(void) { return n++; }' 'int n = 1;' 'static _Thread_local int n; int *f(void) { return &n; }'; do
    tree
    mkdir -p build/engine/nn
    printf '%s\n' "$line" > engine/nn/a.c
    gcc -c -o build/engine/nn/a.o engine/nn/a.c
    if "$check" "$tmp/tree" > "$tmp/found" || ! grep -q '^engine/nn/a.c: a variable of the engine' "$tmp/found"; then
        printf 'planted: %s\nfound: %s\n' "$line" "$(cat "$tmp/found")"
        status=1
    fi
done
exit $status
