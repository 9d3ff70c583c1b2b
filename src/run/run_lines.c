/* run_lines.c: see run_lines_internal.h. */
#include "run_lines_internal.h"

enum { MOST_STEP_LINES = 50, MOST_EVALUATION_LINES = 25 };

int64_t cam_run_line_steps(const cam_config *config, int64_t steps) {
    int64_t usual = config->logging_steps;
    if (cam_config_is_written(config, CAM_KEY_logging_steps))
        return usual;
    return usual * (1 + (steps - 1) / (usual * MOST_STEP_LINES));
}

int cam_run_shows_evaluation(const cam_config *config, const cam_plan *plan, int64_t number, int is_last) {
    int64_t steps = config->eval_strategy == CAM_CONFIG_EVAL_STEPS ? config->eval_steps : plan->updates_per_epoch;
    int64_t evaluations = (plan->updates + steps - 1) / steps;
    return is_last || number % (1 + (evaluations - 1) / MOST_EVALUATION_LINES) == 0;
}
