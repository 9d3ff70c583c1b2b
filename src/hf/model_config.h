/* model_config.h: a model's config.json: reads and checks it, and writes it so that transformers loads it.
 *
 * Invariant after reading: every number is in its range, hidden_size is a multiple of 8 and of num_attention_heads, the
 * architecture is the one that camembert.h computes. Other fields of the file are kept and written back unchanged.
 *
 * Errors: CAM_E_MODEL with all problems, one line a field; CAM_E_MEMORY; CAM_E_STORAGE on writing.
 * Source: transformers models/camembert/configuration_camembert.py, configuration_utils.py. */
#ifndef CAM_MODEL_CONFIG_H
#define CAM_MODEL_CONFIG_H

#include "cam/status.h"
#include "family.h"
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { CAM_MODEL_MAX_LABELS = 65536 };

/* What a model's head is for. */
typedef enum cam_task {
    CAM_TASK_CLASSIFY,  /* one label of a text */
    CAM_TASK_MASKED_LM, /* the pieces at masked places of a text; the head shares the word embeddings */
    CAM_TASK_ENCODER    /* the hidden states of a teacher at all tokens; there is no head */
} cam_task;

typedef struct cam_model_config {
    const cam_family *family; /* of its model_type; not NULL */
    cam_task task;            /* of the head that is loaded, trained and written; reading sets CAM_TASK_CLASSIFY */
    int32_t vocab_size;
    int32_t hidden_size;
    int32_t num_hidden_layers;
    int32_t num_attention_heads;
    int32_t intermediate_size;
    int32_t max_position_embeddings; /* the rows before the first position are not used */
    int32_t type_vocab_size;         /* at least 1; every token is of type 0 */
    double layer_norm_eps;
    double hidden_dropout_prob;
    double attention_probs_dropout_prob;
    double classifier_dropout; /* negative = null: hidden_dropout_prob */
    double initializer_range;
    int32_t pad_token_id, bos_token_id, eos_token_id;
    int32_t num_labels;
    char **id2label;        /* [num_labels] */
    int has_labels;         /* the file names the labels of a single-label classifier; 0: no names, or another task's */
    char *problem_type;     /* NULL or "single_label_classification" */
    const char *other_task; /* what the folder's head does, if it is not single-label classification: "a regression
                             * model"; its encoder can be trained, its head cannot be used. NULL = a classifier or no
                             * head */

    int untied; /* the file says that a masked language model's decoder is another matrix than the word embeddings; such a
                 * head cannot be loaded */

    /* Of a classifier of this program: from `score_threshold` on the labels of held-out texts were right as often as
     * `target_accuracy` asks (run/run_scores_internal.h). Other programs keep these fields and do not use them. */
    int has_threshold; /* 0: the file names none; both are 0 */
    double score_threshold, target_accuracy;

    struct json_t *source; /* the file as it was read */
} cam_model_config;

/* After a failure `config` is zeroed. */
CAM_MUST_CHECK cam_status cam_model_config_read(const char *path, cam_model_config *config);
/* The same from memory; `name` is the file's name in messages. */
CAM_MUST_CHECK cam_status cam_model_config_parse(const char *text, size_t length, const char *name,
                                                 cam_model_config *config);
void cam_model_config_release(cam_model_config *config);

/* The dropout before and inside the head: classifier_dropout, or hidden_dropout_prob where that is null. */
double cam_model_config_head_dropout(const cam_model_config *config);
/* The position of a sequence's first token. */
int32_t cam_model_config_first_position(const cam_model_config *config);
/* The number of tokens of the longest sequence, <s> and </s> included. */
int32_t cam_model_config_max_tokens(const cam_model_config *config);
/* Copies the labels; 2 <= count <= CAM_MODEL_MAX_LABELS. */
CAM_MUST_CHECK cam_status cam_model_config_set_labels(cam_model_config *config, const char *const *labels,
                                                      int32_t count);

/* Writes config.json of a sequence classifier, or of a masked language model (config->task), which has no labels: the
 * fields of the source, replaced by those of the struct. 2-space indent, keys sorted, numbers as Python prints them. */
CAM_MUST_CHECK cam_status cam_model_config_write(const cam_model_config *config, const char *path);

#ifdef __cplusplus
}
#endif
#endif
