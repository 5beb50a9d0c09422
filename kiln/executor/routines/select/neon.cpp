// Selections and index patterns for NEON.
#define KILN_CPU_LEVEL neon
#include "kiln/executor/routines/select/generic.h"
