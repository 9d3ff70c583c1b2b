/* advice.c: see advice.h. */
#include "advice.h"

static void advise_few_rows(const cam_run *run, const char *command, cam_strbuf *out) {
    long long rows = (long long)run->corpus.part_count[CAM_PART_TRAIN];
    int frozen = run->config->freeze.kind == CAM_CONFIG_FREEZE_ENCODER;
    if (rows >= CAM_ADVICE_FEW_ROWS)
        return;
    if (frozen)
        cam_strbuf_printf(out,
                          "%lld training rows: a frozen encoder is a safe start; compare with full fine-tuning, which "
                          "may or may not over-fit:\n",
                          rows);
    else
        cam_strbuf_printf(out,
                          "%lld training rows are few for full fine-tuning, which may over-fit; compare with a frozen "
                          "encoder, of which only the head is trained:\n",
                          rows);
    cam_strbuf_printf(out, "  %s output_dir=%s-full freeze=none\n", command, run->config->output_dir);
    cam_strbuf_printf(out, "  %s output_dir=%s-frozen freeze=encoder learning_rate=1e-3\n", command,
                      run->config->output_dir);
}

static void advise_plenty_rows(const cam_run *run, const char *command, cam_strbuf *out) {
    long long rows = (long long)run->corpus.part_count[CAM_PART_TRAIN];
    if (rows < CAM_ADVICE_PLENTY_ROWS || run->config->freeze.kind != CAM_CONFIG_FREEZE_ENCODER)
        return;
    cam_strbuf_printf(out,
                      "%lld training rows are enough for full fine-tuning: a frozen encoder cannot learn your "
                      "vocabulary and wording, and usually scores lower; compare:\n",
                      rows);
    cam_strbuf_printf(out, "  %s output_dir=%s-full freeze=none learning_rate=2e-5\n", command,
                      run->config->output_dir);
}

static void advise_cut_texts(const cam_run *run, cam_strbuf *out) {
    const cam_token_rows *tokens = &run->corpus.tokens;
    int32_t most = cam_model_config_max_tokens(&run->model);
    if (tokens->truncated * CAM_ADVICE_ONE_CUT_IN < tokens->rows || tokens->truncated == 0)
        return;
    if (run->max_length < most)
        cam_strbuf_printf(out,
                          "%lld texts are cut to %d tokens; the model reads up to %d: max_seq_length=%d keeps more, "
                          "and costs memory and time only for long texts\n",
                          (long long)tokens->truncated, run->max_length, most, most);
    else
        cam_strbuf_printf(out,
                          "%lld texts are longer than the %d tokens that the model reads: their ends are not seen\n",
                          (long long)tokens->truncated, most);
}

static void advise_random_weights(const cam_run *run, cam_strbuf *out) {
    if (!run->weights && run->config->freeze.kind != CAM_CONFIG_FREEZE_NONE)
        cam_strbuf_puts(out, "init: random with freeze: the frozen part stays random and teaches the head nothing; use "
                             "init: pretrained, or freeze: none\n");
    if (run->weights && run->config->learning_rate > 2e-4 && run->config->freeze.kind != CAM_CONFIG_FREEZE_ENCODER)
        cam_strbuf_puts(
            out,
            "learning_rate is high for a pretrained encoder, which may forget what it knows; 1e-5 to 5e-5 is usual\n");
}

void cam_advice_put(const cam_run *run, const char *command, cam_strbuf *out) {
    advise_few_rows(run, command, out);
    advise_plenty_rows(run, command, out);
    advise_cut_texts(run, out);
    advise_random_weights(run, out);
}

void cam_label_table_put(const cam_run *run, cam_strbuf *out) {
    const cam_corpus *corpus = &run->corpus;
    long long rows = (long long)corpus->part_count[CAM_PART_TRAIN];
    cam_strbuf_puts(out, "training rows by label\n");
    for (size_t k = 0; k < corpus->labels.count; k++)
        cam_strbuf_printf(out, "  %7lld  %5.1f %%  %s\n", (long long)corpus->label_count[k],
                          100.0 * (double)corpus->label_count[k] / (double)rows, corpus->labels.names[k]);
}
