#ifndef GRPOLAB_APP_SESSION_BREAK_H
#define GRPOLAB_APP_SESSION_BREAK_H

#include "engine/rl/gate.h"
#include "engine/run/record.h"

struct session;

/* The tests of one step's aha candidates, made where somebody asks for `aha.verified`: by resampling under
 * the weights that sampled the step, before its update, candidate after candidate until one is verified. */
enum { ROUND_FINDINGS = 64 };

struct aha_round {
    struct session *session;
    struct gate control;         /* the gate that it stands before */
    int is_tested;               /* of the step under way */
    int verified;                /* 0 or 1 */
    long tested, tokens;
    double seconds, all_seconds; /* of the round; of all rounds, none of them part of a step's own time */
    char note[160];              /* of the verified one */
    int findings_n;
    struct record_finding finding[ROUND_FINDINGS];
};

/* session_round_gate: forgets the last round; *out is the gate to take the session's next step with: where
 * the update begins it makes the tests, if a breakpoint or session.wants_aha asks for them, and is else the
 * session's own. A pause holds the tests, a cancelled step gives them up. */
void session_round_gate(struct session *s, struct gate *out);

/* session_break: after a commit: keeps what the round found out on record, and pauses the run where a
 * breakpoint is hit, saying why. session_break_failed: after a number that was not finite; what the session
 * says stays and is added to. For the engine's thread. */
void session_break(struct session *s);
void session_break_failed(struct session *s);

#endif
