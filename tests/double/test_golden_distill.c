/* The same tests in double precision, against their tighter tolerance. */
#include "tests/unit/test_golden_distill.c"
