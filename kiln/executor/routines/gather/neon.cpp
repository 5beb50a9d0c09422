// Gathers for NEON.
#define KILN_CPU_LEVEL neon
#include "kiln/executor/routines/gather/generic.h"
