/* Chinese characters in strokes. The form is font.c's, on a field of 16 by 16 units:
 * x from A (left) to Q, y from a (below) to q. The hooks that a brush leaves are kept where a character would
 * be read as another without. */
#include "views/hanzi.h"

#include <string.h>

#include "views/font.h"

#define FIELD 16.0
#define LOW (-3)    /* what font.c makes of y = a */

static const struct {
    uint32_t code;
    const char *row;
} characters[] = {
    {0x4E00, "AiQi"},                                                                       /* 一 */
    {0x4E03, "AhQl HqHdIbPbPe"},                                                            /* 七 */
    {0x4E09, "CoOo DiNi AbQb"},                                                             /* 三 */
    {0x4E0D, "ApQp ~KpGjAe IlIa KkPf"},                                                     /* 不 */
    {0x4E24, "ApQp BlBa BlPlPaMa GpGk ~GkFgDd FhHd KpKk ~KkJgHd KhNd"},                     /* 两 */
    {0x4E2A, "~IqFlAh ~IqLlQh IkIa"},                                                       /* 个 */
    {0x4E5D, "AlLl LlLdMbPbPe ~HqHiEdAa"},                                                  /* 九 */
    {0x4E58, "NqDo AmQm IoIa FkFg AjFj AgFg KkKgPg OjKh ~HfEcAa ~JfMcQa"},                  /* 乘 */
    {0x4E8C, "CnNn AcQc"},                                                                  /* 二 */
    {0x4E8E, "CoNo AiQi IoIbFb"},                                                           /* 于 */
    {0x4E94, "CpOp HpFb DjMjMb AbQb"},                                                      /* 五 */
    {0x516B, "~GnFgAa JpKjQa"},                                                             /* 八 */
    {0x516D, "HqJn AkQk ~FhEdAa KhPa"},                                                     /* 六 */
    {0x518D, "BpPp CmCa CmOmOaMa IpIe CiOi AeQe"},                                          /* 再 */
    {0x51CF, "AoCl AbDg FmQm ~FmFgDa HjKj HgHcKcKgHg ~LqMgOcPaQd ~PiNeKa NqPo"},            /* 减 */
    {0x52A0, "AlHlHbFb ~EpElDfAa KmKc KmPmPc KdPd"},                                        /* 加 */
    {0x5341, "AjQj IqIa"},                                                                  /* 十 */
    {0x5343, "NpCo AiQi IoIa"},                                                             /* 千 */
    {0x548C, "HqAo AlHl DoDa ~DkCgAd EjHg KmKc KmPmPc KdPd"},                               /* 和 */
    {0x56DB, "BoBb BoPoPb BdPd ~GoGjDg KoKhNh"},                                            /* 四 */
    {0x5BF9, "AnGn ~GnFgAb BkHb IlQl NqNaLb JiKf"},                                         /* 对 */
    {0x5F97, "EqAl FmAg DiDa IqIl IqOqOlIl IoOo GjQj GgQg NjNaLa JeLc"},                    /* 得 */
    {0x662F, "DqDk DqNqNkDk DnNn AhQh IhIb IeOe ~EfDcAa DdHbQa"},                           /* 是 */
    {0x6570, "DqEo HqGo AmIm EqEi EmAi EmIi ~EhDeAa BdHa GgDb AfIf LqJk KnQn ~OnNgIa KjQa"}, /* 数 */
    {0x7684, "EqDn BnBa BnHnHaBa BhHh ~LqKmIk KnPnPbMb LjNf"},                              /* 的 */
    {0x767E, "ApQp IpGm CmCa CmOmOaCa CgOg"},                                               /* 百 */
    {0x7B49, "DqAn CoHo EoFm LqIn KoQo MoNm CkOk IlIh AhQh BeOe LgLaJb EdGb"},              /* 等 */
    {0x8D1F, "GqCm GpLpJm DlDd DlMlMd ~IjHdAa JdPa"},                                       /* 负 */
    {0x9519, "DqAm CnGn AjGj AgGg DmDaGd KqKj NqNj HnQn HjQj JgJa JgOgOaJa JdOd"},          /* 错 */
    {0x9664, "BqBa BqFqDm ~DmGiFgDg ~LqJnHl ~LqNnQl JlOl HiQi LlLaJa IfGc NfPc"},           /* 除 */
    {0x96F6, "CqOq AoAl AoQoPl IqIl DnFm DlFk KnMm KlMk IjAf IjQf EgLgIc HcKa"},            /* 零 */
    {0x3001, "BeEb"}, {0x3002, "~DfBdDbFdDf"}, {0xFF0C, "DeDdBa"}, {0xFF1F, "~DmFpIqLpNmMkIiIf Ib"},
};

int hanzi_draw(struct raster *r, int x, int y, int w, int h, double stroke, uint32_t code, uint32_t color)
{
    double unit = ((w < h ? w : h) - 2 - stroke) / FIELD;
    struct glyph g;
    size_t i;

    for (i = 0; i < sizeof characters / sizeof *characters; i++)
        if (characters[i].code == code) {
            memset(&g, 0, sizeof g);
            font_strokes(characters[i].row, &g);
            raster_glyph(r, x + (w - FIELD * unit) / 2, y + (h + FIELD * unit) / 2 + LOW * unit, unit, unit,
                         stroke, color, &g);
            return 1;
        }
    return 0;
}
