// Selections and index patterns for the scalar level.
#define KILN_CPU_LEVEL scalar
#include "kiln/executor/routines/select/generic.h"
