#ifndef GRPOLAB_NN_BF16_TABLE_H
#define GRPOLAB_NN_BF16_TABLE_H

#include "engine/nn/bf16.h"

/* The tables of bf16.c, private to it and to the files that define them. */
extern const struct bf16_kernels bf16_avx512, bf16_avx2, bf16_portable;

#endif
