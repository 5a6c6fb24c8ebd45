#ifndef GRPOLAB_TESTS_UNIT_TEST_COUNTDOWN_H
#define GRPOLAB_TESTS_UNIT_TEST_COUNTDOWN_H

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "scenarios/countdown.h"

/* A change of one setting from its initial value. */
struct change {
    const char *key;
    double value;
};

static inline void countdown_fixture_set(struct countdown_config *config, const char *key, double value)
{
    for (int i = 0; i < scenario_countdown.settings_n; i++) {
        const struct setting *s = &scenario_countdown.settings[i];
        if (key && strcmp(s->key, key) != 0)
            continue;
        if (s->kind == SET_REAL)
            *(double *)((char *)config + s->offset) = key ? value : s->initial;
        else
            *(int *)((char *)config + s->offset) = (int)(key ? value : s->initial);
        if (key)
            return;
    }
    cr_assert(!key, "no setting %s", key ? key : "");
}

/* The initial settings with up to n changes. */
static inline struct countdown_config countdown_fixture_config(const struct change *change, int n)
{
    struct countdown_config config;
    memset(&config, 0, sizeof config);
    countdown_fixture_set(&config, NULL, 0);
    for (int i = 0; i < n; i++)
        countdown_fixture_set(&config, change[i].key, change[i].value);
    return config;
}

static inline void *countdown_fixture_open(const struct change *change, int n)
{
    struct countdown_config config = countdown_fixture_config(change, n);
    struct err e = {0};
    void *self;
    cr_assert_eq(scenario_countdown.open(&config, &self, &e), ST_OK, "%s", e.msg);
    return self;
}

/* Reads `User : 11 8 7 -> 26 Assistant : <think>` back; gives what follows, NULL when it is no prompt. */
static inline const char *countdown_fixture_read(const char *text, struct problem *p)
{
    static const char begin[] = "User : ", end[] = " Assistant : <think>";
    char *s;
    memset(p, 0, sizeof *p);
    if (strncmp(text, begin, strlen(begin)) != 0)
        return NULL;
    text += strlen(begin);
    while (*text != '-') {
        p->value[p->n++] = (int32_t)strtol(text, &s, 10);
        text = s + 1;
    }
    p->value[p->n++] = (int32_t)strtol(text + 3, &s, 10);
    cr_assert_eq(strncmp(s, end, strlen(end)), 0, "after the target: %s", s);
    return s + strlen(end);
}

static inline struct problem countdown_fixture_problem(const char *json)
{
    struct problem p;
    struct err e = {0};
    cr_assert_eq(scenario_countdown.parse(NULL, json, &p, &e), ST_OK, "%s: %s", json, e.msg);
    return p;
}

#endif
