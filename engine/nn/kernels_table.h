/* The table of one instruction set, from the bodies included before it. */
#define KERNELS_TABLE(table_name)                                                                           \
    {                                                                                                       \
        .name = table_name, .gemm = gemm, .rmsnorm = rmsnorm, .rmsnorm_backward = rmsnorm_backward,         \
        .swiglu = swiglu, .swiglu_backward = swiglu_backward, .rope = rope, .softmax = softmax,             \
        .softmax_backward = softmax_backward, .attention = attention,                                       \
        .attention_backward = attention_backward, .attend = attend, .attend_pages = attend_pages,            \
        .cache_put = cache_put, .adamw = adamw,                                                             \
        .add = add, .sum_squares = sum_squares, .gather = gather, .gather_backward = gather_backward,       \
        .combine = combine, .combine_backward = combine_backward, .sigmoid = sigmoid                        \
    }

extern const struct kernels kernels_avx512, kernels_avx2, kernels_portable;
