// Streams and conversions for NEON.
#define KILN_CPU_LEVEL neon
#include "kiln/executor/routines/stream/generic.h"
