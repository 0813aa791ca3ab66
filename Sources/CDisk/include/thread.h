// What glibc hides behind _GNU_SOURCE and Swift therefore does not see.
#ifndef DISK_THREAD_H
#define DISK_THREAD_H

#include <stddef.h>
#include <sys/types.h>

// Names the calling thread for tools that list threads; at most 15 octets.
void disk_name_thread(const char *name);

// Reads what the kernel has in memory already. -1 with errno EAGAIN when it would have to wait for the disk.
ssize_t disk_read_cached(int file, void *bytes, size_t count, off_t offset);

#endif
