/* The schema and its history.
 *
 * Design: version i of the schema is reached from version i - 1 by one text of
 * SQL; a new file runs them all. The version stands in the file's user_version,
 * and application_id tells a store from another program's database. All texts
 * that are needed run in one transaction: a file is never between versions.
 *
 * Invariants: every table is STRICT; what belongs to a run goes with it
 * (ON DELETE CASCADE); a published migration is never changed, only followed by
 * another. A NULL where a number could be means: not measured. */
#include "engine/store/store_db.h"

static const char *const version_1[] = {
    "PRAGMA application_id = 1196576844",
    "CREATE TABLE run (\n"
    "  id INTEGER PRIMARY KEY AUTOINCREMENT,\n"
    "  name TEXT NOT NULL UNIQUE,\n"
    "  parent INTEGER REFERENCES run(id),\n"
    "  parent_step INTEGER,\n"
    "  preset TEXT NOT NULL,\n"
    "  stage TEXT NOT NULL,\n"
    "  state TEXT NOT NULL,\n"
    "  key TEXT NOT NULL,\n"
    "  seed INTEGER NOT NULL,\n"
    "  step INTEGER NOT NULL,\n"
    "  seconds REAL NOT NULL,\n"
    "  rl_seconds REAL NOT NULL,\n"
    "  created INTEGER NOT NULL,\n"
    "  used INTEGER NOT NULL,\n"
    "  note TEXT NOT NULL\n"
    ") STRICT",
    "CREATE INDEX run_parent ON run(parent)",
    "CREATE INDEX run_key ON run(key) WHERE key <> ''",
    "CREATE TABLE setting (\n"
    "  run INTEGER NOT NULL REFERENCES run(id) ON DELETE CASCADE,\n"
    "  key TEXT NOT NULL,\n"
    "  value TEXT NOT NULL,\n"
    "  place INTEGER NOT NULL,\n"
    "  PRIMARY KEY (run, key)\n"
    ") STRICT, WITHOUT ROWID",
    "CREATE TABLE environment (\n"
    "  run INTEGER NOT NULL REFERENCES run(id) ON DELETE CASCADE,\n"
    "  key TEXT NOT NULL,\n"
    "  value TEXT NOT NULL,\n"
    "  place INTEGER NOT NULL,\n"
    "  PRIMARY KEY (run, key)\n"
    ") STRICT, WITHOUT ROWID",
    "CREATE TABLE vocabulary (\n"
    "  run INTEGER NOT NULL REFERENCES run(id) ON DELETE CASCADE,\n"
    "  id INTEGER NOT NULL,\n"
    "  token TEXT NOT NULL,\n"
    "  PRIMARY KEY (run, id)\n"
    ") STRICT, WITHOUT ROWID",
    "CREATE TABLE step (\n"
    "  run INTEGER NOT NULL REFERENCES run(id) ON DELETE CASCADE,\n"
    "  step INTEGER NOT NULL,\n"
    "  seconds REAL,\n"
    "  digest BLOB NOT NULL,\n"
    "  PRIMARY KEY (run, step)\n"
    ") STRICT, WITHOUT ROWID",
    "CREATE TABLE metric_name (\n"
    "  id INTEGER PRIMARY KEY,\n"
    "  name TEXT NOT NULL UNIQUE,\n"
    "  unit TEXT NOT NULL,\n"
    "  meaning TEXT NOT NULL\n"
    ") STRICT",
    "CREATE TABLE metric (\n"
    "  run INTEGER NOT NULL,\n"
    "  step INTEGER NOT NULL,\n"
    "  metric INTEGER NOT NULL REFERENCES metric_name(id),\n"
    "  value REAL NOT NULL,\n"
    "  PRIMARY KEY (run, step, metric),\n"
    "  FOREIGN KEY (run, step) REFERENCES step(run, step) ON DELETE CASCADE\n"
    ") STRICT, WITHOUT ROWID",
    "CREATE TABLE expert_load (\n"
    "  run INTEGER NOT NULL,\n"
    "  step INTEGER NOT NULL,\n"
    "  layer INTEGER NOT NULL,\n"
    "  expert INTEGER NOT NULL,\n"
    "  load REAL,\n"
    "  bias REAL,\n"
    "  PRIMARY KEY (run, step, layer, expert),\n"
    "  FOREIGN KEY (run, step) REFERENCES step(run, step) ON DELETE CASCADE\n"
    ") STRICT, WITHOUT ROWID",
    "CREATE TABLE trace_group (\n"
    "  run INTEGER NOT NULL,\n"
    "  step INTEGER NOT NULL,\n"
    "  group_no INTEGER NOT NULL,\n"
    "  mean REAL,\n"
    "  std REAL,\n"
    "  flat INTEGER NOT NULL,\n"
    "  problem TEXT NOT NULL,\n"
    "  prompt TEXT NOT NULL,\n"
    "  PRIMARY KEY (run, step, group_no),\n"
    "  FOREIGN KEY (run, step) REFERENCES step(run, step) ON DELETE CASCADE\n"
    ") STRICT, WITHOUT ROWID",
    "CREATE TABLE trace (\n"
    "  run INTEGER NOT NULL,\n"
    "  step INTEGER NOT NULL,\n"
    "  group_no INTEGER NOT NULL,\n"
    "  index_no INTEGER NOT NULL,\n"
    "  n INTEGER NOT NULL,\n"
    "  reward REAL,\n"
    "  advantage REAL,\n"
    "  accuracy REAL,\n"
    "  format REAL,\n"
    "  at INTEGER NOT NULL,\n"
    "  why TEXT NOT NULL,\n"
    "  cut_off INTEGER NOT NULL,\n"
    "  aha INTEGER NOT NULL,\n"
    "  tokens BLOB NOT NULL,\n"
    "  PRIMARY KEY (run, step, group_no, index_no),\n"
    "  FOREIGN KEY (run, step, group_no) REFERENCES trace_group(run, step, group_no) ON DELETE CASCADE\n"
    ") STRICT",
    "CREATE TABLE evaluation (\n"
    "  run INTEGER NOT NULL,\n"
    "  step INTEGER NOT NULL,\n"
    "  place INTEGER NOT NULL,\n"
    "  k INTEGER NOT NULL,\n"
    "  problems INTEGER NOT NULL,\n"
    "  temperature REAL,\n"
    "  top_p REAL,\n"
    "  pass_1 REAL,\n"
    "  pass_k REAL,\n"
    "  maj_k REAL,\n"
    "  mean_length REAL,\n"
    "  waits REAL,\n"
    "  right_n BLOB NOT NULL,\n"
    "  PRIMARY KEY (run, step, place),\n"
    "  FOREIGN KEY (run, step) REFERENCES step(run, step) ON DELETE CASCADE\n"
    ") STRICT, WITHOUT ROWID",
    "CREATE TABLE keyframe (\n"
    "  run INTEGER NOT NULL,\n"
    "  step INTEGER NOT NULL,\n"
    "  pinned INTEGER NOT NULL,\n"
    "  PRIMARY KEY (run, step),\n"
    "  FOREIGN KEY (run, step) REFERENCES step(run, step) ON DELETE CASCADE\n"
    ") STRICT, WITHOUT ROWID",
    "CREATE TABLE keyframe_tensor (\n"
    "  run INTEGER NOT NULL,\n"
    "  step INTEGER NOT NULL,\n"
    "  kind TEXT NOT NULL,\n"
    "  name TEXT NOT NULL,\n"
    "  digest BLOB NOT NULL,\n"
    "  data BLOB NOT NULL,\n"
    "  PRIMARY KEY (run, step, kind, name),\n"
    "  FOREIGN KEY (run, step) REFERENCES keyframe(run, step) ON DELETE CASCADE\n"
    ") STRICT",
    "CREATE TABLE log (\n"
    "  id INTEGER PRIMARY KEY,\n"
    "  run INTEGER NOT NULL REFERENCES run(id) ON DELETE CASCADE,\n"
    "  step INTEGER NOT NULL,\n"
    "  level INTEGER NOT NULL,\n"
    "  time INTEGER NOT NULL,\n"
    "  text TEXT NOT NULL\n"
    ") STRICT",
    "CREATE INDEX log_run ON log(run)",
    /* For people: the same data with names in place of numbers. */
    "CREATE VIEW metrics AS\n"
    "  SELECT r.name AS run, m.step AS step, n.name AS name, m.value AS value\n"
    "  FROM run r JOIN metric m ON m.run = r.id JOIN metric_name n ON n.id = m.metric",
    "CREATE VIEW evaluations AS\n"
    "  SELECT r.name AS run, e.step, e.temperature, e.top_p, e.k, e.problems, e.pass_1, e.pass_k, e.maj_k,\n"
    "         e.mean_length, e.waits\n"
    "  FROM run r JOIN evaluation e ON e.run = r.id",
    /* traces: the ids are unpacked from hexadecimal digits, two a byte, and joined to words. */
    "CREATE VIEW traces AS\n"
    "  SELECT r.name AS run, t.step, t.group_no, t.index_no, t.reward, t.advantage, t.accuracy, t.format,\n"
    "         t.why, t.n, t.cut_off, t.aha, g.problem,\n"
    "    (WITH RECURSIVE token(i, hex) AS (\n"
    "       SELECT 0, CASE hex(substr(t.tokens, 1, 1)) WHEN '01' THEN '00' || hex(substr(t.tokens, 2, 1))\n"
    "                 ELSE hex(substr(t.tokens, 3, 1)) || hex(substr(t.tokens, 2, 1)) END WHERE t.n > 0\n"
    "       UNION ALL\n"
    "       SELECT i + 1, CASE hex(substr(t.tokens, 1, 1))\n"
    "                     WHEN '01' THEN '00' || hex(substr(t.tokens, i + 3, 1))\n"
    "                     ELSE hex(substr(t.tokens, 2 * i + 5, 1)) || hex(substr(t.tokens, 2 * i + 4, 1))\n"
    "                     END\n"
    "       FROM token WHERE i + 1 < t.n)\n"
    "     SELECT group_concat(coalesce(v.token, '?'), ' ') FROM token LEFT JOIN vocabulary v\n"
    "       ON v.run = t.run AND v.id = (instr('123456789ABCDEF', substr(hex, 1, 1)) << 12)\n"
    "                                 + (instr('123456789ABCDEF', substr(hex, 2, 1)) << 8)\n"
    "                                 + (instr('123456789ABCDEF', substr(hex, 3, 1)) << 4)\n"
    "                                 + instr('123456789ABCDEF', substr(hex, 4, 1))\n"
    "    ) AS text\n"
    "  FROM run r JOIN trace t ON t.run = r.id\n"
    "    JOIN trace_group g ON g.run = t.run AND g.step = t.step AND g.group_no = t.group_no",
    NULL,
};

/* Findings belong to a trace and go with it; they are made later than its step, and the
 * step is not touched. */
static const char *const version_2[] = {
    "CREATE TABLE finding (\n"
    "  run INTEGER NOT NULL,\n"
    "  step INTEGER NOT NULL,\n"
    "  group_no INTEGER NOT NULL,\n"
    "  index_no INTEGER NOT NULL,\n"
    "  kind TEXT NOT NULL,\n"
    "  token INTEGER NOT NULL,\n"
    "  right_n INTEGER NOT NULL,\n"
    "  n INTEGER NOT NULL,\n"
    "  without_right_n INTEGER NOT NULL,\n"
    "  without_n INTEGER NOT NULL,\n"
    "  p REAL,\n"
    "  verified INTEGER NOT NULL,\n"
    "  created INTEGER NOT NULL,\n"
    "  PRIMARY KEY (run, step, group_no, index_no, kind, token),\n"
    "  FOREIGN KEY (run, step, group_no, index_no) REFERENCES trace(run, step, group_no, index_no)\n"
    "    ON DELETE CASCADE\n"
    ") STRICT, WITHOUT ROWID",
    "CREATE VIEW findings AS\n"
    "  SELECT r.name AS run, f.step, f.group_no, f.index_no, f.kind, f.token, f.right_n, f.n,\n"
    "         f.without_right_n, f.without_n, f.p, f.verified, datetime(f.created, 'unixepoch') AS created\n"
    "  FROM run r JOIN finding f ON f.run = r.id",
    NULL,
};

/* What a run learns from where it is collected from other runs: written when the run is made,
 * before its first step. */
static const char *const version_3[] = {
    "CREATE TABLE example (\n"
    "  run INTEGER NOT NULL REFERENCES run(id) ON DELETE CASCADE,\n"
    "  place INTEGER NOT NULL,\n"
    "  kind TEXT NOT NULL,\n"
    "  kept INTEGER NOT NULL,\n"
    "  verdict TEXT NOT NULL,\n"
    "  respect INTEGER NOT NULL,\n"
    "  source TEXT NOT NULL,\n"
    "  prompt TEXT NOT NULL,\n"
    "  text TEXT NOT NULL,\n"
    "  other TEXT NOT NULL,\n"
    "  why TEXT NOT NULL,\n"
    "  accuracy REAL,\n"
    "  format REAL,\n"
    "  language REAL,\n"
    "  readable REAL,\n"
    "  PRIMARY KEY (run, place)\n"
    ") STRICT, WITHOUT ROWID",
    "CREATE VIEW examples AS\n"
    "  SELECT r.name AS run, x.place, x.kind, x.kept, x.verdict, x.source, x.prompt,\n"
    "         x.text, x.other, x.why,\n"
    "         x.accuracy, x.format, x.language, x.readable\n"
    "  FROM run r JOIN example x ON x.run = r.id",
    NULL,
};

const struct migration schema_migration[] = {{version_1}, {version_2}, {version_3}};
const int schema_n = sizeof schema_migration / sizeof *schema_migration;

enum status schema_identify(struct db *d, int known, int *version, struct err *e)
{
    int64_t application, user, objects = 0;
    enum status st = db_number(d, "PRAGMA application_id", &application, e);
    if (!st)
        st = db_number(d, "PRAGMA user_version", &user, e);
    if (!st && application != APPLICATION_ID)
        st = db_number(d, "SELECT count(*) FROM sqlite_schema", &objects, e);
    if (st)
        return st;
    if (application != APPLICATION_ID && (application || user || objects))
        return err_set(e, ST_CORRUPT, "store",
                       "%s is not a grpolab store but another program's database; name "
                       "another file with --store",
                       d->shown);
    if (user > known)
        return err_set(e, ST_NEWER, "store",
                       "%s was written by a newer grpolab (schema %lld, this program knows "
                       "%d); use that program",
                       d->shown, (long long)user, known);
    if (user < 0 || (application == APPLICATION_ID && user == 0))
        return err_set(e, ST_CORRUPT, "store", "%s is a damaged grpolab store (schema %lld)", d->shown,
                       (long long)user);
    *version = (int)user;
    return ST_OK;
}

enum status schema_migrate(struct db *d, const struct migration *m, int n, struct err *e)
{
    char set[64];
    int version = 0;
    enum status st = db_begin(d, e);
    if (st)
        return st;
    /* Asked again under the lock: another process may have been quicker. */
    st = schema_identify(d, n, &version, e);
    for (; !st && version < n; version++) {
        for (const char *const *sql = m[version].sql; !st && *sql; sql++)
            st = db_exec(d, *sql, e);
        if (!st) {
            sqlite3_snprintf(sizeof set, set, "PRAGMA user_version = %d", version + 1);
            st = db_exec(d, set, e);
        }
    }
    return db_end(d, st, e);
}
