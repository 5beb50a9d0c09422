// Reductions for NEON.
#define KILN_CPU_LEVEL neon
#include "kiln/executor/routines/reduce/generic.h"
