/* The words of the two languages, written and read. A number is one word: `twenty-one`, 二十一. */
#include <stdio.h>
#include <string.h>

#include "scenarios/bilingual.h"

enum { CHARACTER = 3 };   /* bytes of a Chinese character here */

static const char *const small[] = {
    "zero",     "one",     "two",     "three",     "four",     "five",     "six",
    "seven",    "eight",   "nine",    "ten",       "eleven",   "twelve",   "thirteen",
    "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
};
static const char *const tens[] = {"",      "",      "twenty",  "thirty", "forty",
                                   "fifty", "sixty", "seventy", "eighty", "ninety"};
static const char *const figure[] = {"零", "一", "二", "三", "四", "五", "六", "七", "八", "九"};
static const char ten[] = "十";
static const char *const spoken[BILINGUAL_LANGUAGES_N][BILINGUAL_WORDS_N] = {{"plus", "minus", "equals"},
                                                                            {"加", "减", "等于"}};

void bilingual_name(enum bilingual_language language, int v, char out[BILINGUAL_BYTES])
{
    int high = v / 10 % 10, low = v % 10;
    if (language == BILINGUAL_ENGLISH && v < 20)
        snprintf(out, BILINGUAL_BYTES, "%s", small[v]);
    else if (language == BILINGUAL_ENGLISH)
        snprintf(out, BILINGUAL_BYTES, "%s%s%s", tens[high], low ? "-" : "", low ? small[low] : "");
    else if (v < 10)
        snprintf(out, BILINGUAL_BYTES, "%s", figure[v]);
    else
        snprintf(out, BILINGUAL_BYTES, "%s%s%s", high > 1 ? figure[high] : "", ten, low ? figure[low] : "");
}

const char *bilingual_spoken(enum bilingual_language language, enum bilingual_word word)
{
    return spoken[language][word];
}

static int is(const char *s, int n, const char *word)
{
    return strlen(word) == (size_t)n && memcmp(s, word, (size_t)n) == 0;
}

static int read_english(const char *s, int n)
{
    for (int v = 0; v < 20; v++)
        if (is(s, n, small[v]))
            return v;
    for (int high = 2; high < 10; high++) {
        int m = (int)strlen(tens[high]);
        if (n < m || memcmp(s, tens[high], (size_t)m) != 0)
            continue;
        if (n == m)
            return 10 * high;
        for (int low = 1; low < 10 && s[m] == '-'; low++)
            if (is(s + m + 1, n - m - 1, small[low]))
                return 10 * high + low;
    }
    return -1;
}

static int figure_at(const char *s)
{
    for (int v = 0; v < 10; v++)
        if (memcmp(s, figure[v], CHARACTER) == 0)
            return v;
    return -1;
}

/* 七, 十, 十七, 七十, 七十七; never 一十, which is 十, nor a 零 beside a ten. */
static int read_chinese(const char *s, int n)
{
    int high = 1, low = 0, at = 0;
    if (n == CHARACTER && (low = figure_at(s)) >= 0)
        return low;
    if (n % CHARACTER || n < CHARACTER || n > 3 * CHARACTER)
        return -1;
    low = 0;
    if (memcmp(s, ten, CHARACTER) != 0) {
        high = figure_at(s);
        at = CHARACTER;
        if (high < 2)
            return -1;
    }
    if (at + CHARACTER > n || memcmp(s + at, ten, CHARACTER) != 0)
        return -1;
    at += CHARACTER;
    if (at < n) {
        low = figure_at(s + at);
        if (low < 1 || at + CHARACTER != n)
            return -1;
    }
    return 10 * high + low;
}

struct bilingual_meaning bilingual_read(const char *s, int n)
{
    struct bilingual_meaning m = {-1, -1, BILINGUAL_WORDS_N};
    for (int l = 0; l < BILINGUAL_LANGUAGES_N; l++)
        for (int w = 0; w < BILINGUAL_WORDS_N; w++)
            if (is(s, n, spoken[l][w]))
                return (struct bilingual_meaning){l, -1, (enum bilingual_word)w};
    if ((m.number = read_english(s, n)) >= 0)
        m.language = BILINGUAL_ENGLISH;
    else if ((m.number = read_chinese(s, n)) >= 0)
        m.language = BILINGUAL_CHINESE;
    return m;
}
