/* The themes. Quiet colours that can be read on dark and on light ground, one accent for what is live, green
 * and red for right and wrong only; heat goes from blue over grey to orange, which the colour-blind can tell
 * apart. */
#include "app/theme.h"

#include <stddef.h>
#include <stdio.h>
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

enum { GROUND = 0x14171C, INK = 0xD4D7DC };

/* A number of the 256 colours of xterm: 16 named ones, a cube of 6x6x6, 24 greys. */
static uint32_t color_of(int number, uint32_t own)
{
    static const uint32_t named[16] = {0x1C1F24, 0xCC5555, 0x5FA95F, 0xC8A045, 0x5B8BD0, 0xB07CC0,
                                       0x4DA9B0, 0xC8CCD2, 0x6A7078, 0xE57474, 0x7CCB7C, 0xE6C05C,
                                       0x7FAAEA, 0xCB9ADB, 0x6FCBD3, 0xFFFFFF};
    static const uint32_t level[6] = {0, 95, 135, 175, 215, 255};
    uint32_t grey;

    if (number < 0 || number > 255)
        return own;
    if (number < 16)
        return named[number];
    if (number < 232) {
        number -= 16;
        return level[number / 36] << 16 | level[number / 6 % 6] << 8 | level[number % 6];
    }
    grey = (uint32_t)(8 + 10 * (number - 232));
    return grey << 16 | grey << 8 | grey;
}

static uint32_t between(uint32_t a, uint32_t b, double part)
{
    uint32_t out = 0;
    int shift;

    for (shift = 0; shift < 24; shift += 8) {
        double from = a >> shift & 0xFF, to = b >> shift & 0xFF;
        out |= (uint32_t)(from + (to - from) * part + 0.5) << shift;
    }
    return out;
}

void theme_picture(const struct theme *t, struct picture_look look[STYLE_N])
{
    int s;

    for (s = 0; s < STYLE_N; s++) {
        const struct look *k = &t->look[s];
        uint32_t ink = color_of(k->fg, INK), ground = color_of(k->bg, GROUND);
        if (k->flags & LOOK_DIM && k->fg < 0)
            ink = between(ink, ground, 0.4);
        look[s] = (struct picture_look){.ink = k->flags & LOOK_REVERSE ? ground : ink,
                                        .ground = k->flags & LOOK_REVERSE ? ink : ground,
                                        .bold = (k->flags & LOOK_BOLD) != 0,
                                        .underline = (k->flags & LOOK_UNDERLINE) != 0};
    }
}

void theme_escape(const struct theme *t, enum style style, int selected, char out[THEME_ESCAPE])
{
    const struct look *k = &t->look[selected ? STYLE_TEXT : style];
    size_t n = (size_t)snprintf(out, THEME_ESCAPE, "\033[0");

    if (k->flags & LOOK_BOLD)
        n += (size_t)snprintf(out + n, THEME_ESCAPE - n, ";1");
    if (k->flags & LOOK_DIM && k->fg < 0)
        n += (size_t)snprintf(out + n, THEME_ESCAPE - n, ";2");
    if (k->flags & LOOK_UNDERLINE)
        n += (size_t)snprintf(out + n, THEME_ESCAPE - n, ";4");
    if (!(k->flags & LOOK_REVERSE) != !selected)
        n += (size_t)snprintf(out + n, THEME_ESCAPE - n, ";7");
    if (k->fg >= 0)
        n += (size_t)snprintf(out + n, THEME_ESCAPE - n, ";38;5;%d", k->fg);
    if (k->bg >= 0)
        n += (size_t)snprintf(out + n, THEME_ESCAPE - n, ";48;5;%d", k->bg);
    snprintf(out + n, THEME_ESCAPE - n, "m");
}
