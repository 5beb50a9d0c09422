// The largest eight and the search for eight values for the scalar level.
#define KILN_CPU_LEVEL scalar
#include "kiln/executor/routines/eight_values/generic.h"
