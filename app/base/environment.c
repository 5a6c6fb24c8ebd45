/* The environment's fingerprint. GRPOLAB_VERSION, GRPOLAB_ENGINE_ID and GRPOLAB_FLAGS come from the build. */
#include "app/base/environment.h"

#include <stdio.h>
#include <string.h>

#include "engine/nn/bf16.h"
#include "engine/nn/blas.h"
#include "engine/nn/kernels.h"

static void cpu_model(char *out, size_t bytes)
{
    char line[256];
    FILE *f = fopen("/proc/cpuinfo", "r");
    snprintf(out, bytes, "unknown");
    while (f && fgets(line, sizeof line, f)) {
        char *colon = strchr(line, ':');
        if (strncmp(line, "model name", 10) || !colon)
            continue;
        snprintf(out, bytes, "%s", colon + 2);
        out[strcspn(out, "\n")] = 0;
        break;
    }
    if (f)
        fclose(f);
}

const char *environment_version(void)
{
    return GRPOLAB_VERSION;
}

const char *environment_engine(void)
{
    return GRPOLAB_ENGINE_ID;
}

void environment_machine(struct str *out)
{
    char cpu[256];
    cpu_model(cpu, sizeof cpu);
    str_printf(out, "%s %s %s", kernels_best()->name, blas_core(), cpu);
}

void environment_print(struct str *out)
{
    char cpu[256];
    cpu_model(cpu, sizeof cpu);
    str_printf(out,
               "version = %s\nengine = %s\ncompiler = %s\nflags = %s\nkernels = %s\nbf16 = %s\nblas = %s\n"
               "blas core = %s\ncpu = %s\n",
               GRPOLAB_VERSION, GRPOLAB_ENGINE_ID, __VERSION__, GRPOLAB_FLAGS, kernels_best()->name,
               bf16_best()->name, blas_config(), blas_core(), cpu);
}
