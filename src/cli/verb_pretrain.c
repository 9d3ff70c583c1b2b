/* verb_pretrain.c: `pretrain` is `train` with another task, which cam_verb_load_config sets. */
#include "verbs.h"

cam_status cam_verb_pretrain(const cam_arguments *arguments) {
    return cam_verb_train(arguments);
}
