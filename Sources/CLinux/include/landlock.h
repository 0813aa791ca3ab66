// Landlock by number: the C library has no wrappers, and its headers are older than the kernels that we run on.
#ifndef CLINUX_LANDLOCK_H
#define CLINUX_LANDLOCK_H

#include <stdint.h>

/// The kernel's Landlock version (1 and up), or the negated errno when it has none.
int clinux_landlock_version(void);

/// Makes a rule set that handles the given rights; a mask of zero leaves that kind alone.
int clinux_landlock_create(uint64_t files, uint64_t network, uint64_t scopes, int *ruleset);

/// Opens a path as a mere place, for `clinux_landlock_allow_path`; the caller owns the descriptor.
int clinux_landlock_place(const char *path, int *descriptor);

/// Allows rights beneath an open directory, or on an open file.
int clinux_landlock_allow_path(int ruleset, int descriptor, uint64_t rights);

/// Allows TCP rights on one port.
int clinux_landlock_allow_port(int ruleset, uint16_t port, uint64_t rights);

/// Puts the calling thread, and every thread and process it starts later, behind the rules.
int clinux_landlock_restrict(int ruleset);

#endif
