/* store_check sees what SQLite's own check cannot: each kind of damage, done by SQL, is found and named. */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <sqlite3.h>
#include <string.h>

#include "tests/unit/store_data.h"

TestSuite(store_check, .fini = data_remove);

static const struct {
    const char *sql, *words;
} damage[] = {
    {"DELETE FROM step WHERE step = 7 AND run = 1", "refers to a missing step"},
    {"DELETE FROM metric WHERE step = 18; DELETE FROM expert_load WHERE step = 18; DELETE FROM trace WHERE "
     "step = 18;"
     "DELETE FROM trace_group WHERE step = 18; DELETE FROM step WHERE step = 18",
     "'x' should have steps 0 to 18"},
    {"UPDATE run SET step = 17", "'x' should have steps 0 to 17"},
    {"DELETE FROM keyframe_tensor WHERE step = 0", "'x' has lost the keyframe of its start"},
    {"DELETE FROM keyframe_tensor WHERE step = 16", "the keyframe of step 16 of run 'x' is empty"},
    {"UPDATE keyframe_tensor SET data = substr(data, 5) WHERE step = 16 AND kind = 'adam_m' AND name LIKE "
     "'%.1.00'",
     "tensor adam_m layers.1.00 of step 16 of run 'x' has 19996 bytes, not 20000"},
    {"UPDATE keyframe_tensor SET data = zeroblob(20000) WHERE step = 16 AND kind = 'weight' AND name LIKE "
     "'%.1.00'",
     "tensor weight layers.1.00 of the keyframe of step 16"},
    {"UPDATE keyframe_tensor SET digest = x'00' WHERE step = 0", "of the keyframe of step 0"},
    {"UPDATE step SET digest = x'0011' WHERE step = 3", "the digest of step 3 of run 'x' has 2 bytes"},
    {"DELETE FROM expert_load WHERE step = 4 AND layer = 1 AND expert = 2",
     "the expert load of step 4 of run 'x'"},
    {"UPDATE trace SET n = n + 1 WHERE step = 5 AND group_no = 1 AND index_no = 2",
     "the tokens of trace 2 of group 1, step 5"},
    {"UPDATE trace SET tokens = CAST(x'02' || substr(tokens, 2) AS BLOB) WHERE step = 6", "step 6 of run 1"},
    {"DELETE FROM trace_group WHERE step = 9", "refers to a missing trace_group"},
};

ParameterizedTestParameters(store_check, finds)
{
    static size_t index[sizeof damage / sizeof *damage];
    for (size_t i = 0; i < sizeof index / sizeof *index; i++)
        index[i] = i;
    return cr_make_param_array(size_t, index, sizeof index / sizeof *index);
}

ParameterizedTest(size_t *index, store_check, finds)
{
    struct store *s;
    struct record_run run;
    struct err e = {0};
    sqlite3 *h;
    cr_assert_eq(store_open(&s, data_path("lab.db"), NULL, &e), ST_OK, "%s", e.msg);
    run = data_run_make(s, "x", &data_small, 1);
    data_run_commit(s, run.id, &data_small, 1, 1, 18);
    cr_assert_eq(store_check(s, &e), ST_OK, "%s", e.msg);
    cr_assert_eq(sqlite3_open(data_path("lab.db"), &h), SQLITE_OK);
    cr_assert_eq(sqlite3_exec(h, damage[*index].sql, NULL, NULL, NULL), SQLITE_OK, "%s", sqlite3_errmsg(h));
    cr_assert_gt(sqlite3_total_changes(h), 0);
    sqlite3_close(h);
    cr_assert_eq(store_check(s, &e), ST_CORRUPT, "not found: %s", damage[*index].sql);
    cr_assert(strstr(e.msg, damage[*index].words) && strstr(e.msg, "lab.db"), "%s", e.msg);
    store_close(s);
}
