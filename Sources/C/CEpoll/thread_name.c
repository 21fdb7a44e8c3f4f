#if defined(__linux__)
#include "CEpoll.h"
#include <sys/prctl.h>

void ckafka_name_thread(const char *name) { prctl(PR_SET_NAME, name, 0, 0, 0); }
#endif
