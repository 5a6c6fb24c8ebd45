/* The alphabet. A row is: the advance, a colon, then strokes separated by blanks. A point is a
 * capital letter for x (A 0 .. I 8) and a small one for y (a -3, d the baseline 0, j 6 the height of
 * small letters, m 9 that of capitals, n 10). A stroke that begins with ~ is a smooth curve. */
#include "views/font.h"

#include <stdlib.h>
#include <string.h>

#include "views/accent.h"
#include "views/canvas.h"

static const char *const alphabet[95] = {
    "4:", "3:BmBg Bd", "5:BmBj DmDj", "8:BdCm EdFm AgGg AjGj", "8:~GkElBlAjCiFhGfEdBdAf DnDc",
    "9:AdHm ~BmClBjAlBm ~GgHfGdFfGg", "9:~HdDjCkDmFkDiAgAeCdFeHh", "3:BmBj", "4:~DnBkAiAgBdDb",
    "4:~AnCkDiDgCdAb", "7:DlDf BkFg FkBg", "8:DkDe AhGh", "3:BdAb", "6:AhEh", "3:Bd", "6:AcFn",
    "8:~DmFlGjGgFeDdBeAgAjBlDm", "8:BkDmDd", "8:~AkBlDmFlGjFhDfAd AdGd", "8:~AlDmFlFjDi ~DiFiGgFeDdAe",
    "8:EdEmAgGg", "8:FmBmAi ~AiDjFiGgFeDdAe", "8:~FlDmBlAiAgBeDdFeGgFiDjBiAg", "8:AmGmCd",
    "8:~DmFlFjDiBjBlDm ~DiFhGfEdCdAfBhDi", "8:~BeDdFeGhGjFlDmBlAjBhDgFhGj", "3:Bi Be", "3:Bi BeAc",
    "7:FkAhFe", "8:AjGj AfGf", "7:AkFhAe", "7:~AkBmDmFkEiDhDg Dd",
    "10:~GjEjDhEfGg GkGg ~GgHfIhHkEmBkAhBeEdHe", "9:AdDmGd BgFg",
    "9:AdAmDm ~DmFlFjDi AiDi ~DiFiGgFeDd DdAd", "9:~GkEmCmAkAfCdEdGf", "9:DdAdAmDm ~DmFlGjGgFeDd",
    "8:FmAmAdFd AiEi", "8:FmAmAd AiEi", "9:~GkEmCmAkAfCdEdGf GfGhDh", "9:AmAd GmGd AiGi", "4:BmBd",
    "8:FmFg ~FgEdBdAf", "9:AmAd GmAg CiGd", "8:AmAdFd", "10:AdAmDgGmGd", "9:AdAmGdGm",
    "9:~DmFlGjGgFeDdBeAgAjBlDm", "9:AdAmDm ~DmFmGkFiDh DhAh", "9:~DmFlGjGgFeDdBeAgAjBlDm EfGd",
    "9:AdAmDm ~DmFmGkFiDh DhAh DhGd", "9:~GkEmBmAkBiFhGfEdBdAf", "9:DmDd AmGm", "9:AmAg ~AgBdDdFdGg GgGm",
    "9:AmDdGm", "11:AmCdEkGdIm", "9:AmGd GmAd", "9:AmDhGm DhDd", "9:AmGmAdGd", "5:DnBnBbDb", "6:AnFc",
    "5:AnCnCbAb", "7:AjCmEj", "8:AcGc", "4:AmCk", "7:EjEd ~EhDjBjAhAfBdDdEf", "7:AmAd ~AhBjDjEhEfDdBdAf",
    "7:~EiDjBjAhAfBdDdEe", "7:EmEd ~EhDjBjAhAfBdDdEf", "7:AgEgEh ~EhDjBjAhAfBdDdEe",
    "5:~EmCmBkBj BjBd AjDj", "7:EjEc ~EcDaBaAb ~EhDjBjAhAfBdDdEf", "7:AmAd ~AhBjDjEh EhEd", "3:BjBd Bm",
    "4:CjCc ~CcBaAa Cm", "6:AmAd EjAf CgEd", "3:BmBd", "9:AjAd ~AhBjCjDh DhDd ~DhEjFjGh GhGd",
    "7:AjAd ~AhBjDjEh EhEd", "7:~BjDjEhEfDdBdAfAhBj", "7:AjAa ~AhBjDjEhEfDdBdAf",
    "7:EjEa ~EhDjBjAhAfBdDdEf", "5:AjAd ~AgBjDj", "7:~EiCjAiBgDgEeCdAe", "5:BmBe ~BeCdDd AjDj",
    "7:AjAf ~AfBdDdEf EjEd", "7:AjCdEj", "9:AjBdDjFdGj", "7:AjEd EjAd", "7:AjCd EjBa", "7:AjEjAdEd",
    "5:~DnBmBjAhBfBcDb", "3:BnBb", "5:~AnCmCjDhCfCcAb", "8:~AgBhDgEgFh",
};

static const char *row_of(int c)
{
    return alphabet[c >= 32 && c < 127 ? c - 32 : '?' - 32];
}

/* What looks otherwise where all letters have one width. */
static const struct {
    char c;
    const char *row;
} mono[] = {
    {'0', "~DmFlGjGgFeDdBeAgAjBlDm DhDj"}, {'1', "BkDmDd AdGd"}, {'I', "BmFm DmDd BdFd"},
    {'J', "CmFm FmFg ~FgEdBdAf"}, {'f', "~EmDmBlBj BjBd AjEj"}, {'i', "AjDjDd AdGd Dm"},
    {'j', "BjEjEc ~EcDaBaAb Em"}, {'l', "AmDmDd AdGd"}, {'r', "AjAd ~AgBiCjDjEi"},
    {'@', "~FdDcBdAgAjBlDmFlGjGgFfEg ~EhDjChCgDfEg EjEg"}, {'t', "BlBf ~BfCdDdEe AjEj"},
};

void font_strokes(const char *p, struct glyph *out)
{
    while (*p && out->strokes_n < FONT_STROKES) {
        struct stroke *s = &out->stroke[out->strokes_n++];
        if (*p == '~') {
            s->smooth = 1;
            p++;
        }
        for (; *p && *p != ' ' && s->n < FONT_POINTS; p += 2, s->n++) {
            s->at[s->n].x = (signed char)(p[0] - 'A');
            s->at[s->n].y = (signed char)(p[1] - 'a' - 3);
        }
        while (*p && *p != ' ')
            p++;
        while (*p == ' ')
            p++;
    }
}

void font_glyph(int c, struct glyph *out)
{
    char *p;

    memset(out, 0, sizeof *out);
    out->advance = (int)strtol(row_of(c), &p, 10);
    font_strokes(p + 1, out);
}

int font_mono(int c, struct glyph *out)
{
    size_t i;

    memset(out, 0, sizeof *out);
    if (c < 32 || c > 126)
        return 0;
    for (i = 0; i < sizeof mono / sizeof *mono; i++)
        if (mono[i].c == c) {
            font_strokes(mono[i].row, out);
            return 1;
        }
    font_glyph(c, out);
    out->advance = 0;
    return 1;
}

void font_ink(const struct glyph *g, int *low, int *high)
{
    int i, k, any = 0;

    *low = *high = 0;
    for (i = 0; i < g->strokes_n; i++)
        for (k = 0; k < g->stroke[i].n; k++) {
            int x = g->stroke[i].at[k].x;
            *low = any && *low < x ? *low : x;
            *high = any && *high > x ? *high : x;
            any = 1;
        }
}

int font_next(const char *s, int *used)
{
    uint32_t code = utf8_next(s, strlen(s), used), mark;

    if (accent_split(code, &code, &mark) && code == 0x131)
        code = 'i';
    if (code >= 32 && code < 127)
        return (int)code;
    switch (code) {
    case 0xB7: return '.';
    case 0x2192: return '>';
    case 0x2212: case 0x2013: case 0x2014: return '-';
    case 0x2026: return '.';
    default: return '?';
    }
}

int font_width(const char *s)
{
    int used, width = 0;

    for (; *s; s += used)
        width += (int)strtol(row_of(font_next(s, &used)), NULL, 10);
    return width;
}
