/* process_limits.c: see process_limits.h. Control groups are version 2. A group's limit holds for all groups below it,
 * so the lowest limit on the path to the root counts. */
#include "process_limits.h"
#include <malloc.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/* Reads up to two numbers from a small file and returns how many it read ("max" is not a number). */
static int read_numbers(const char *path, double *first, double *second) {
    FILE *file = fopen(path, "re");
    if (!file)
        return 0;
    int fields = fscanf(file, "%lf %lf", first, second);
    fclose(file);
    return fields > 0 ? fields : 0;
}

/* The processors that a group may use, from a line such as "200000 100000" or "max 100000". 0: no limit. */
static double quota_of(const char *group) {
    char path[1200];
    double quota = 0.0, period = 0.0;
    snprintf(path, sizeof path, "/sys/fs/cgroup%s/cpu.max", group);
    return read_numbers(path, &quota, &period) == 2 && quota > 0.0 && period > 0.0 ? quota / period : 0.0;
}

/* Bytes that a group may still allocate. 0: no limit. */
static double memory_left_of(const char *group) {
    char path[1200];
    double most = 0.0, used = 0.0, unused;
    snprintf(path, sizeof path, "/sys/fs/cgroup%s/memory.max", group);
    if (read_numbers(path, &most, &unused) < 1)
        return 0.0;
    snprintf(path, sizeof path, "/sys/fs/cgroup%s/memory.current", group);
    if (read_numbers(path, &used, &unused) < 1)
        return 0.0;
    return most > used ? most - used : 1.0;
}

/* The lowest limit of the process's own group and of all groups above it; 0: no limit. */
static double lowest_limit(double (*limit_of)(const char *group)) {
    char line[1024];
    double lowest = limit_of("");
    FILE *file = fopen("/proc/self/cgroup", "re");
    if (!file)
        return lowest;
    while (fgets(line, sizeof line, file)) {
        if (strncmp(line, "0::/", 4) != 0)
            continue;
        line[strcspn(line, "\n")] = '\0';
        for (char *group = line + 3, *slash; (slash = strrchr(group, '/')) && slash[1]; *slash = '\0') {
            double limit = limit_of(group);
            if (limit > 0.0 && (lowest == 0.0 || limit < lowest))
                lowest = limit;
        }
    }
    fclose(file);
    return lowest;
}

int cam_usable_threads(void) {
    cpu_set_t set;
    int threads = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
    double quota = lowest_limit(quota_of);
    if (quota > 0.0 && quota < (double)threads)
        threads = quota < 1.0 ? 1 : (int)quota;
    return threads;
}

/* Bytes of addresses that the process may still map, by `ulimit -v`, but for those that threads and files take later: two
 * stacks of 8 MB, and buffers. 0: no limit. */
static double addresses_left(void) {
    enum { LATER_BYTES = 32 << 20 };
    struct rlimit limit;
    double pages = 0.0, resident;
    if (getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY ||
        read_numbers("/proc/self/statm", &pages, &resident) < 1)
        return 0.0;
    double mapped = pages * (double)sysconf(_SC_PAGESIZE) + LATER_BYTES, most = (double)limit.rlim_cur;
    return most > mapped ? most - mapped : 1.0;
}

size_t cam_usable_memory(void) {
    char line[256];
    unsigned long long kib = 0;
    double left = lowest_limit(memory_left_of), addresses = addresses_left();
    if (addresses > 0.0 && (left == 0.0 || addresses < left))
        left = addresses;
    FILE *file = fopen("/proc/meminfo", "re");
    size_t available = SIZE_MAX;
    while (file && fgets(line, sizeof line, file))
        if (sscanf(line, "MemAvailable: %llu kB", &kib) == 1)
            available = (size_t)kib << 10;
    if (file)
        fclose(file);
    return left > 0.0 && left < (double)available ? (size_t)left : available;
}

void cam_spare_addresses(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY)
        mallopt(M_ARENA_MAX, 1);
}
