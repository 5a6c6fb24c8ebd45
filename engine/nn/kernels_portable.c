/* The kernels in plain C for any CPU, in float or (-DGRPOLAB_DOUBLE) in double. */
#include "engine/nn/kernels.h"

#include <string.h>

#include "engine/nn/blas.h"
#include "engine/nn/kernels_layout.h"
#include "engine/nn/vecmath.h"

#include "engine/nn/gemm_portable.h"
#include "engine/nn/kernels_rows.h"

#include "engine/nn/kernels_experts.h"

#include "engine/nn/kernels_attention.h"

#include "engine/nn/kernels_attend.h"

#include "engine/nn/kernels_table.h"

const struct kernels kernels_portable = KERNELS_TABLE("portable");
