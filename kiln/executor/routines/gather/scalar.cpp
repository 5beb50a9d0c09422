// Gathers for the scalar level.
#define KILN_CPU_LEVEL scalar
#include "kiln/executor/routines/gather/generic.h"
