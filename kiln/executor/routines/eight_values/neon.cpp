// The largest eight and the search for eight values for NEON.
#define KILN_CPU_LEVEL neon
#include "kiln/executor/routines/eight_values/generic.h"
