/* The presets: INI files built into the program, so that it runs from anywhere.
 *
 * The assembler writes the table of struct preset itself, for only it knows how long the files are: a
 * row is the name, the text and its bytes, each 8 bytes wide; a terminator stands behind each text. Paths are
 * relative to the tree's root, where the compiler runs; the build must know that this object depends on the
 * files. */
#include "scenarios/registry.h"

#include <string.h>

_Static_assert(sizeof(struct preset) == 24, "a row is three words of 8 bytes");

#define ROW(name)                                              \
    ".pushsection .rodata\n"                                   \
    "1: .asciz \"" name "\"\n"                                 \
    "2: .incbin \"scenarios/presets/" name ".ini\"\n"          \
    "3: .byte 0\n"                                             \
    ".popsection\n"                                            \
    ".8byte 1b, 2b, 3b - 2b\n"

/* A preset that is another one with a few settings changed: its text behind the other's, so that it counts. */
#define ROW_OVER(other, name)                                  \
    ".pushsection .rodata\n"                                   \
    "1: .asciz \"" name "\"\n"                                 \
    "2: .incbin \"scenarios/presets/" other ".ini\"\n"         \
    ".ascii \"\\n\"\n"                                         \
    ".incbin \"scenarios/presets/" name ".ini\"\n"             \
    "3: .byte 0\n"                                             \
    ".popsection\n"                                            \
    ".8byte 1b, 2b, 3b - 2b\n"

__asm__(".pushsection .data.rel.ro, \"aw\"\n"
        ".balign 8\n"
        "preset_row:\n"
        ROW("quick")
        ROW("quick-dense")
        ROW("countdown")
        ROW("countdown-dense")
        ROW("countdown-4")
        ROW("countdown-5")
        ROW("multiply")
        ROW("quadratic")
        ROW("tiny")
        ROW("data")
        ROW("program")
        ROW("bilingual")
        ROW("gridworld")
        ROW("chat")
        ROW_OVER("bilingual", "bilingual-mixed")
        ROW("r1")
        ROW("mtp-dense")
        ROW_OVER("countdown", "r1-zero")
        ROW_OVER("countdown", "r1-zero-blind")
        ROW_OVER("countdown", "student-dense")
        ROW_OVER("quick", "quick-bf16")
        ROW_OVER("quick", "fp8-tile")
        ROW_OVER("quick", "fp8-tensor")
        ROW_OVER("quick", "collapse")
        ROW_OVER("quick", "format-only")
        ROW_OVER("quick", "process-reward")
        ROW_OVER("quick", "weak-start")
        ROW_OVER("quick", "small-group")
        ROW_OVER("quick", "high-beta")
        ROW_OVER("quick", "no-std")
        ROW_OVER("quick", "two-updates")
        ROW_OVER("quick", "reference-reset")
        ROW_OVER("quick", "quick-dpo")
        ROW_OVER("quick", "quick-ppo")
        ROW_OVER("quick", "expert-collapse")
        ROW_OVER("quick", "balance-loss")
        ROW_OVER("quick", "no-shared")
        ROW_OVER("quick", "grouped")
        ROW_OVER("quick", "quick-mha")
        ROW_OVER("quick", "quick-gqa")
        ROW_OVER("quick", "quick-mqa")
        "preset_row_end:\n"
        ".popsection\n");

extern const struct preset preset_row[] __attribute__((visibility("hidden")));
extern const struct preset preset_row_end[] __attribute__((visibility("hidden")));

int preset_n(void)
{
    return (int)(preset_row_end - preset_row);
}

const struct preset *preset_at(int i)
{
    return &preset_row[i];
}

const struct preset *preset_find(const char *name)
{
    for (int i = 0; i < preset_n(); i++)
        if (strcmp(preset_row[i].name, name) == 0)
            return &preset_row[i];
    return NULL;
}
