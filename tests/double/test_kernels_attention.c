/* The same tests in double precision, against their tighter tolerance. */
#include "tests/unit/test_kernels_attention.c"
