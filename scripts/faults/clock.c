/* A clock that goes backwards, for programs that LD_PRELOAD this.

   The wall clock (CLOCK_REALTIME and what is made of it) begins true, and CLOCK_STEP_S seconds after
   the start of the process it is set back by CLOCK_BACK_S seconds, again and again.
   Built by engine.py: cc -shared -fPIC -o clock.so clock.c -ldl */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>

typedef int (*clock_function)(clockid_t, struct timespec *);

static clock_function real_clock(void) {
    static clock_function found;
    if (!found) found = (clock_function)dlsym(RTLD_NEXT, "clock_gettime");
    return found;
}

static long setting(const char *name, long usual) {
    const char *value = getenv(name);
    return value ? atol(value) : usual;
}

static long back(void) {
    static time_t start;
    struct timespec now;
    real_clock()(CLOCK_MONOTONIC, &now);
    if (!start) start = now.tv_sec;
    return (now.tv_sec - start) / setting("CLOCK_STEP_S", 1) * setting("CLOCK_BACK_S", 3600);
}

int clock_gettime(clockid_t id, struct timespec *out) {
    int code = real_clock()(id, out);
    if (!code && (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE)) out->tv_sec -= back();
    return code;
}

int gettimeofday(struct timeval *out, void *zone) {
    struct timespec now;
    (void)zone;
    if (clock_gettime(CLOCK_REALTIME, &now)) return -1;
    out->tv_sec = now.tv_sec;
    out->tv_usec = now.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *out) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (out) *out = now.tv_sec;
    return now.tv_sec;
}
