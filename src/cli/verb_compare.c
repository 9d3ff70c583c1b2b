/* verb_compare.c: `compare`. */
#include "backend_cpu.h"
#include "compare.h"
#include "cost.h"
#include "grid.h"
#include "log.h"
#include "many_trainings.h"
#include "measure.h"
#include "signals.h"
#include "verbs.h"
#include <stdlib.h>

enum { ASKED_FROM = 50 }; /* trainings that need no --yes */

typedef struct comparison {
    const cam_arguments *arguments;
    cam_grid grid;
    cam_grid_entry *made;       /* [grid.count] */
    cam_config *configs, *all;  /* [grid.count] */
    char **folders;             /* [grid.count] */
    cam_compare_entry *entries; /* [grid.count] */
    cam_config base;
} comparison;

static cam_status load(comparison *c, const char *const *overrides, size_t count, cam_config *config) {
    cam_problems problems = CAM_PROBLEMS_INIT;
    cam_status st =
        cam_config_load(config, c->arguments->configs.items, c->arguments->configs.count, overrides, count, &problems);
    cam_problems_release(&problems);
    return st;
}

/* The configurations of all entries, so that a value that is no value is told before any work. */
static cam_status load_entries(comparison *c) {
    cam_status st = CAM_OK;
    size_t count = (size_t)c->grid.count;
    c->made = calloc(count, sizeof *c->made);
    c->configs = calloc(count, sizeof *c->configs);
    c->all = calloc(count, sizeof *c->all);
    c->folders = calloc(count, sizeof *c->folders);
    c->entries = calloc(count, sizeof *c->entries);
    if (!c->made || !c->configs || !c->all || !c->folders || !c->entries)
        CAM_FAIL(CAM_E_MEMORY, "no memory for %zu configurations", count);
    for (size_t i = 0; i < count; i++) {
        CAM_TRY(cam_grid_entry_make(&c->grid, (int64_t)i, &c->made[i]));
        CAM_TRY(load(c, c->made[i].overrides, c->made[i].override_count, &c->configs[i]));
        CAM_TRY(cam_measure_configure(&c->configs[i], &c->all[i], &c->folders[i]));
        c->entries[i] = (cam_compare_entry){.name = c->made[i].name,
                                            .settings = c->made[i].settings,
                                            .setting_count = c->made[i].setting_count,
                                            .config = &c->configs[i],
                                            .all = &c->all[i]};
    }
out:
    return st;
}

static void release(comparison *c) {
    for (int64_t i = 0; c->entries && i < c->grid.count; i++) {
        cam_grid_entry_release(&c->made[i]);
        cam_config_release(&c->configs[i]);
        free(c->folders[i]);
    }
    free(c->made);
    free(c->configs);
    free(c->all);
    free(c->folders);
    free(c->entries);
    cam_config_release(&c->base);
    cam_grid_release(&c->grid);
}

/* A large grid is started by who has read what it costs. The first entry stands for all. */
static cam_status ask(const comparison *c, const cam_run *run, cam_backend *backend) {
    cam_status st = CAM_OK;
    const cam_config *config = &c->base;
    cam_strbuf text = CAM_STRBUF_INIT;
    int64_t trainings = c->grid.count * config->folds * (int64_t)config->seeds.count;
    double speed = 0, share = 1;
    cam_cost cost = {.seconds = -1};
    if (trainings <= ASKED_FROM || c->arguments->yes)
        return CAM_OK;
    int threads = backend->host_memory ? cam_backend_cpu_threads(backend) : 1;
    if (cam_cost_measure(run, backend, threads, &speed, &share) == CAM_OK)
        (void)!cam_cost_of(run, backend, speed, NULL, &cost);
    cam_strbuf_printf(&text, "%lld combinations x %lld folds x %zu seed%s are %lld trainings", (long long)c->grid.count,
                      (long long)config->folds, config->seeds.count, config->seeds.count == 1 ? "" : "s",
                      (long long)trainings);
    if (cost.seconds >= 0) {
        cam_strbuf_puts(&text, ", ");
        cam_cost_put_time(&text,
                          cost.seconds * (double)trainings * (double)(config->folds - 1) / (double)config->folds);
    }
    st = cam_fail(CAM_E_USAGE, "%s; add --yes to make them, or write shorter lists", cam_strbuf_text(&text));
    cam_strbuf_release(&text);
    return st;
}

cam_status cam_verb_compare(const cam_arguments *arguments) {
    cam_status st = CAM_OK;
    comparison c = {.arguments = arguments};
    cam_cancel cancel = {.requested = cam_signals_stop_requested};
    cam_run run = {0};
    cam_many_trainings use = {.arguments = arguments, .config = &c.base};
    CAM_TRY(cam_grid_read(&c.grid, arguments));
    CAM_TRY(cam_verb_load_config_with(arguments, c.grid.plain, c.grid.plain_count, &c.base));
    CAM_TRY(load_entries(&c));
    CAM_TRY(cam_many_trainings_prepare(&use, &run, &c.all[0]));
    CAM_TRY(cam_many_trainings_open_device(&use));
    CAM_TRY(ask(&c, &run, use.backend));
    cam_run_close(&run);
    CAM_TRY(cam_compare(&(cam_compare_task){.config = &c.base,
                                            .keys = c.grid.keys,
                                            .key_count = c.grid.key_count,
                                            .entries = c.entries,
                                            .count = c.grid.count,
                                            .backend = use.backend,
                                            .group = arguments->group,
                                            .cancel = &cancel,
                                            .progress = use.progress}));
out:
    cam_run_close(&run);
    cam_many_trainings_close(&use);
    release(&c);
    return st;
}
