/* Signs of a terminal as pixels. What must join its neighbours (lines, blocks, dots of braille) is made from
 * the cell's own edges, so that no seam is seen; what stands alone is written in
 * strokes as the alphabet is. */
#include "views/symbol.h"

#include <math.h>
#include <string.h>

#include "views/font.h"

/* Lines from the middle of the cell to its edges: up, right, down, left; 0 none, 1
 * light, 2 heavy, 3 double. */
static const struct {
    uint16_t code;
    char arm[5];
} boxes[] = {
    {0x2500, "0101"}, {0x2501, "0202"}, {0x2502, "1010"}, {0x2503, "2020"}, {0x250C, "0110"},
    {0x250F, "0220"}, {0x2510, "0011"}, {0x2513, "0022"}, {0x2514, "1100"}, {0x2517, "2200"},
    {0x2518, "1001"}, {0x251B, "2002"}, {0x251C, "1110"}, {0x2523, "2220"}, {0x2524, "1011"},
    {0x252B, "2022"}, {0x252C, "0111"}, {0x2533, "0222"}, {0x2534, "1101"}, {0x253B, "2202"},
    {0x253C, "1111"}, {0x254B, "2222"}, {0x2550, "0303"}, {0x2551, "3030"}, {0x2554, "0330"},
    {0x2557, "0033"}, {0x255A, "3300"}, {0x255D, "3003"}, {0x256D, "0110"}, {0x256E, "0011"},
    {0x256F, "1001"}, {0x2570, "1100"}, {0x2574, "0001"}, {0x2575, "1000"}, {0x2576, "0100"},
    {0x2577, "0010"}, {0x2578, "0002"}, {0x2579, "2000"}, {0x257A, "0200"}, {0x257B, "0020"},
    {0x257C, "0201"}, {0x257D, "1020"}, {0x257E, "0102"}, {0x257F, "2010"},
};

/* Signs in strokes; units as in font.c, x from A to G. */
static const struct {
    uint16_t code;
    const char *row;
} strokes[] = {
    {0x00A1, "DjDk DhDd"}, {0x00A2, "~FiDjBiAgBeDdFe DlDb"}, {0x00A3, "~GlEmCkCd AdGd AhEh"},
    {0x00A4, "~DjFhDfBhDj AkCi GkEi AeCg GeEg"}, {0x00A5, "AmDiGm DiDd BiFi BgFg"}, {0x00A6, "DnDj DgDb"},
    {0x00A7, "~FlDmBlCjFhDf ~DiBhCfFeDcBd"}, {0x00A8, "Bm Fm"}, {0x00A9, "~DmFlGjGgFeDdBeAgAjBlDm EjCjCgEg"},
    {0x00AA, "EmEj ~ElDmCmBlBkCjDjEk BhEh"}, {0x00AB, "DjAgDd GjDgGd"}, {0x00AC, "AiGiGf"},
    {0x00AE, "~DmFlGjGgFeDdBeAgAjBlDm CfCkEkEiCi EhEf"}, {0x00AF, "BmFm"}, {0x00B0, "~BmDnFmFlDkBlBm"},
    {0x00B1, "AjGj DgDm AdGd"}, {0x00B2, "~BmDnEmEl ElBiEi"}, {0x00B3, "~BnEnEmDl ~DlEkEjBj"},
    {0x00B4, "CkEm"}, {0x00B5, "AjAa ~AfBdDdEf EjEd"}, {0x00B6, "FaFmEm DaDm ~DmBmAkBiDi"}, {0x00B7, "Dh"},
    {0x00B8, "~DdEbCa"}, {0x00B9, "BmDnDi"}, {0x00BA, "~CmDmElEkDjCjBkBlCm BhEh"}, {0x00BB, "AjDgAd DjGgDd"},
    {0x00BC, "AmAi GmAd EgEeGe GgGc"}, {0x00BD, "AmAi GmAd ~DfEgGgGf GfDcGc"},
    {0x00BE, "AmCmBk ~BkCjBiAi GmAd EgEeGe GgGc"}, {0x00BF, "Dm ~DkDiBhAfBdEdFe"},
    {0x00C6, "DmAd DmDd DmGm DiFi DdGd BgDg"}, {0x00D0, "DdAdAmDm ~DmFlGjGgFeDd AiDi"}, {0x00D7, "BeFj FeBj"},
    {0x00D8, "~DmFlGjGgFeDdBeAgAjBlDm FmBd"}, {0x00DE, "AmAd AkDk ~DkGjGgDf DfAf"},
    {0x00DF, "AdAk ~AkBmDmElEkCi ~CiFhFeDdCd"},
    {0x00E6, "DiDd ~DhCjBjAi ~DgBgAfBdDe DgGgGh ~GhFjEjDhDfEdFdGe"},
    {0x00F0, "~EhDjBjAhAfBdDdEf ~EhEkBm BkEm"}, {0x00F7, "AhGh Dk De"}, {0x00F8, "~BjDjEhEfDdBdAfAhBj FjAd"},
    {0x00FE, "AmAa ~AhBjDjEhEfDdBdAf"}, {0x0131, "AjDjDd AdGd"}, {0x0141, "BmBdGd AhEk"},
    {0x0142, "BmDmDd AdGd BhFj"}, {0x0152, "DmBlAjAgBeDd DmGm DmDd DiFi DdGd"},
    {0x0153, "~BjDhDfBdAfAhBj DgGgGh ~GhFjEjDhDfEdFdGe"}, {0x0300, "CnEl"}, {0x0301, "ClEn"},
    {0x0302, "BlDnFl"}, {0x0303, "~BlCmEmFn"}, {0x0304, "BmFm"}, {0x0306, "~BnCmEmFn"}, {0x0307, "Dm"},
    {0x0308, "Bm Fm"}, {0x030A, "~DnEmDlCmDn"}, {0x030B, "BlCn ElFn"}, {0x030C, "BnDlFn"}, {0x0323, "Db"},
    {0x0327, "~DdEbCa"}, {0x0328, "~EdDbFa"}, {0x0331, "BbFb"}, {0x0391, "AdDmGd BgFg"}, {0x0393, "GmAmAd"},
    {0x0394, "AdDmGdAd"}, {0x0398, "~DmFlGjGgFeDdBeAgAjBlDm BhFh"}, {0x03A0, "AdAmGmGd"},
    {0x03A3, "GmAmDhAdGd"}, {0x03A6, "~DkFjGhFfDeBfAhBjDk DmDd"}, {0x03B1, "~GjEfCdAeAhBjDjEgGd"},
    {0x03B2, "AaAk ~AkBmDmElDjBi ~BiDiFgEdCdAe"}, {0x03B3, "AjDdGj DdDa"}, {0x03B4, "~EmCmCkEiFgEdCdAfBhDi"},
    {0x03B5, "~FiDjBiBhDg ~DgAfAeCdFe"}, {0x03B7, "AjAd ~AhCjEjFh FhFa"}, {0x03B8, "~CmEkEgCdAgAkCm AhEh"},
    {0x03BB, "AmBmFd DiAd"}, {0x03BC, "AjAa ~AfBdDdEf EjEd"}, {0x03BD, "AjCdFj"},
    {0x03C0, "AjGj BjBd EjEeFd"}, {0x03C1, "AaAg ~AgBjDjFhEdCdAf"}, {0x03C3, "~CjAhAfCdEfEhCj CjGj"},
    {0x03C4, "AjGj DjDeEd"}, {0x03C6, "~BjAgCdEdGgEjDgDa"}, {0x03C9, "~BjAgBdDe ~DeFdGgFj DeDh"},
    {0x2013, "AhGh"}, {0x2014, "AhGh"}, {0x2016, "CaCn EaEn"}, {0x2018, "DnCk"}, {0x2019, "DnCk"},
    {0x201C, "CnBk EnDk"}, {0x201D, "CnBk EnDk"}, {0x2022, "Dh"}, {0x2026, "Ad Dd Gd"},
    {0x20AC, "~GlEmCkBhCfEdGe AiFi AgFg"}, {0x207B, "BlFl"}, {0x2190, "GhAhDk AhDe"}, {0x2191, "DdDmAj DmGj"},
    {0x2192, "AhGhDk GhDe"}, {0x2193, "DmDdAg DdGg"}, {0x2194, "AhGh CjAhCf EjGhEf"},
    {0x21A9, "DkGkGfAf ChAfCd"}, {0x21B5, "GlGhAhCj AhCf"}, {0x21D2, "AjFj AgFg DlGhDe"},
    {0x2200, "AmDdGm BiFi"}, {0x2202, "~BlDmFkGgEdCdAfBiDjGh"}, {0x2207, "AmGmDdAm"},
    {0x2208, "GkDkAiAhAgDeGe AhGh"}, {0x2211, "GmAmDhAdGd"}, {0x2212, "AhGh"}, {0x2213, "AmGm DjDd AgGg"},
    {0x221A, "AiBiDdGn"}, {0x221E, "~DhBjAhBfDhFjGhFfDh"}, {0x2248, "~AjCkEiGj ~AgChEfGg"}, {0x2260, "AjGj AfGf FlBd"},
    {0x2264, "GmAjGg AdGd"}, {0x2265, "AmGjAg AdGd"}, {0x22EF, "Ah Dh Gh"}, {0x25A1, "BfFfFjBjBf"},
    {0x25B1, "AeCkGkEeAe"}, {0x25B3, "AeDlGeAe"}, {0x25B7, "BeGhBkBe"}, {0x25BD, "AkDdGkAk"},
    {0x25C7, "DdGhDlAhDd"}, {0x25CB, "~DkFjGhFfDeBfAhBjDk"}, {0x2606, "DmEiGiFgFdDfBdBgAiCiDm"},
    {0x2713, "AhCdGl"}, {0x2714, "AhCdGl"}, {0x2717, "AdFl FdBk"}, {0x2718, "AdGl GdAl"}, {0x27E8, "EnCgEa"},
    {0x27E9, "CnEgCa"},
};

/* Filled signs: points x, y in quarters of a unit from the alphabet's origin. */
static const struct {
    uint16_t code;
    int n;
    signed char at[20];
} fills[] = {
    {0x25A0, 4, {3, 6, 21, 6, 21, 24, 3, 24}}, {0x25AA, 4, {6, 10, 18, 10, 18, 20, 6, 20}},
    {0x25B0, 4, {0, 3, 18, 3, 26, 27, 8, 27}}, {0x25B2, 3, {0, 4, 24, 4, 12, 30}},
    {0x25B6, 3, {1, 2, 1, 30, 25, 16}}, {0x25B8, 3, {4, 6, 4, 26, 21, 16}},
    {0x25BA, 3, {1, 2, 1, 30, 25, 16}}, {0x25BC, 3, {0, 28, 24, 28, 12, 2}},
    {0x25C0, 3, {24, 2, 24, 30, 0, 16}}, {0x25C2, 3, {20, 6, 20, 26, 3, 16}},
    {0x25C6, 4, {12, 2, 26, 16, 12, 30, -2, 16}},
    {0x2605, 10, {12, 32, 17, 21, 30, 21, 19, 14, 23, 3, 12, 10, 1, 3, 5, 14, -6, 21, 7, 21}},
};

static void draw_arm(struct raster *r, const struct symbol_cell *c, int side, int weight, uint32_t color)
{
    int thick = weight == 2 ? 2 * c->line + 1 : c->line, gap = weight == 3 ? c->line + 1 : 0, k;
    int mx = c->x + c->w / 2, my = c->y + c->h / 2, half = thick / 2;

    for (k = gap ? -1 : 0; k <= (gap ? 1 : 0); k += gap ? 2 : 1) {
        int dx = mx + k * gap - half, dy = my + k * gap - half;
        switch (side) {
        case 0: raster_rect(r, dx, c->y, thick, my - half + thick - c->y, color, 1); break;
        case 1: raster_rect(r, mx - half, dy, c->x + c->w - mx + half, thick, color, 1); break;
        case 2: raster_rect(r, dx, my - half, thick, c->y + c->h - my + half, color, 1); break;
        default: raster_rect(r, c->x, dy, mx - half + thick - c->x, thick, color, 1); break;
        }
    }
}

static int draw_box(struct raster *r, const struct symbol_cell *c, uint32_t code, uint32_t color)
{
    size_t i;
    int side, k;

    if (code >= 0x2504 && code <= 0x2507) {
        int heavy = code % 2, thick = heavy ? 2 * c->line + 1 : c->line;
        for (k = 0; k < 3; k++)
            if (code <= 0x2505)
                raster_rect(r, c->x + k * c->w / 3 + 1, c->y + c->h / 2 - thick / 2, c->w / 3 - 2, thick,
                            color, 1);
            else
                raster_rect(r, c->x + c->w / 2 - thick / 2, c->y + k * c->h / 3 + 2, thick, c->h / 3 - 4,
                            color, 1);
        return 1;
    }
    for (i = 0; i < sizeof boxes / sizeof *boxes; i++) {
        if (boxes[i].code != code)
            continue;
        for (side = 0; side < 4; side++)
            if (boxes[i].arm[side] != '0')
                draw_arm(r, c, side, boxes[i].arm[side] - '0', color);
        return 1;
    }
    return 0;
}

static int draw_block(struct raster *r, const struct symbol_cell *c, uint32_t code, uint32_t color)
{
    static const unsigned char quadrants[] = {4, 8, 1, 13, 9, 7, 11, 2, 6, 14}; /* 1 2 above, 4 8 below */
    int n, k;

    if (code == 0x2580)
        raster_rect(r, c->x, c->y, c->w, c->h / 2, color, 1);
    else if (code <= 0x2588) {
        n = (int)lround((double)c->h * (code - 0x2580) / 8);
        raster_rect(r, c->x, c->y + c->h - n, c->w, n, color, 1);
    } else if (code <= 0x258F)
        raster_rect(r, c->x, c->y, (int)lround((double)c->w * (0x2590 - code) / 8), c->h, color, 1);
    else if (code == 0x2590)
        raster_rect(r, c->x + c->w / 2, c->y, c->w - c->w / 2, c->h, color, 1);
    else if (code <= 0x2593)
        raster_rect(r, c->x, c->y, c->w, c->h, color, 0.25 * (code - 0x2590));
    else if (code == 0x2594)
        raster_rect(r, c->x, c->y, c->w, c->h / 8, color, 1);
    else if (code == 0x2595)
        raster_rect(r, c->x + c->w - c->w / 8, c->y, c->w / 8, c->h, color, 1);
    else
        for (k = 0; k < 4; k++)
            if (quadrants[code - 0x2596] >> k & 1)
                raster_rect(r, c->x + k % 2 * (c->w / 2), c->y + k / 2 * (c->h / 2), c->w / 2, c->h / 2,
                            color, 1);
    return 1;
}

static int draw_braille(struct raster *r, const struct symbol_cell *c, uint32_t code, uint32_t color)
{
    static const unsigned char place[8] = {0, 2, 4, 1, 3, 5, 6, 7}; /* row * 2 + column, by bit */
    int k;

    for (k = 0; k < 8; k++)
        if (code >> k & 1) {
            int row = place[k] / 2, column = place[k] % 2;
            raster_disc(r, c->x + (column + 0.5) * c->w / 2, c->y + (row + 0.5) * c->h / 4, c->w * 0.175,
                        color, 1);
        }
    return 1;
}

/* An arrow that goes round: most of a circle, and a head where it ends. */
static int draw_turn(struct raster *r, const struct symbol_cell *c, int side, uint32_t color)
{
    enum { PIECES = 20 };
    double mx = c->x + c->w / 2.0, my = c->base - 4 * c->unit_y, radius = c->w * 0.36, x0 = 0, y0 = 0;
    double head[6];
    int i;

    for (i = 0; i <= PIECES; i++) {
        double a = (-0.15 + 1.55 * i / PIECES) * 3.14159265358979; /* from the right, below, to the top */
        double x = mx - side * radius * cos(a), y = my + radius * sin(a);
        if (i)
            raster_line(r, x0, y0, x, y, c->stroke, color, 1);
        x0 = x;
        y0 = y;
    }
    head[0] = x0 + side * c->w * 0.02;
    head[1] = y0 - c->w * 0.26;
    head[2] = head[0];
    head[3] = y0 + c->w * 0.26;
    head[4] = x0 - side * c->w * 0.34;
    head[5] = y0;
    raster_polygon(r, head, 3, color);
    return 1;
}

static int draw_filled(struct raster *r, const struct symbol_cell *c, uint32_t code, uint32_t color)
{
    double at[20];
    size_t i;
    int k;

    if (code == 0x21BA || code == 0x21BB)
        return draw_turn(r, c, code == 0x21BA ? 1 : -1, color);
    if (code == 0x25CF) {
        raster_disc(r, c->x + c->w / 2.0, c->base - 4 * c->unit_y, c->w * 0.36, color, 1);
        return 1;
    }
    for (i = 0; i < sizeof fills / sizeof *fills; i++) {
        if (fills[i].code != code)
            continue;
        for (k = 0; k < fills[i].n; k++) {
            at[2 * k] = c->left + fills[i].at[2 * k] * c->unit_x / 4;
            at[2 * k + 1] = c->base - fills[i].at[2 * k + 1] * c->unit_y / 4;
        }
        raster_polygon(r, at, fills[i].n, color);
        return 1;
    }
    return 0;
}

static int draw_strokes(struct raster *r, const struct symbol_cell *c, uint32_t code, uint32_t color)
{
    struct glyph g;
    size_t i;

    for (i = 0; i < sizeof strokes / sizeof *strokes; i++)
        if (strokes[i].code == code) {
            memset(&g, 0, sizeof g);
            font_strokes(strokes[i].row, &g);
            raster_glyph(r, c->left, c->base, c->unit_x, c->unit_y,
                         c->stroke * (code >= 0x2713 && code <= 0x2718 ? 1.3 : 1), color, &g);
            return 1;
        }
    return 0;
}

int symbol_draw(struct raster *r, const struct symbol_cell *c, uint32_t code, uint32_t color)
{
    if (code >= 0x2800 && code <= 0x28FF)
        return draw_braille(r, c, code, color);
    if (code >= 0x2580 && code <= 0x259F)
        return draw_block(r, c, code, color);
    if (code >= 0x2500 && code <= 0x257F)
        return draw_box(r, c, code, color);
    return draw_filled(r, c, code, color) || draw_strokes(r, c, code, color);
}
