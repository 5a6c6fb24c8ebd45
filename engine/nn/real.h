#ifndef GRPOLAB_NN_REAL_H
#define GRPOLAB_NN_REAL_H

/* The engine's number: float in the program, double in the build that checks
 * gradients against finite differences (-DGRPOLAB_DOUBLE). */
#ifdef GRPOLAB_DOUBLE
typedef double real;
#else
typedef float real;
#endif

#endif
