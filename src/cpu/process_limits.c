/* process_limits.c: see process_limits.h. Control groups are version 2; a group's limit binds all below it, so the
 * least of the chain counts. */
#include "process_limits.h"
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* Up to two numbers out of a small file; how many there were ("max" is none). */
static int read_numbers(const char *path, double *first, double *second) {
    FILE *file = fopen(path, "re");
    if (!file)
        return 0;
    int fields = fscanf(file, "%lf %lf", first, second);
    fclose(file);
    return fields > 0 ? fields : 0;
}

/* Processors' worth of time that a group grants: "max 100000" or "200000 100000". 0: no limit. */
static double quota_of(const char *group) {
    char path[1200];
    double quota = 0.0, period = 0.0;
    snprintf(path, sizeof path, "/sys/fs/cgroup%s/cpu.max", group);
    return read_numbers(path, &quota, &period) == 2 && quota > 0.0 && period > 0.0 ? quota / period : 0.0;
}

/* Bytes left in a group. 0: no limit. */
static double room_of(const char *group) {
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

/* The least limit of the process's own group and of all above it; 0 = none. */
static double least_of_groups(double (*limit_of)(const char *group)) {
    char line[1024];
    double least = limit_of("");
    FILE *file = fopen("/proc/self/cgroup", "re");
    if (!file)
        return least;
    while (fgets(line, sizeof line, file)) {
        if (strncmp(line, "0::/", 4) != 0)
            continue;
        line[strcspn(line, "\n")] = '\0';
        for (char *group = line + 3, *slash; (slash = strrchr(group, '/')) && slash[1]; *slash = '\0') {
            double limit = limit_of(group);
            if (limit > 0.0 && (least == 0.0 || limit < least))
                least = limit;
        }
    }
    fclose(file);
    return least;
}

int cam_usable_threads(void) {
    cpu_set_t set;
    int threads = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
    double quota = least_of_groups(quota_of);
    if (quota > 0.0 && quota < (double)threads)
        threads = quota < 1.0 ? 1 : (int)quota;
    return threads;
}

size_t cam_usable_memory(void) {
    char line[256];
    unsigned long long kib = 0;
    double room = least_of_groups(room_of);
    FILE *file = fopen("/proc/meminfo", "re");
    size_t available = SIZE_MAX;
    while (file && fgets(line, sizeof line, file))
        if (sscanf(line, "MemAvailable: %llu kB", &kib) == 1)
            available = (size_t)kib << 10;
    if (file)
        fclose(file);
    return room > 0.0 && room < (double)available ? (size_t)room : available;
}
