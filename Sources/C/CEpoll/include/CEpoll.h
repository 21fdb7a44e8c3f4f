#pragma once

// Linux's epoll and eventfd: their headers are not in Swift's Glibc module. Empty on other systems.
#if defined(__linux__)
#include <sys/epoll.h>
#include <sys/eventfd.h>
#endif
