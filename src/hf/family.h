/* family.h: the table of model families that can be trained: everything that depends on "model_type" in config.json.
 * camembert.h computes all of them; they differ in names and in the numbering of tokens.
 *
 * To add a family, add its row to family.c.
 * Source: transformers models/{camembert,xlm_roberta,roberta}, convert_slow_tokenizer.py. */
#ifndef CAM_FAMILY_H
#define CAM_FAMILY_H

#include "strbuf.h"
#include "tokenizer_class.h"
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { CAM_FAMILY_PREFIXES = 2 };

typedef struct cam_family {
    const char *model_type;       /* config.json's "model_type" */
    const char *classifier_class; /* written to config.json's "architectures" */
    const char *masked_lm_class;  /* the same, of a masked language model */
    const char *encoder_class;    /* the same, of an encoder without a head */
    /* Prefixes of the names of the encoder's tensors: the first is written; all are read, and names without a prefix
     * too. NULL = no more. */
    const char *prefixes[CAM_FAMILY_PREFIXES];
    /* The tokenizer class where tokenizer_config.json names none; written where the folder lacks that file. */
    const cam_tokenizer_class *tokenizer_class;
    int32_t position_offset; /* the position of a text's first token is pad_token_id + position_offset */
} cam_family;

/* All families; the last row has no model_type. */
extern const cam_family cam_families[];

/* The class for a tokenizer.json whose class is not in the table. */
extern const cam_tokenizer_class cam_tokenizer_class_of_file;

/* NULL where no family has this model_type. */
const cam_family *cam_family_find(const char *model_type);
/* The class of this name, with or without "Fast" at its end, if it has the ids of SentencePiece's pieces; otherwise
 * NULL. */
const cam_tokenizer_class *cam_family_tokenizer_class(const char *name);
/* The prefix, of any family, that a tensor's name begins with; "" where it begins with none. */
const char *cam_family_prefix_of(const char *tensor_name);
/* Appends the message that this model_type is not supported, and which ones are. */
void cam_family_refuse(const char *model_type, cam_strbuf *out);

#ifdef __cplusplus
}
#endif
#endif
