// libcrypt: hashes of passwords in every form that the system's library knows.
#include <crypt.h>
