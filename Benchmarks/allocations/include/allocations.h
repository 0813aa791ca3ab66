// Counts the allocations of a whole process, for benchmarks.
#ifndef ALLOCATIONS_H
#define ALLOCATIONS_H

#include <stdint.h>

/// Allocations since the start of the process, by all threads.
uint64_t allocations_count(void);

#endif
