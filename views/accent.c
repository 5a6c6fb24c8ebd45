/* One row for each mark: pairs of the letter with it and the letter without. */
#include "views/accent.h"

#include <stddef.h>
#include <string.h>

#include "views/canvas.h"

static const struct {
    uint32_t mark;
    const char *letters;
} rows[] = {
    {0x0300, "ÀAÈEÌIÒOÙUàaèeìiòoùu"},
    {0x0301, "ÁAÉEÍIÓOÚUÝYáaéeíióoúuýyĆCćcĹLĺlŃNńnŔRŕrŚSśsŹZźz"},
    {0x0302, "ÂAÊEÎIÔOÛUâaêeîiôoûuĈCĉcĜGĝgĤHĥhĴJĵjŜSŝsŴWŵwŶYŷy"},
    {0x0303, "ÃAÑNÕOãañnõoĨIĩiŨUũu"},
    {0x0304, "ĀAāaĒEēeĪIīiŌOōoŪUūu"},
    {0x0306, "ĂAăaĔEĕeĞGğgĬIĭiŎOŏoŬUŭu"},
    {0x0307, "ĊCċcĖEėeĠGġgİIŻZżz"},
    {0x0308, "ÄAËEÏIÖOÜUäaëeïiöoüuÿyŸY"},
    {0x030A, "ÅAåaŮUůu"},
    {0x030B, "ŐOőoŰUűu"},
    {0x030C, "ČCčcĎDďdĚEěeŇNňnŘRřrŠSšsŤTťtŽZžzǍAǎaǏIǐiǑOǒoǓUǔu"},
    {0x0327, "ÇCçcĢGģgĶKķkĻLļlŅNņnŖRŗrŞSşsŢTţt"},
    {0x0328, "ĄAąaĘEęeĮIįiŲUųu"},
};

int accent_split(uint32_t code, uint32_t *letter, uint32_t *mark)
{
    size_t i;
    int used;

    if (code < 0xC0 || code > 0x1D4)
        return 0;
    for (i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *p;
        for (p = rows[i].letters; *p; p += used + 1)
            if (utf8_next(p, strlen(p), &used) == code) {
                *letter = p[used] == 'i' && accent_is_above(rows[i].mark) ? 0x131 : (uint32_t)p[used];
                *mark = rows[i].mark;
                return 1;
            }
    }
    return 0;
}

int accent_is_above(uint32_t mark)
{
    return (mark >= 0x0300 && mark <= 0x0314) || (mark >= 0x033D && mark <= 0x0344);
}

int accent_subscript(uint32_t code)
{
    /* U+2080 to U+209C; a blank where Unicode has none or it is no ASCII character. */
    static const char row[] = "0123456789+-=() aeox hklmnpst";

    if (code >= 0x2080 && code < 0x2080 + sizeof row - 1)
        return row[code - 0x2080] == ' ' ? 0 : row[code - 0x2080];
    if (code >= 0x1D62 && code <= 0x1D65)
        return "iruv"[code - 0x1D62];
    return code == 0x2C7C ? 'j' : 0;
}
