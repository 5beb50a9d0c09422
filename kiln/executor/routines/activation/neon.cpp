// Activation functions for NEON.
#define KILN_CPU_LEVEL neon
#include "kiln/executor/routines/activation/generic.h"
