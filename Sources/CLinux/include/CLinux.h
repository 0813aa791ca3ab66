// Linux system calls that Swift cannot reach by itself. One header per family; no decisions are made here.
// Every function returns 0 or errno unless its header says otherwise.
#ifndef CLINUX_H
#define CLINUX_H

#include "attempt.h"
#include "landlock.h"
#include "notify.h"
#include "peercred.h"
#include "process.h"
#include "signals.h"

#endif
