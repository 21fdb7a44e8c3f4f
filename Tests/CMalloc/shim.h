// The heap usage of the process, for tests.
#ifndef ASYNC_KAFKA_MALLOC_H
#define ASYNC_KAFKA_MALLOC_H

#if defined(__APPLE__)
#include <malloc/malloc.h>
#elif defined(__GLIBC__) || defined(__linux__)
#include <features.h>
#include <malloc.h>
#endif

// Returns the number of bytes in use, or -1 where the system does not report it.
static inline long kafka_heap_bytes(void) {
#if defined(__APPLE__)
    return (long)mstats().bytes_used;
#elif defined(__GLIBC__) && __GLIBC_PREREQ(2, 33)
    struct mallinfo2 info = mallinfo2();
    return (long)(info.uordblks + info.hblkhd);
#else
    return -1;
#endif
}

#endif
