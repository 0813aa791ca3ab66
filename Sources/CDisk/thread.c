#define _GNU_SOURCE
#include "thread.h"

#include <pthread.h>
#include <sys/uio.h>

void disk_name_thread(const char *name) { (void)pthread_setname_np(pthread_self(), name); }

ssize_t disk_read_cached(int file, void *bytes, size_t count, off_t offset) {
    struct iovec piece = {bytes, count};
    return preadv2(file, &piece, 1, offset, RWF_NOWAIT);
}
