/* model_origin.h: where a model comes from, and its licence, as far as its folder says, for the card of a model that is
 * trained from it. */
#ifndef CAM_MODEL_ORIGIN_H
#define CAM_MODEL_ORIGIN_H

#include "model_config.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct cam_model_origin {
    char *id;      /* on the Hub, "almanach/camembert-base"; NULL where it is not known */
    char *license; /* the licence's identifier on the Hub, "mit"; NULL where the folder names none */
} cam_model_origin;

/* The id is that of the folder in the Hub's cache, else `_name_or_path` of config.json where that can be an id. The
 * licence is `license` in the metadata at the head of README.md, else of config.json. */
void cam_model_origin_find(cam_model_origin *origin, const char *folder, const cam_model_config *config);
void cam_model_origin_release(cam_model_origin *origin);

#ifdef __cplusplus
}
#endif
#endif
