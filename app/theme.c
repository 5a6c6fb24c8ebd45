/* The themes. Quiet colours that can be read on dark and on light ground, one accent for what is live, green
 * and red for right and wrong only; heat goes from blue over grey to orange, which the colour-blind can tell
 * apart. */
#include "app/theme.h"

#include <stddef.h>
#include <string.h>

enum { BLACK, RED, GREEN, YELLOW, BLUE, MAGENTA, CYAN, WHITE };

static const struct theme themes[] = {
    {"default", "quiet colours on the terminal's own ground", {
        [STYLE_TEXT] = {-1, -1, -1, -1, 0},
        [STYLE_DIM] = {244, -1, -1, -1, LOOK_DIM},
        [STYLE_TITLE] = {-1, -1, -1, -1, 0},
        [STYLE_STRONG] = {-1, -1, -1, -1, LOOK_BOLD},
        [STYLE_BORDER] = {240, -1, -1, -1, LOOK_DIM},
        [STYLE_FOCUS] = {38, -1, CYAN, -1, LOOK_BOLD},
        [STYLE_ACCENT] = {38, -1, CYAN, -1, LOOK_BOLD},
        [STYLE_GOOD] = {71, -1, GREEN, -1, 0},
        [STYLE_BAD] = {167, -1, RED, -1, 0},
        [STYLE_WARNING] = {172, -1, YELLOW, -1, 0},
        [STYLE_ERROR] = {231, 160, WHITE, RED, LOOK_BOLD},
        [STYLE_KEY] = {-1, -1, -1, -1, LOOK_BOLD},
        [STYLE_PAUSED] = {232, 179, BLACK, YELLOW, LOOK_BOLD},
        [STYLE_REPLAYING] = {231, 61, WHITE, BLUE, LOOK_BOLD},
        [STYLE_STRUCTURE] = {103, -1, BLUE, -1, 0},
        [STYLE_REFLECTION] = {179, -1, YELLOW, -1, 0},
        [STYLE_AHA] = {214, -1, YELLOW, -1, LOOK_BOLD | LOOK_UNDERLINE},
        [STYLE_VERIFY] = {109, -1, CYAN, -1, 0},
        [STYLE_BACKTRACK] = {139, -1, MAGENTA, -1, 0},
        [STYLE_CURVE_A] = {74, -1, CYAN, -1, 0},
        [STYLE_CURVE_B] = {173, -1, YELLOW, -1, 0},
        [STYLE_CURVE_C] = {108, -1, GREEN, -1, 0},
        [STYLE_CURVE_D] = {139, -1, MAGENTA, -1, 0},
        [STYLE_BAND] = {240, -1, -1, -1, LOOK_DIM},
        [STYLE_MARK] = {215, -1, YELLOW, -1, LOOK_BOLD},
        [STYLE_HEAT_0] = {25, -1, BLUE, -1, 0}, {31, -1, BLUE, -1, 0}, {67, -1, BLUE, -1, 0},
        {109, -1, CYAN, -1, 0}, {247, -1, -1, -1, 0}, {180, -1, -1, -1, 0}, {179, -1, YELLOW, -1, 0},
        {172, -1, YELLOW, -1, 0}, {166, -1, YELLOW, -1, LOOK_BOLD},
    }},
    {"projector", "bright on black, for a room", {
        [STYLE_TEXT] = {231, 16, WHITE, BLACK, 0},
        [STYLE_DIM] = {252, 16, WHITE, BLACK, 0},
        [STYLE_TITLE] = {231, 16, WHITE, BLACK, LOOK_BOLD},
        [STYLE_STRONG] = {231, 16, WHITE, BLACK, LOOK_BOLD},
        [STYLE_BORDER] = {246, 16, WHITE, BLACK, 0},
        [STYLE_FOCUS] = {51, 16, CYAN, BLACK, LOOK_BOLD},
        [STYLE_ACCENT] = {51, 16, CYAN, BLACK, LOOK_BOLD},
        [STYLE_GOOD] = {83, 16, GREEN, BLACK, LOOK_BOLD},
        [STYLE_BAD] = {210, 16, RED, BLACK, LOOK_BOLD},
        [STYLE_WARNING] = {227, 16, YELLOW, BLACK, LOOK_BOLD},
        [STYLE_ERROR] = {231, 160, WHITE, RED, LOOK_BOLD},
        [STYLE_KEY] = {227, 16, YELLOW, BLACK, LOOK_BOLD},
        [STYLE_PAUSED] = {16, 227, BLACK, YELLOW, LOOK_BOLD},
        [STYLE_REPLAYING] = {231, 57, WHITE, BLUE, LOOK_BOLD},
        [STYLE_STRUCTURE] = {153, 16, CYAN, BLACK, 0},
        [STYLE_REFLECTION] = {227, 16, YELLOW, BLACK, LOOK_BOLD},
        [STYLE_AHA] = {16, 220, BLACK, YELLOW, LOOK_BOLD},
        [STYLE_VERIFY] = {159, 16, CYAN, BLACK, 0},
        [STYLE_BACKTRACK] = {219, 16, MAGENTA, BLACK, LOOK_BOLD},
        [STYLE_CURVE_A] = {51, 16, CYAN, BLACK, LOOK_BOLD},
        [STYLE_CURVE_B] = {214, 16, YELLOW, BLACK, LOOK_BOLD},
        [STYLE_CURVE_C] = {83, 16, GREEN, BLACK, LOOK_BOLD},
        [STYLE_CURVE_D] = {213, 16, MAGENTA, BLACK, LOOK_BOLD},
        [STYLE_BAND] = {242, 16, WHITE, BLACK, LOOK_DIM},
        [STYLE_MARK] = {227, 16, YELLOW, BLACK, LOOK_BOLD},
        [STYLE_HEAT_0] = {27, 16, BLUE, BLACK, LOOK_BOLD}, {33, 16, BLUE, BLACK, LOOK_BOLD},
        {75, 16, CYAN, BLACK, 0}, {153, 16, CYAN, BLACK, 0}, {231, 16, WHITE, BLACK, 0},
        {223, 16, WHITE, BLACK, 0}, {221, 16, YELLOW, BLACK, 0}, {214, 16, YELLOW, BLACK, LOOK_BOLD},
        {208, 16, YELLOW, BLACK, LOOK_BOLD},
    }},
    {"mono", "no colour", {
        [STYLE_TEXT] = {-1, -1, -1, -1, 0},
        [STYLE_DIM] = {-1, -1, -1, -1, LOOK_DIM},
        [STYLE_TITLE] = {-1, -1, -1, -1, 0},
        [STYLE_STRONG] = {-1, -1, -1, -1, LOOK_BOLD},
        [STYLE_BORDER] = {-1, -1, -1, -1, LOOK_DIM},
        [STYLE_FOCUS] = {-1, -1, -1, -1, LOOK_BOLD},
        [STYLE_ACCENT] = {-1, -1, -1, -1, LOOK_BOLD},
        [STYLE_GOOD] = {-1, -1, -1, -1, LOOK_BOLD},
        [STYLE_BAD] = {-1, -1, -1, -1, 0},
        [STYLE_WARNING] = {-1, -1, -1, -1, LOOK_BOLD},
        [STYLE_ERROR] = {-1, -1, -1, -1, LOOK_REVERSE | LOOK_BOLD},
        [STYLE_KEY] = {-1, -1, -1, -1, LOOK_BOLD},
        [STYLE_PAUSED] = {-1, -1, -1, -1, LOOK_REVERSE},
        [STYLE_REPLAYING] = {-1, -1, -1, -1, LOOK_REVERSE},
        [STYLE_STRUCTURE] = {-1, -1, -1, -1, LOOK_DIM},
        [STYLE_REFLECTION] = {-1, -1, -1, -1, LOOK_UNDERLINE},
        [STYLE_AHA] = {-1, -1, -1, -1, LOOK_REVERSE | LOOK_BOLD},
        [STYLE_VERIFY] = {-1, -1, -1, -1, 0},
        [STYLE_BACKTRACK] = {-1, -1, -1, -1, LOOK_UNDERLINE},
        [STYLE_CURVE_A] = {-1, -1, -1, -1, 0},
        [STYLE_CURVE_B] = {-1, -1, -1, -1, LOOK_DIM},
        [STYLE_CURVE_C] = {-1, -1, -1, -1, LOOK_BOLD},
        [STYLE_CURVE_D] = {-1, -1, -1, -1, LOOK_BOLD | LOOK_DIM},
        [STYLE_BAND] = {-1, -1, -1, -1, LOOK_DIM},
        [STYLE_MARK] = {-1, -1, -1, -1, LOOK_BOLD},
        [STYLE_HEAT_0] = {-1, -1, -1, -1, 0}, {-1, -1, -1, -1, 0}, {-1, -1, -1, -1, 0}, {-1, -1, -1, -1, 0},
        {-1, -1, -1, -1, 0}, {-1, -1, -1, -1, 0}, {-1, -1, -1, -1, 0}, {-1, -1, -1, -1, 0},
        {-1, -1, -1, -1, 0},
    }},
};

const struct theme *theme_at(int i)
{
    return i >= 0 && i < (int)(sizeof themes / sizeof *themes) ? &themes[i] : NULL;
}

const struct theme *theme_find(const char *name)
{
    const struct theme *t;
    int i;

    for (i = 0; (t = theme_at(i)); i++)
        if (!strcmp(t->name, name))
            return t;
    return NULL;
}
