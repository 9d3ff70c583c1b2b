/* run_evaluate.c: evaluations and the best model; see training_internal.h. */
#include "log.h"
#include "phases.h"
#include "run_lines_internal.h"
#include "training_internal.h"
#include <stdlib.h>

static cam_status put_tokenizer(const cam_training *t) {
    const cam_run *run = t->run;
    return cam_tokenizer_save(run->tokenizer, cam_model_config_max_tokens(&run->model), t->folder.path);
}

cam_status cam_training_complete_model(const cam_training *t) {
    cam_status st = CAM_OK;
    CAM_TRY(put_tokenizer(t));
    CAM_TRY(cam_run_folder_put_config(&t->folder, &t->run->model));
out:
    return st;
}

cam_status cam_training_save(cam_training *t) {
    cam_status st = CAM_OK;
    cam_phase before = cam_phase_enter(CAM_PHASE_SAVING);
    cam_group *group = t->run->group;
    int is_first = t->saved_step < 0 && t->writes_output;
    char *path = t->writes_output ? cam_run_folder_path(&t->folder, "model.safetensors") : NULL;
    CAM_TRY(cam_group_agree_status(group, "saving the tokenizer", is_first ? put_tokenizer(t) : CAM_OK));
    CAM_TRY(cam_trainer_save(&t->trainer, path));
    if (is_first)
        st = cam_run_folder_put_config(&t->folder, &t->run->model);
    CAM_TRY(cam_group_agree_status(group, "saving the model's configuration", st));
    t->saved_step = t->trainer.steps_submitted;
out:
    cam_phase_enter(before);
    free(path);
    return st;
}

cam_status cam_training_evaluate(cam_training *t) {
    cam_status st = CAM_OK;
    cam_evaluated evaluated = {0};
    cam_verdict verdict = {0};
    CAM_TRY(t->task->evaluate(t, &evaluated));
    t->scored_step = t->trainer.steps_submitted;
    verdict = cam_best_take(&t->best, t->trainer.steps_submitted, evaluated.value);
    if (cam_run_shows_evaluation(cam_training_config(t), &t->trainer.plan, t->best.evaluations,
                                 cam_trainer_is_done(&t->trainer)))
        cam_log("epoch %-5.4g step %lld  validation %s%s", cam_plan_epoch(&t->trainer.plan, t->trainer.steps_submitted),
                (long long)t->trainer.steps_submitted, cam_strbuf_text(&evaluated.figures),
                verdict.is_best ? "  best" : "");
    if (verdict.is_best && cam_training_config(t)->load_best_model_at_end) {
        CAM_TRY(cam_training_save(t));
        CAM_TRY(t->task->keep(t));
    }
    if (verdict.stop) {
        t->stopped_early = 1;
        cam_log("no better %s in %lld evaluation%s: stopping", cam_words_metric[t->best.metric],
                (long long)t->best.waited, t->best.waited == 1 ? "" : "s");
    }
out:
    cam_strbuf_release(&evaluated.figures);
    return st;
}

int cam_training_evaluation_is_due(const cam_training *t) {
    const cam_config *config = cam_training_config(t);
    int64_t step = t->trainer.steps_submitted, epoch = t->trainer.plan.updates_per_epoch;
    if (t->run->corpus.part_count[CAM_PART_VALIDATION] == 0 || config->eval_strategy == CAM_CONFIG_EVAL_NO)
        return 0;
    if (config->eval_strategy == CAM_CONFIG_EVAL_STEPS)
        return step % config->eval_steps == 0;
    return step % epoch == 0 || cam_trainer_is_done(&t->trainer);
}
