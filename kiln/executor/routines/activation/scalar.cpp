// Activation functions for the scalar level.
#define KILN_CPU_LEVEL scalar
#include "kiln/executor/routines/activation/generic.h"
