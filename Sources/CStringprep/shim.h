// GNU libidn's stringprep: the profile SASLprep of RFC 4013. Not libidn2, which knows domain names only.
#include <idn-free.h>
#include <stringprep.h>
