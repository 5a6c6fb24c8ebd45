/* The recipes: INI files built into the program, by the assembler as the presets are (see presets.c). */
#include "scenarios/registry.h"

#include <string.h>

#define ROW(name)                                              \
    ".pushsection .rodata\n"                                   \
    "1: .asciz \"" name "\"\n"                                 \
    "2: .incbin \"scenarios/recipes/" name ".ini\"\n"          \
    "3: .byte 0\n"                                             \
    ".popsection\n"                                            \
    ".8byte 1b, 2b, 3b - 2b\n"

__asm__(".pushsection .data.rel.ro, \"aw\"\n"
        ".balign 8\n"
        "recipe_row:\n"
        ROW("r1-zero")
        ROW("r1")
        ROW("r1-hacked")
        ROW("distill")
        ROW("race")
        "recipe_row_end:\n"
        ".popsection\n");

extern const struct preset recipe_row[] __attribute__((visibility("hidden")));
extern const struct preset recipe_row_end[] __attribute__((visibility("hidden")));

int recipe_n(void)
{
    return (int)(recipe_row_end - recipe_row);
}

const struct preset *recipe_at(int i)
{
    return &recipe_row[i];
}
