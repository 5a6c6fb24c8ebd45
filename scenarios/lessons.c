/* The lessons: texts built into the program as the presets are (see presets.c). The order is that in which a
 * group would take them. */
#include "scenarios/lessons.h"

#include <string.h>

_Static_assert(sizeof(struct lesson_text) == 24, "a row is three words of 8 bytes");

#define ROW(name)                                              \
    ".pushsection .rodata\n"                                   \
    "1: .asciz \"" name "\"\n"                                 \
    "2: .incbin \"scenarios/lessons/" name ".lesson\"\n"       \
    "3: .byte 0\n"                                             \
    ".popsection\n"                                            \
    ".8byte 1b, 2b, 3b - 2b\n"

__asm__(".pushsection .data.rel.ro, \"aw\"\n"
        ".balign 8\n"
        "lesson_row:\n"
        ROW("advantage")
        ROW("clip-kl")
        ROW("aha")
        ROW("hacking")
        ROW("flat")
        ROW("collapse")
        "lesson_row_end:\n"
        ".popsection\n");

extern const struct lesson_text lesson_row[] __attribute__((visibility("hidden")));
extern const struct lesson_text lesson_row_end[] __attribute__((visibility("hidden")));

int lesson_n(void)
{
    return (int)(lesson_row_end - lesson_row);
}

const struct lesson_text *lesson_at(int i)
{
    return &lesson_row[i];
}

const struct lesson_text *lesson_find(const char *name)
{
    for (int i = 0; i < lesson_n(); i++)
        if (strcmp(lesson_row[i].name, name) == 0)
            return &lesson_row[i];
    return NULL;
}

const char *lesson_title(const struct lesson_text *l)
{
    const char *s = strstr(l->text, "= ");

    return s ? s + 2 : l->name;
}
