#ifndef GRPOLAB_APP_ENVIRONMENT_H
#define GRPOLAB_APP_ENVIRONMENT_H

#include "engine/base/str.h"

/* What the bits of a run depend on besides its settings and seed: "key = value\n" lines: version, engine,
 * flags, kernels, bf16 (its unit or its emulation, of the same bits), blas, cpu. */
void environment_print(struct str *out);
const char *environment_version(void);
/* environment_engine: changes exactly when the engine's sources do. */
const char *environment_engine(void);
/* environment_machine: kernels, BLAS core and CPU in one word list, for the key of reusable stages. */
void environment_machine(struct str *out);

#endif
