#pragma once

// What Linux has and Swift's Glibc module lacks: epoll, eventfd, names of threads. Empty on other systems.
#if defined(__linux__)
#include <sys/epoll.h>
#include <sys/eventfd.h>

/// Names the calling thread, for debuggers. At most 15 characters count.
void ckafka_name_thread(const char *name);
#endif
